#include "anvil/dispatch/queue.hpp"

#include <dispatch/dispatch.h>

#include "anvil/objc/autorelease.hpp"
#include "anvil/objc/block.hpp"
#include "anvil/objc/instances.hpp"

namespace anvil::dispatch {

void Queue::async(Work work, bool barrier) {
  objc::Ref<Queue> self(this);
  enqueue({[self, work = std::move(work)] {
             Work run = [self, work] {
               work();
               self->finished();
             };
             if (self->kind == Kind::main) {
               std::lock_guard lock(self->mutex_);
               self->for_main_.push_back(std::move(run));
               self->changed_.notify_all();
             } else {
               Pool::get().submit(std::move(run));
             }
           },
           barrier});
}

void Queue::sync(const Work& work, bool barrier) {
  std::mutex mutex;
  std::condition_variable turn;
  bool is_turn = false;
  enqueue({[&] {
             std::lock_guard lock(mutex);
             is_turn = true;
             turn.notify_one();
           },
           barrier});
  {
    std::unique_lock lock(mutex);
    turn.wait(lock, [&] { return is_turn; });
  }
  struct Finish {
    Queue* queue;
    ~Finish() { queue->finished(); }
  } finish{this};
  work();
}

void Queue::drain() {
  for (;;) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return !for_main_.empty(); });
    const Work work = std::move(for_main_.front());
    for_main_.pop_front();
    lock.unlock();
    const objc::PoolScope pool;
    work();
  }
}

void Queue::enqueue(Item item) {
  {
    std::lock_guard lock(mutex_);
    items_.push_back(std::move(item));
  }
  start_next();
}

void Queue::start_next() {
  for (;;) {
    Item next;
    {
      std::lock_guard lock(mutex_);
      if (items_.empty() || running_alone_) return;
      if (running_ > 0 && alone(items_.front())) return;
      next = std::move(items_.front());
      items_.pop_front();
      ++running_;
      running_alone_ = alone(next);
    }
    next.start();
  }
}

void Queue::finished() {
  {
    std::lock_guard lock(mutex_);
    --running_;
    running_alone_ = false;
  }
  start_next();
}

namespace {

Queue* global_queue() {
  static Queue* const queue = objc::lasting([] {
    return objc::make<Queue>("com.apple.root.default-qos", Queue::Kind::concurrent).detach();
  });
  return queue;
}
Queue* main_queue() {
  static Queue* const queue = objc::lasting(
      [] { return objc::make<Queue>("com.apple.main-thread", Queue::Kind::main).detach(); });
  return queue;
}

ANVIL_OBJC_CLASS_DEFINITION<Queue> queue_definition{"OS_dispatch_queue", {}};

/// DISPATCH_QUEUE_CONCURRENT.
struct Attribute : objc_object {
  using Super = RootObject;
};
ANVIL_OBJC_CLASS_DEFINITION<Attribute> attribute_definition{"OS_dispatch_queue_attr", {}};

Work of_block(dispatch_block_t block) {
  return [block = objc::Block<void()>(block)] { block(); };
}
Work of_function(void* context, dispatch_function_t work) {
  return [=] { work(context); };
}

}  // namespace

Queue* queue_of(void* argument) {
  return argument ? static_cast<Queue*>(argument) : global_queue();
}

}  // namespace anvil::dispatch

using namespace anvil;
using namespace anvil::dispatch;

extern "C" {

ANVIL_EXPORT constinit objc_object anvil_dispatch_concurrent{objc::class_of<Attribute>()};

ANVIL_EXPORT void dispatch_retain(dispatch_object_t object) {
  objc::retain(static_cast<objc_object*>(object));
}
ANVIL_EXPORT void dispatch_release(dispatch_object_t object) {
  objc::release(static_cast<objc_object*>(object));
}
ANVIL_EXPORT dispatch_queue_t dispatch_queue_create(const char* label,
                                                    dispatch_queue_attr_t attributes) {
  const auto kind = attributes ? Queue::Kind::concurrent : Queue::Kind::serial;
  void* queue = objc::make<Queue>(label ? label : "", kind).detach();
  return static_cast<dispatch_queue_t>(queue);
}
ANVIL_EXPORT dispatch_queue_t dispatch_get_global_queue(intptr_t, uintptr_t) {
  return reinterpret_cast<dispatch_queue_t>(global_queue());
}
ANVIL_EXPORT dispatch_queue_t dispatch_get_main_queue() {
  return reinterpret_cast<dispatch_queue_t>(main_queue());
}
ANVIL_EXPORT const char* dispatch_queue_get_label(dispatch_queue_t queue) {
  return queue_of(queue)->label.c_str();
}
ANVIL_EXPORT void dispatch_main() {
  main_queue()->drain();
}

ANVIL_EXPORT void dispatch_async(dispatch_queue_t queue, dispatch_block_t block) {
  queue_of(queue)->async(of_block(block));
}
ANVIL_EXPORT void dispatch_async_f(dispatch_queue_t queue, void* context,
                                   dispatch_function_t work) {
  queue_of(queue)->async(of_function(context, work));
}
ANVIL_EXPORT void dispatch_barrier_async(dispatch_queue_t queue, dispatch_block_t block) {
  queue_of(queue)->async(of_block(block), true);
}
ANVIL_EXPORT void dispatch_sync(dispatch_queue_t queue, dispatch_block_t block) {
  queue_of(queue)->sync([&] { block(); });
}
ANVIL_EXPORT void dispatch_sync_f(dispatch_queue_t queue, void* context, dispatch_function_t work) {
  queue_of(queue)->sync(of_function(context, work));
}
ANVIL_EXPORT void dispatch_barrier_sync(dispatch_queue_t queue, dispatch_block_t block) {
  queue_of(queue)->sync([&] { block(); }, true);
}

}  // extern "C"
