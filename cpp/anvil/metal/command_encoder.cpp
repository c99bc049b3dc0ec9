#include "anvil/metal/command_encoder.hpp"

#include "anvil/metal/buffer.hpp"
#include "anvil/metal/counter_sample_buffer.hpp"
#include "anvil/metal/fence.hpp"
#include "anvil/metal/validation.hpp"
#include "anvil/objc/errors.hpp"

namespace anvil::metal {

CommandEncoder::~CommandEncoder() {
  if (ended_ || buffer->committed()) return;
  buffer->encoder_ended(this);
  fail("endEncoding", "the encoder was released before it was called",
       MTL::CommandBufferErrorNotPermitted);
}

void CommandEncoder::fail(const char* method, const std::string& what,
                          MTL::CommandBufferError code) {
  std::string text = std::string("encoder") + quoted(label);
  if (!debug_groups_.empty()) text += ", group" + quoted(debug_groups_.back());
  buffer->fail(code, text + ": -[" + class_name + " " + method + "]: " + what);
}

bool CommandEncoder::open(const char* method) {
  if (ended_) {
    if (buffer->committed())
      throw InvalidUse(std::string("-[") + class_name + " " + method +
                       "]: encoding after the command buffer was committed");
    fail(method, "encoding after endEncoding", MTL::CommandBufferErrorNotPermitted);
  }
  return buffer->recording();
}

bool CommandEncoder::check_range(const char* method, const char* role, const Buffer* target,
                                 size_t offset, size_t size) {
  if (!target) {
    fail(method, std::string(role) + " is nil");
    return false;
  }
  if (offset <= target->length && size <= target->length - offset) return true;
  fail(method, std::string(role) + quoted(target->label) + ": range [" + std::to_string(offset) +
                   ", +" + std::to_string(size) + ") is beyond its length " +
                   std::to_string(target->length));
  return false;
}

void CommandEncoder::end_encoding() {
  open("endEncoding");
  if (const auto refusal = validation::of_open_debug_groups(debug_groups_.size()))
    fail("endEncoding", *refusal, MTL::CommandBufferErrorNotPermitted);
  for (const auto& [samples, index] : samples_at_end_)
    encode_sample(*buffer, "endOfEncoderSampleIndex", samples.get(), index);
  ended_ = true;
  buffer->encoder_ended(this);
}

void CommandEncoder::sample_at_end(objc::Ref<CounterSampleBuffer> samples, NS::UInteger index) {
  samples_at_end_.emplace_back(std::move(samples), index);
}

void CommandEncoder::push_debug_group(String* name) {
  open("pushDebugGroup:");
  debug_groups_.emplace_back(name);
}

void CommandEncoder::pop_debug_group() {
  open("popDebugGroup");
  if (const auto refusal = validation::of_debug_group_end(debug_groups_.size()))
    fail("popDebugGroup", *refusal, MTL::CommandBufferErrorNotPermitted);
  if (!debug_groups_.empty()) debug_groups_.pop_back();
}

// Encoders of a queue run in order: a fence is checked and otherwise already kept.
void CommandEncoder::update_fence(Fence* fence) {
  if (open("updateFence:") && !fence) fail("updateFence:", "nil fence");
}

void CommandEncoder::wait_for_fence(Fence* fence) {
  if (open("waitForFence:") && !fence) fail("waitForFence:", "nil fence");
}

namespace {

ANVIL_OBJC_CLASS_DEFINITION<CommandEncoder> command_encoder_definition{
    "MTLCommandEncoder",
    {
        objc::method<&CommandEncoder::device>("device"),
        objc::property<&CommandEncoder::label>("label", "setLabel:"),
        objc::method<&CommandEncoder::end_encoding>("endEncoding"),
        objc::method<&CommandEncoder::push_debug_group>("pushDebugGroup:"),
        objc::method<&CommandEncoder::pop_debug_group>("popDebugGroup"),
        objc::method<&CommandEncoder::insert_debug_signpost>("insertDebugSignpost:"),
        objc::method<&CommandEncoder::barrier_after_queue_stages>(
            "barrierAfterQueueStages:beforeStages:"),
        objc::method<&CommandEncoder::update_fence>("updateFence:"),
        objc::method<&CommandEncoder::wait_for_fence>("waitForFence:"),
    }};

}  // namespace
}  // namespace anvil::metal
