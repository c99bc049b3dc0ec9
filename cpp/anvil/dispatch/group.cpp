// Groups, semaphores, dispatch_once and dispatch_apply: work that waits for other work.
#include <dispatch/dispatch.h>

#include <algorithm>
#include <atomic>
#include <memory>
#include <vector>

#include "anvil/dispatch/queue.hpp"
#include "anvil/dispatch/time.hpp"
#include "anvil/objc/autorelease.hpp"
#include "anvil/objc/block.hpp"
#include "anvil/objc/errors.hpp"
#include "anvil/system/processors.hpp"

namespace anvil::dispatch {
namespace {

struct Group : objc::Object {
  using Super = RootObject;

  void enter() {
    std::lock_guard lock(mutex);
    ++inside;
  }
  void leave() {
    std::vector<Work> due;
    {
      std::lock_guard lock(mutex);
      if (inside == 0)
        throw InvalidUse("dispatch_group_leave: more calls than of dispatch_group_enter");
      if (--inside == 0) {
        due.swap(waiting);
        empty.notify_all();
      }
    }
    for (const Work& work : due) work();
  }

  std::mutex mutex;
  std::condition_variable empty;
  size_t inside = 0;
  std::vector<Work> waiting;
};

struct Semaphore : objc::Object {
  using Super = RootObject;

  std::mutex mutex;
  std::condition_variable raised;
  intptr_t value = 0;
  intptr_t waiting = 0;
};

ANVIL_OBJC_CLASS_DEFINITION<Group> group_definition{"OS_dispatch_group", {}};
ANVIL_OBJC_CLASS_DEFINITION<Semaphore> semaphore_definition{"OS_dispatch_semaphore", {}};

Group* of(dispatch_group_t group) {
  return reinterpret_cast<Group*>(group);
}

void async_in(dispatch_group_t argument, dispatch_queue_t queue, Work work) {
  objc::Ref<Group> group(of(argument));
  group->enter();
  queue_of(queue)->async([group, work = std::move(work)] {
    {
      const objc::PoolScope pool;
      work();
    }
    group->leave();
  });
}

/// On this thread and others, as many as there are processors. Whoever comes when all is begun
/// goes.
template <class Function>
void apply(size_t count, Queue* queue, Function&& function) {
  if (queue->kind != Queue::Kind::concurrent) {
    queue->sync([&] {
      for (size_t i = 0; i < count; ++i) function(i);
    });
    return;
  }
  struct Shared {
    std::atomic<size_t> next{0}, done{0};
  };
  const auto shared = std::make_shared<Shared>();
  const auto run = [shared, count, &function] {
    size_t mine = 0;
    for (size_t i; (i = shared->next.fetch_add(1)) < count; ++mine) function(i);
    if (mine && shared->done.fetch_add(mine) + mine == count) shared->done.notify_all();
  };
  const size_t helpers = std::min<size_t>(count, usable_processors());
  for (size_t i = 1; i < helpers; ++i) Pool::get().submit(run);
  run();
  for (size_t done; (done = shared->done.load()) < count;) shared->done.wait(done);
}

constexpr long kRunning = 1, kDone = ~0l;

template <class Function>
void once(dispatch_once_t* predicate, Function&& function) {
  std::atomic_ref state(*predicate);
  for (;;) {
    long seen = state.load(std::memory_order_acquire);
    if (seen == kDone) return;
    if (seen == kRunning) {
      state.wait(kRunning);
    } else if (state.compare_exchange_strong(seen, kRunning)) {
      break;
    }
  }
  function();
  state.store(kDone, std::memory_order_release);
  state.notify_all();
}

}  // namespace
}  // namespace anvil::dispatch

using namespace anvil;
using namespace anvil::dispatch;

extern "C" {

ANVIL_EXPORT dispatch_group_t dispatch_group_create() {
  return reinterpret_cast<dispatch_group_t>(objc::make<Group>().detach());
}
ANVIL_EXPORT void dispatch_group_enter(dispatch_group_t group) {
  of(group)->enter();
}
ANVIL_EXPORT void dispatch_group_leave(dispatch_group_t group) {
  of(group)->leave();
}
ANVIL_EXPORT void dispatch_group_async(dispatch_group_t group, dispatch_queue_t queue,
                                       dispatch_block_t block) {
  async_in(group, queue, [block = objc::Block<void()>(block)] { block(); });
}
ANVIL_EXPORT void dispatch_group_async_f(dispatch_group_t group, dispatch_queue_t queue,
                                         void* context, dispatch_function_t work) {
  async_in(group, queue, [=] { work(context); });
}
ANVIL_EXPORT void dispatch_group_notify(dispatch_group_t group, dispatch_queue_t queue,
                                        dispatch_block_t block) {
  objc::Ref<Queue> target(queue_of(queue));
  Work work = [target, block = objc::Block<void()>(block)] { target->async([=] { block(); }); };
  Group* its = of(group);
  {
    std::lock_guard lock(its->mutex);
    if (its->inside) {
      its->waiting.push_back(std::move(work));
      return;
    }
  }
  work();
}
/// Not 0 if the time came first.
ANVIL_EXPORT intptr_t dispatch_group_wait(dispatch_group_t group, dispatch_time_t timeout) {
  Group* its = of(group);
  std::unique_lock lock(its->mutex);
  return !wait_until(its->empty, lock, timeout, [&] { return its->inside == 0; });
}

ANVIL_EXPORT dispatch_semaphore_t dispatch_semaphore_create(intptr_t value) {
  if (value < 0) return nullptr;
  objc::Ref<Semaphore> semaphore = objc::make<Semaphore>();
  semaphore->value = value;
  return reinterpret_cast<dispatch_semaphore_t>(semaphore.detach());
}
ANVIL_EXPORT intptr_t dispatch_semaphore_wait(dispatch_semaphore_t semaphore,
                                              dispatch_time_t timeout) {
  auto* its = reinterpret_cast<Semaphore*>(semaphore);
  std::unique_lock lock(its->mutex);
  ++its->waiting;
  const bool raised = wait_until(its->raised, lock, timeout, [&] { return its->value > 0; });
  --its->waiting;
  if (raised) --its->value;
  return !raised;
}
/// Not 0 if a thread was woken.
ANVIL_EXPORT intptr_t dispatch_semaphore_signal(dispatch_semaphore_t semaphore) {
  auto* its = reinterpret_cast<Semaphore*>(semaphore);
  std::lock_guard lock(its->mutex);
  ++its->value;
  its->raised.notify_one();
  return its->waiting > 0;
}

ANVIL_EXPORT void dispatch_apply(size_t count, dispatch_queue_t queue, void (^block)(size_t)) {
  apply(count, queue_of(queue), [&](size_t i) { block(i); });
}
ANVIL_EXPORT void dispatch_apply_f(size_t count, dispatch_queue_t queue, void* context,
                                   void (*work)(void*, size_t)) {
  apply(count, queue_of(queue), [&](size_t i) { work(context, i); });
}
ANVIL_EXPORT void dispatch_once(dispatch_once_t* predicate, dispatch_block_t block) {
  once(predicate, [&] { block(); });
}
ANVIL_EXPORT void dispatch_once_f(dispatch_once_t* predicate, void* context,
                                  dispatch_function_t work) {
  once(predicate, [&] { work(context); });
}

}  // extern "C"
