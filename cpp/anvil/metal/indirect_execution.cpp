// How encoders execute, reset and copy the commands of an indirect command buffer.
#include <memory>
#include <new>
#include <span>
#include <type_traits>

#include "anvil/metal/blit_encoder.hpp"
#include "anvil/metal/compute_encoder.hpp"
#include "anvil/metal/device.hpp"
#include "anvil/metal/indirect_command_buffer.hpp"

namespace anvil::metal {

/// Commands that are encoded when their turn comes, into a command buffer of their own that is
/// never committed. The one that executes them keeps it until it is completed.
struct IndirectExecution : objc::Object {
  using Super = RootObject;

  backend::CommandList read() {
    NS::Range executed = range;
    if (range_address) {
      std::array<uint32_t, 2> words;
      encoder->device()->backend.read(range_address, std::as_writable_bytes(std::span(words)));
      executed = NS::Range(words[0], words[1]);
    }
    commands->encode(executed, *encoder);
    encoder->end_encoding();
    return {encoder->buffer->commands()};
  }

  objc::Ref<IndirectCommandBuffer> commands;
  NS::Range range{0, 0};
  backend::Address range_address = 0;  ///< not 0: two words there are the range
  objc::Ref<ComputeCommandEncoder> encoder;
};

namespace {

ANVIL_OBJC_CLASS_DEFINITION<IndirectExecution> indirect_execution_definition{
    "AnvilIndirectExecution", {}};

struct BlitOfCommands {
  IndirectCommandBuffer* from;
  NS::Range range;
  IndirectCommandBuffer* to;  ///< null: those of the range are reset
  size_t index;
};

backend::CallCommand call_of(CommandArena& arena, const BlitOfCommands& blit) {
  static_assert(std::is_trivially_destructible_v<BlitOfCommands>);
  return {[](void* argument) {
            const auto& its = *static_cast<const BlitOfCommands*>(argument);
            its.to ? its.from->copy(its.range, *its.to, its.index) : its.from->reset(its.range);
          },
          new (arena.allocate(sizeof(BlitOfCommands))) BlitOfCommands(blit)};
}

}  // namespace

objc::Ref<IndirectExecution> ComputeCommandEncoder::execution_of(IndirectCommandBuffer* commands) {
  auto its_buffer = objc::make<CommandBuffer>(buffer->queue, CommandBufferDescriptor());
  auto execution = objc::make<IndirectExecution>();
  execution->commands = objc::Ref<IndirectCommandBuffer>(commands);
  execution->encoder =
      objc::make<ComputeCommandEncoder>(std::move(its_buffer), MTL::DispatchTypeConcurrent);
  execution->encoder->label = label;
  execution->encoder->pipeline_ = pipeline_;
  execution->encoder->slots_ = slots_;
  execution->encoder->threadgroup_memory_ = threadgroup_memory_;
  if (textures_) execution->encoder->textures_ = std::make_unique<TextureBindings>(*textures_);
  return execution;
}

void ComputeCommandEncoder::execute(const objc::Ref<IndirectExecution>& execution) {
  buffer->commands().push_back(backend::IndirectCommand{
      [](void* argument) { return static_cast<IndirectExecution*>(argument)->read(); },
      execution.get()});
  // Whatever references the buffer retains: nobody else has it.
  buffer->keep(execution.get());
  next_waits_ = true;
}

void ComputeCommandEncoder::execute_commands(IndirectCommandBuffer* commands, NS::Range range) {
  constexpr const char* method = "executeCommandsInBuffer:withRange:";
  if (!open(method)) return;
  if (!commands) return fail(method, "nil indirect command buffer");
  if (!commands->has(range))
    return fail(method, "range [" + std::to_string(range.location) + ", +" +
                            std::to_string(range.length) + ") is beyond the " +
                            std::to_string(commands->size()) + " commands of the buffer");
  auto execution = execution_of(commands);
  execution->range = range;
  execute(execution);
}

void ComputeCommandEncoder::execute_commands_indirect(IndirectCommandBuffer* commands,
                                                      Buffer* range, NS::UInteger offset) {
  constexpr const char* method = "executeCommandsInBuffer:indirectBuffer:indirectBufferOffset:";
  if (!open(method)) return;
  if (!commands) return fail(method, "nil indirect command buffer");
  if (!check_range(method, "indirect buffer", range, offset,
                   sizeof(MTL::IndirectCommandBufferExecutionRange)))
    return;
  if (offset % 4 != 0)
    return fail(method,
                "indirectBufferOffset " + std::to_string(offset) + " is not a multiple of 4");
  buffer->hold(range);
  auto execution = execution_of(commands);
  execution->range_address = range->address + offset;
  execute(execution);
}

void BlitCommandEncoder::reset_commands(IndirectCommandBuffer* commands, NS::Range range) {
  constexpr const char* method = "resetCommandsInBuffer:withRange:";
  if (!check_commands(method, commands, range)) return;
  buffer->commands().push_back(call_of(buffer->arena(), {commands, range, nullptr, 0}));
}

void BlitCommandEncoder::copy_commands(IndirectCommandBuffer* from, NS::Range range,
                                       IndirectCommandBuffer* to, NS::UInteger index) {
  constexpr const char* method =
      "copyIndirectCommandBuffer:sourceRange:destination:destinationIndex:";
  if (!check_commands(method, from, range) ||
      !check_commands(method, to, NS::Range(index, range.length)))
    return;
  buffer->commands().push_back(call_of(buffer->arena(), {from, range, to, index}));
}

void BlitCommandEncoder::optimize_commands(IndirectCommandBuffer* commands, NS::Range range) {
  check_commands("optimizeIndirectCommandBuffer:withRange:", commands, range);
}

bool BlitCommandEncoder::check_commands(const char* method, IndirectCommandBuffer* commands,
                                        NS::Range range) {
  if (!open(method)) return false;
  if (!commands) {
    fail(method, "nil indirect command buffer");
    return false;
  }
  if (!commands->has(range)) {
    fail(method, "range [" + std::to_string(range.location) + ", +" + std::to_string(range.length) +
                     ") is beyond the " + std::to_string(commands->size()) +
                     " commands of the buffer");
    return false;
  }
  buffer->keep(commands);
  return true;
}

namespace {

ANVIL_OBJC_CATEGORY<ComputeCommandEncoder> compute_methods{{
    objc::method<&ComputeCommandEncoder::execute_commands>("executeCommandsInBuffer:withRange:"),
    objc::method<&ComputeCommandEncoder::execute_commands_indirect>(
        "executeCommandsInBuffer:indirectBuffer:indirectBufferOffset:"),
}};

ANVIL_OBJC_CATEGORY<BlitCommandEncoder> blit_methods{{
    objc::method<&BlitCommandEncoder::reset_commands>("resetCommandsInBuffer:withRange:"),
    objc::method<&BlitCommandEncoder::copy_commands>(
        "copyIndirectCommandBuffer:sourceRange:destination:destinationIndex:"),
    objc::method<&BlitCommandEncoder::optimize_commands>(
        "optimizeIndirectCommandBuffer:withRange:"),
}};

}  // namespace
}  // namespace anvil::metal
