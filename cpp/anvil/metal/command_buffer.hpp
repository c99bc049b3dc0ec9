// MTLCommandBuffer: records commands, then runs once.
#pragma once

#include <atomic>
#include <condition_variable>
#include <exception>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include <Metal/MTLCommandBuffer.hpp>

#include "anvil/backend/queue.hpp"
#include "anvil/foundation/array.hpp"
#include "anvil/foundation/error.hpp"
#include "anvil/metal/command_queue.hpp"
#include "anvil/metal/command_storage.hpp"
#include "anvil/metal/log_state.hpp"
#include "anvil/metal/resource.hpp"
#include "anvil/objc/block.hpp"

namespace anvil::metal {

struct BlitCommandEncoder;
struct BlitPassDescriptor;
struct CommandEncoder;
struct ComputeCommandEncoder;
struct ComputePassDescriptor;
struct Event;

struct CommandBufferDescriptor : objc::Object {
  using Super = RootObject;

  bool retained_references = true;
  MTL::CommandBufferErrorOption error_options = MTL::CommandBufferErrorOptionNone;
  objc::Ref<LogState> log_state;  ///< null: the queue's
};

struct CommandBuffer : objc::Object {
  using Super = RootObject;
  using Handler = objc::Block<void(MTL::CommandBuffer*)>;

  CommandBuffer(objc::Ref<CommandQueue> queue, const CommandBufferDescriptor& descriptor);
  /// Has a queue from when it is committed.
  CommandBuffer(Device* device, const CommandBufferDescriptor& descriptor);
  ~CommandBuffer();

  // Encoding, by one thread at a time.
  ComputeCommandEncoder* compute_encoder();
  ComputeCommandEncoder* compute_encoder_of_type(MTL::DispatchType type);
  ComputeCommandEncoder* compute_encoder_for_pass(const ComputePassDescriptor* pass);
  BlitCommandEncoder* blit_encoder();
  BlitCommandEncoder* blit_encoder_for_pass(const BlitPassDescriptor* pass);
  void encode_signal(Event* event, uint64_t value);
  void encode_wait(Event* event, uint64_t value);
  void push_debug_group(String* name);
  void pop_debug_group();
  void use_residency_set(const objc_object*) {}
  void use_residency_sets(const objc_object* const*, NS::UInteger) {}

  void enqueue();
  void commit();
  void wait_until_completed();
  void wait_until_scheduled();
  void add_completed_handler(MTL::CommandBufferHandler block);
  void add_scheduled_handler(MTL::CommandBufferHandler block);

  MTL::CommandBufferStatus status() const;
  Error* error() const;
  double gpu_start_time() const;
  double gpu_end_time() const;
  /// Of Apple's shader validation, which reports no functions here.
  Array* no_function_logs() const { return objc::make<Array>().autoreleased(); }
  Device* device() const { return device_; }
  CommandQueue* queue_object() const { return objc::Ref<CommandQueue>(queue).autoreleased(); }

  // For encoders.
  /// False, once it has failed: then nothing more needs to be recorded.
  bool recording() const { return !failed_; }
  /// Whether commands can still be added, or misuse recorded.
  bool committed() const;
  /// Makes the buffer fail with this error unless an earlier mistake did.
  void fail(MTL::CommandBufferError code, const std::string& text);
  void encoder_began(CommandEncoder* encoder) { open_encoder_ = encoder; }
  void encoder_ended(CommandEncoder* encoder);
  /// Whether an encoder may begin: throws InvalidUse where the buffer is committed.
  bool can_encode(const char* method);
  /// Keeps the object alive until the buffer is done, if it retains its references.
  void hold(Resource* resource);
  void hold(objc_object* object);
  /// The same whatever it retains.
  void keep(objc_object* object) { storage_->held.emplace_back(object); }
  /// What the first mistake was.
  std::string mistake() const;

  // For the queue.
  /// Gives the device the commands, which has the buffer live until it is completed. Throws what
  /// the device's queue throws; then it was not given.
  void submit(backend::Queue& queue);
  /// Fails on the calling thread, where the device cannot take the buffer.
  void refuse(const std::exception& error);

  /// Commits a buffer that was made without a queue.
  void commit_to(objc::Ref<CommandQueue> queue);

  objc::Ref<CommandQueue> queue;  ///< changes once at the most: where the buffer is made without
  const bool retained_references;
  const MTL::CommandBufferErrorOption error_options;
  const objc::Ref<LogState> log_state;
  objc::Ref<String> label;
  std::vector<backend::Command>& commands() { return storage_->commands; }
  CommandArena& arena() { return storage_->arena; }

 private:
  template <class Encoder, class... Args>
  Encoder* begin(const char* method, Args... args);
  /// What the device's queue sees of the buffer.
  struct Work final : backend::Submission {
    explicit Work(CommandBuffer& buffer) : buffer(buffer) {}
    void scheduled() override { buffer.scheduled(); }
    void completed(backend::Outcome outcome) override { buffer.completed(std::move(outcome)); }
    void logged(const backend::LogMessage& message) override;
    CommandBuffer& buffer;
  };
  void scheduled();
  void completed(backend::Outcome outcome);
  void call(std::vector<Handler>& handlers, const char* kind);

  Device* const device_;
  const uint64_t serial_;
  bool failed_ = false;  // while encoding
  CommandEncoder* open_encoder_ = nullptr;
  std::vector<objc::Ref<String>> debug_groups_;
  std::unique_ptr<CommandStorage> storage_;  // null once the commands have run
  Work work_{*this};

  mutable std::mutex mutex_;  // guards the rest
  mutable std::condition_variable changed_;
  MTL::CommandBufferStatus status_ = MTL::CommandBufferStatusNotEnqueued;
  bool done_ = false;  // status is final and the handlers have run
  objc::Ref<Error> error_;
  std::vector<Handler> scheduled_handlers_, completed_handlers_;
  double start_time_ = 0, end_time_ = 0;
};

}  // namespace anvil::metal
