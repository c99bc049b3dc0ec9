// MTLBlitCommandEncoder: copies and fills of buffers.
#pragma once

#include "anvil/metal/command_encoder.hpp"

namespace anvil::metal {

struct IndirectCommandBuffer;

struct BlitCommandEncoder : CommandEncoder {
  using Super = CommandEncoder;

  explicit BlitCommandEncoder(objc::Ref<CommandBuffer> buffer)
      : CommandEncoder(std::move(buffer), "MTLBlitCommandEncoder") {}

  void copy(Buffer* from, NS::UInteger from_offset, Buffer* to, NS::UInteger to_offset,
            NS::UInteger size);
  void fill(Buffer* target, NS::Range range, uint8_t value);
  /// Memory of managed buffers is one and the same for host and device.
  void synchronize(Resource* resource);

  // counter_sample_buffer.cpp
  void sample_counters(CounterSampleBuffer* samples, NS::UInteger index, bool barrier);
  void resolve_counters(CounterSampleBuffer* samples, NS::Range range, Buffer* to,
                        NS::UInteger offset);

  // indirect_execution.cpp
  void reset_commands(IndirectCommandBuffer* commands, NS::Range range);
  void copy_commands(IndirectCommandBuffer* from, NS::Range range, IndirectCommandBuffer* to,
                     NS::UInteger index);
  /// There is nothing to do for it.
  void optimize_commands(IndirectCommandBuffer* commands, NS::Range range);

 private:
  bool check_commands(const char* method, IndirectCommandBuffer* commands, NS::Range range);
};

}  // namespace anvil::metal
