// A command buffer from its place in the queue to its end.
#include <exception>
#include <new>
#include <utility>
#include <variant>

#include "anvil/metal/async.hpp"
#include "anvil/metal/command_buffer.hpp"
#include "anvil/objc/autorelease.hpp"
#include "anvil/objc/errors.hpp"
#include "anvil/system/spin.hpp"

namespace anvil::metal {
namespace {

MTL::CommandBufferError error_code(backend::Failure::Kind kind) {
  switch (kind) {
    case backend::Failure::Kind::timeout:
      return MTL::CommandBufferErrorTimeout;
    case backend::Failure::Kind::page_fault:
      return MTL::CommandBufferErrorPageFault;
    case backend::Failure::Kind::out_of_memory:
      return MTL::CommandBufferErrorOutOfMemory;
    case backend::Failure::Kind::invalid_resource:
      return MTL::CommandBufferErrorInvalidResource;
    case backend::Failure::Kind::stack_overflow:
      return MTL::CommandBufferErrorStackOverflow;
    case backend::Failure::Kind::internal:
      break;
  }
  return MTL::CommandBufferErrorInternal;
}

}  // namespace

void CommandBuffer::enqueue() {
  {
    std::lock_guard lock(mutex_);
    if (status_ != MTL::CommandBufferStatusNotEnqueued)
      throw InvalidUse("-[MTLCommandBuffer enqueue]: the command buffer is already enqueued");
    status_ = MTL::CommandBufferStatusEnqueued;
  }
  queue->enqueue(this);
}

void CommandBuffer::commit() {
  if (committed())
    throw InvalidUse("-[MTLCommandBuffer commit]: command buffer" + quoted(label) +
                     " is already committed");
  if (open_encoder_)
    fail(MTL::CommandBufferErrorNotPermitted,
         "-[MTLCommandBuffer commit]: an encoder is still open: call endEncoding first");
  if (queue->left_behind())
    throw InvalidUse(
        "-[MTLCommandBuffer commit]: this process was forked after it had made the "
        "command queue, whose thread is in the parent");
  MTL::CommandBufferStatus before;
  {
    std::lock_guard lock(mutex_);
    before = std::exchange(status_, MTL::CommandBufferStatusCommitted);
  }
  try {
    queue->commit(objc::Ref<CommandBuffer>(this));
  } catch (const std::bad_alloc&) {  // it is not, and may be once more
    std::lock_guard lock(mutex_);
    status_ = before;
    throw;
  }
}

void CommandBuffer::commit_to(objc::Ref<CommandQueue> its_queue) {
  queue = std::move(its_queue);
  commit();
}

void CommandBuffer::add_completed_handler(MTL::CommandBufferHandler block) {
  std::lock_guard lock(mutex_);
  if (status_ >= MTL::CommandBufferStatusCommitted)
    throw InvalidUse(
        "-[MTLCommandBuffer addCompletedHandler:]: the command buffer is already committed");
  completed_handlers_.emplace_back(block);
}

void CommandBuffer::add_scheduled_handler(MTL::CommandBufferHandler block) {
  std::lock_guard lock(mutex_);
  if (status_ >= MTL::CommandBufferStatusCommitted)
    throw InvalidUse(
        "-[MTLCommandBuffer addScheduledHandler:]: the command buffer is already committed");
  scheduled_handlers_.emplace_back(block);
}

void CommandBuffer::wait_until_completed() {
  std::unique_lock lock(mutex_);
  if (status_ < MTL::CommandBufferStatusCommitted)
    throw InvalidUse("-[MTLCommandBuffer waitUntilCompleted]: the command buffer is not committed");
  // A handler of the buffer itself must not wait for all handlers to be done.
  const bool in_handler = queue->is_calling_back();
  const auto ready = [&] {
    return done_ || (in_handler && status_ >= MTL::CommandBufferStatusCompleted);
  };
  if (ready()) return;
  lock.unlock();
  spin_until([&] {
    std::lock_guard looking(mutex_);
    return ready();
  });
  lock.lock();
  changed_.wait(lock, ready);
}

void CommandBuffer::wait_until_scheduled() {
  std::unique_lock lock(mutex_);
  if (status_ < MTL::CommandBufferStatusCommitted)
    throw InvalidUse("-[MTLCommandBuffer waitUntilScheduled]: the command buffer is not committed");
  changed_.wait(lock, [&] { return status_ >= MTL::CommandBufferStatusScheduled; });
}

MTL::CommandBufferStatus CommandBuffer::status() const {
  std::lock_guard lock(mutex_);
  return status_;
}

Error* CommandBuffer::error() const {
  std::lock_guard lock(mutex_);
  if (status_ != MTL::CommandBufferStatusError) return nullptr;
  return objc::Ref<Error>(error_).autoreleased();
}

double CommandBuffer::gpu_start_time() const {
  std::lock_guard lock(mutex_);
  return start_time_;
}

double CommandBuffer::gpu_end_time() const {
  std::lock_guard lock(mutex_);
  return end_time_;
}

void CommandBuffer::call(std::vector<Handler>& handlers, const char* kind) {
  for (Handler& handler : std::exchange(handlers, {}))
    call_handler(kind, [&] { handler(reinterpret_cast<MTL::CommandBuffer*>(this)); });
}

void CommandBuffer::submit(backend::Queue& device_queue) {
  // After a mistake nothing runs, but nobody shall wait for signals in vain.
  if (failed_)
    std::erase_if(commands(), [](const backend::Command& command) {
      return !std::holds_alternative<backend::SignalCommand>(command);
    });
  work_.commands = commands();
  objc::retain(this);  // until completed()
  try {
    device_queue.submit(work_);
  } catch (...) {
    objc::release(this);
    throw;
  }
}

void CommandBuffer::refuse(const std::exception& error) {
  objc::retain(this);  // until completed()
  scheduled();
  backend::Outcome outcome;
  outcome.failure = {backend::Failure::Kind::out_of_memory, "out of memory"};
  try {
    outcome.failure->text = error.what();
    for (const backend::Command& command : commands())
      if (const auto* signal = std::get_if<backend::SignalCommand>(&command))
        signal->event->signal(signal->value);
  } catch (const std::bad_alloc&) {  // and so it is
  }
  completed(std::move(outcome));
}

void CommandBuffer::scheduled() {
  const CommandQueue::CallBack here(*queue);
  const objc::PoolScope pool;
  {
    std::lock_guard lock(mutex_);
    status_ = MTL::CommandBufferStatusScheduled;
  }
  changed_.notify_all();
  call(scheduled_handlers_, "scheduled");
}

void CommandBuffer::Work::logged(const backend::LogMessage& message) {
  const CommandQueue::CallBack here(*buffer.queue);
  deliver(buffer.log_state.get(), message);
}

void CommandBuffer::completed(backend::Outcome outcome) {
  const auto self = objc::Ref<CommandBuffer>::adopt(this);  // may be the last, the queue's too
  const CommandQueue::CallBack here(*queue);
  const objc::PoolScope pool;
  if (outcome.failure) fail(error_code(outcome.failure->kind), outcome.failure->text);
  queue->storages.put(std::move(storage_));
  {
    std::lock_guard lock(mutex_);
    start_time_ = outcome.start;
    end_time_ = outcome.end;
    status_ = error_ ? MTL::CommandBufferStatusError : MTL::CommandBufferStatusCompleted;
  }
  call(completed_handlers_, "completed");
  {
    std::lock_guard lock(mutex_);
    done_ = true;
  }
  changed_.notify_all();
  queue->finished();
}

}  // namespace anvil::metal
