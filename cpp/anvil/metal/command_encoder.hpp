// MTLCommandEncoder: what compute and blit encoders share.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include <Metal/MTLCommandEncoder.hpp>

#include "anvil/metal/command_buffer.hpp"

namespace anvil::metal {

struct Buffer;
struct CounterSampleBuffer;
struct Fence;

struct CommandEncoder : objc::Object {
  using Super = RootObject;

  CommandEncoder(objc::Ref<CommandBuffer> buffer, const char* class_name)
      : buffer(std::move(buffer)), class_name(class_name) {}
  ~CommandEncoder();

  void end_encoding();
  void push_debug_group(String* name);
  void pop_debug_group();
  void insert_debug_signpost(String*) {}
  void barrier_after_queue_stages(MTL::Stages, MTL::Stages) {}
  void update_fence(Fence* fence);
  void wait_for_fence(Fence* fence);
  Device* device() const { return buffer->device(); }
  /// Has endEncoding sample the counters.
  void sample_at_end(objc::Ref<CounterSampleBuffer> samples, NS::UInteger index);

  const objc::Ref<CommandBuffer> buffer;
  const char* const class_name;
  objc::Ref<String> label;

 protected:
  /// Whether to record. False when the command buffer has failed; a call after endEncoding makes it
  /// fail, or throws InvalidUse if it is committed.
  bool open(const char* method);
  /// Makes the command buffer fail; `what` follows the method's name.
  void fail(const char* method, const std::string& what,
            MTL::CommandBufferError code = MTL::CommandBufferErrorInvalidResource);
  /// Fails and answers false unless `buffer` is there and has the range.
  bool check_range(const char* method, const char* role, const Buffer* buffer, size_t offset,
                   size_t size);

 private:
  bool ended_ = false;
  std::vector<objc::Ref<String>> debug_groups_;
  std::vector<std::pair<objc::Ref<CounterSampleBuffer>, NS::UInteger>> samples_at_end_;
};

}  // namespace anvil::metal
