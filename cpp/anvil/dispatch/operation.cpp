// NSOperation, NSBlockOperation and NSOperationQueue: work that waits for other work.
#include "anvil/dispatch/operation.hpp"

#include <dispatch/dispatch.h>
#include <unistd.h>

#include <algorithm>
#include <utility>

#include "anvil/dispatch/queue.hpp"
#include "anvil/foundation/array.hpp"
#include "anvil/foundation/made.hpp"
#include "anvil/objc/autorelease.hpp"
#include "anvil/objc/errors.hpp"

namespace anvil::dispatch {
namespace {

struct State {
  std::mutex mutex;
  std::condition_variable finished;
  std::vector<OperationQueue*> queues;  ///< that have operations
};
State& state() {
  static State& only = *new State;
  return only;
}

thread_local OperationQueue* current_queue = nullptr;

/// As Apple's: a cancelled one does not wait any longer for what it depends on.
bool is_ready(const Operation& operation) {
  return operation.cancelled ||
         std::all_of(operation.dependencies.begin(), operation.dependencies.end(),
                     [](const auto& each) { return each->finished; });
}

/// The one to begin now, or null.
Operation* next_of(const OperationQueue& queue) {
  if (queue.suspended) return nullptr;
  if (queue.most >= 0 && queue.running >= static_cast<size_t>(queue.most)) return nullptr;
  Operation* best = nullptr;
  for (const auto& each : queue.operations) {
    if (each->is_barrier) {
      if (&each == &queue.operations.front() && !each->begun) best = each.get();
      break;  // what comes after it waits
    }
    if (!each->begun && is_ready(*each) && (!best || each->priority > best->priority))
      best = each.get();
  }
  return best;
}

void run(OperationQueue* queue, Operation* operation) {
  const objc::PoolScope pool;
  OperationQueue* const before = std::exchange(current_queue, queue);
  static const SEL start = sel_registerName("start");
  objc::send<void>(operation, start);
  current_queue = before;
}

/// With the mutex held: begins what can begin, of every queue, as a dependency may be another's.
void advance(State& all) {
  for (OperationQueue* queue : all.queues)
    while (Operation* const operation = next_of(*queue)) {
      operation->begun = true;
      ++queue->running;
      Work work = [queue = objc::Ref<OperationQueue>(queue),
                   operation = objc::Ref<Operation>(operation)] {
        run(queue.get(), operation.get());
      };
      if (queue->is_main)
        queue_of(dispatch_get_main_queue())->async(std::move(work));
      else
        Pool::get().submit(std::move(work));
    }
}

void finish(Operation* operation) {
  State& all = state();
  const objc::Ref<Operation> self(operation);
  objc::Ref<OperationQueue> released;  // after the mutex
  objc::Block<void()> completion;
  {
    std::lock_guard lock(all.mutex);
    if (operation->finished) return;
    operation->executing = false;
    operation->finished = true;
    completion = std::move(operation->completion);
    if (OperationQueue* const queue = std::exchange(operation->queue, nullptr)) {
      if (operation->begun) --queue->running;
      std::erase_if(queue->operations, [&](const auto& each) { return each.get() == operation; });
      if (queue->operations.empty()) {
        std::erase(all.queues, queue);
        released = objc::Ref<OperationQueue>::adopt(queue);
      }
    }
    advance(all);
  }
  all.finished.notify_all();
  if (completion) completion();
}

// --- NSOperation

void start(Operation* self) {
  State& all = state();
  std::unique_lock lock(all.mutex);
  if (self->finished) return;
  if (self->executing) throw InvalidUse("-[NSOperation start]: the operation is executing already");
  if (!is_ready(*self)) throw InvalidUse("-[NSOperation start]: the operation is not ready");
  const bool cancelled = self->cancelled;
  self->executing = !cancelled;
  lock.unlock();
  static const SEL main = sel_registerName("main");
  if (!cancelled) objc::send<void>(self, main);
  finish(self);
}
void nothing(Operation*) {}
void cancel(Operation* self) {
  State& all = state();
  std::lock_guard lock(all.mutex);
  self->cancelled = true;
  advance(all);
}
template <bool Operation::* Member>
bool get(Operation* self) {
  std::lock_guard lock(state().mutex);
  return self->*Member;
}
bool ready(Operation* self) {
  std::lock_guard lock(state().mutex);
  return is_ready(*self);
}
bool never(const Operation*) {
  return false;
}
void add_dependency(Operation* self, Operation* other) {
  if (!other) throw InvalidUse("-[NSOperation addDependency:]: nil");
  std::lock_guard lock(state().mutex);
  self->dependencies.emplace_back(other);
}
void remove_dependency(Operation* self, Operation* other) {
  const objc::Ref<Operation> held(other);  // what ends with it may ask for the mutex
  State& all = state();
  std::lock_guard lock(all.mutex);
  std::erase_if(self->dependencies, [&](const auto& each) { return each.get() == other; });
  advance(all);
}
Array* dependencies(Operation* self) {
  std::lock_guard lock(state().mutex);
  return make_array(self->dependencies).autoreleased();
}
void wait_for(Operation* self) {
  State& all = state();
  const objc::Ref<Operation> held(self);
  std::unique_lock lock(all.mutex);
  all.finished.wait(lock, [&] { return self->finished; });
}
objc_object* completion_of(Operation* self) {
  std::lock_guard lock(state().mutex);
  const objc::Block<void()> copy = self->completion;
  return objc::Ref(reinterpret_cast<objc_object*>(copy.literal())).autoreleased();
}
void set_completion(Operation* self, void (^block)()) {
  objc::Block<void()> made(block);
  std::lock_guard lock(state().mutex);
  std::swap(self->completion, made);
}
// What an operation that ends by itself tells, later than its -start returns.
void will_change(Operation*, const String*) {}
void did_change(Operation* self, const String* key) {
  static const SEL is_finished = sel_registerName("isFinished");
  if (key && (utf8(key) == "isFinished" || utf8(key) == "finished") &&
      objc::send<bool>(self, is_finished))
    finish(self);
}

ANVIL_OBJC_CLASS_DEFINITION<Operation> operation_definition{
    "NSOperation",
    {
        objc::function<&start>("start"),
        objc::function<&nothing>("main"),
        objc::function<&cancel>("cancel"),
        objc::function<&get<&Operation::cancelled>>("isCancelled"),
        objc::function<&get<&Operation::executing>>("isExecuting"),
        objc::function<&get<&Operation::finished>>("isFinished"),
        objc::function<&ready>("isReady"),
        objc::function<&never>("isConcurrent"),
        objc::function<&never>("isAsynchronous"),
        objc::function<&add_dependency>("addDependency:"),
        objc::function<&remove_dependency>("removeDependency:"),
        objc::function<&dependencies>("dependencies"),
        objc::function<&wait_for>("waitUntilFinished"),
        objc::function<&completion_of>("completionBlock"),
        objc::function<&set_completion>("setCompletionBlock:"),
        objc::function<&will_change>("willChangeValueForKey:"),
        objc::function<&did_change>("didChangeValueForKey:"),
        objc::property<&Operation::priority>("queuePriority", "setQueuePriority:"),
        objc::property<&Operation::quality>("qualityOfService", "setQualityOfService:"),
        objc::property<&Operation::name>("name", "setName:"),
    }};

// --- NSBlockOperation

BlockOperation* with_block(objc_class* cls, void (^block)()) {
  objc::Ref<BlockOperation> made = make_of<BlockOperation>(cls);
  made->blocks.emplace_back(block);
  return made.autoreleased();
}
void add_block(BlockOperation* self, void (^block)()) {
  std::lock_guard lock(state().mutex);
  if (self->executing || self->finished)
    throw InvalidUse(
        "-[NSBlockOperation addExecutionBlock:]: the operation is executing, or finished");
  self->blocks.emplace_back(block);
}
void run_blocks(BlockOperation* self) {
  for (const auto& block : self->blocks) block();
}

ANVIL_OBJC_CLASS_DEFINITION<BlockOperation> block_operation_definition{
    "NSBlockOperation",
    {
        objc::class_function<&with_block>("blockOperationWithBlock:"),
        objc::function<&add_block>("addExecutionBlock:"),
        objc::function<&run_blocks>("main"),
    }};

// --- NSOperationQueue

OperationQueue* main_operations() {
  static OperationQueue* const queue = objc::lasting([] {
    OperationQueue* made = objc::make<OperationQueue>().detach();
    made->is_main = true;
    made->most = 1;
    return made;
  });
  return queue;
}
OperationQueue* current() {
  if (!current_queue && gettid() == getpid()) return main_operations();
  return objc::Ref(current_queue).autoreleased();
}
void add_operation(OperationQueue* self, Operation* operation) {
  add(*self, operation, "-[NSOperationQueue addOperation:]: ");
}
void add_work(OperationQueue* self, void (^block)()) {
  add_operation(self, with_block(objc::class_of<BlockOperation>(), block));
}
void add_barrier(OperationQueue* self, void (^block)()) {
  BlockOperation* const operation = with_block(objc::class_of<BlockOperation>(), block);
  operation->is_barrier = true;
  add_operation(self, operation);
}
void wait_for_all(OperationQueue* self) {
  State& all = state();
  const objc::Ref<OperationQueue> held(self);
  std::unique_lock lock(all.mutex);
  all.finished.wait(lock, [&] { return self->operations.empty(); });
}
void add_all(OperationQueue* self, const Array* operations, bool wait) {
  for (const auto& each : operations->items)
    add_operation(self, static_cast<Operation*>(each.get()));
  if (!wait) return;
  for (const auto& each : operations->items) wait_for(static_cast<Operation*>(each.get()));
}
void cancel_all(OperationQueue* self) {
  State& all = state();
  std::lock_guard lock(all.mutex);
  for (const auto& each : self->operations) each->cancelled = true;
  advance(all);
}
NS::UInteger count(OperationQueue* self) {
  std::lock_guard lock(state().mutex);
  return self->operations.size();
}
Array* operations(OperationQueue* self) {
  std::lock_guard lock(state().mutex);
  return make_array(self->operations).autoreleased();
}
void set_most(OperationQueue* self, NS::Integer most) {
  State& all = state();
  std::lock_guard lock(all.mutex);
  self->most = most;
  advance(all);
}
void set_suspended(OperationQueue* self, bool suspended) {
  State& all = state();
  std::lock_guard lock(all.mutex);
  self->suspended = suspended;
  advance(all);
}

ANVIL_OBJC_CLASS_DEFINITION<OperationQueue> operation_queue_definition{
    "NSOperationQueue",
    {
        objc::class_method<&main_operations>("mainQueue"),
        objc::class_method<&current>("currentQueue"),
        objc::function<&add_operation>("addOperation:"),
        objc::function<&add_work>("addOperationWithBlock:"),
        objc::function<&add_barrier>("addBarrierBlock:"),
        objc::function<&add_all>("addOperations:waitUntilFinished:"),
        objc::function<&wait_for_all>("waitUntilAllOperationsAreFinished"),
        objc::function<&cancel_all>("cancelAllOperations"),
        objc::function<&count>("operationCount"),
        objc::function<&operations>("operations"),
        objc::property<&OperationQueue::most>("maxConcurrentOperationCount"),
        objc::function<&set_most>("setMaxConcurrentOperationCount:"),
        objc::property<&OperationQueue::suspended>("isSuspended"),
        objc::function<&set_suspended>("setSuspended:"),
        objc::property<&OperationQueue::quality>("qualityOfService", "setQualityOfService:"),
        objc::property<&OperationQueue::name>("name", "setName:"),
    }};

}  // namespace

void add(OperationQueue& queue, Operation* operation, const char* method) {
  if (!operation) throw InvalidUse(std::string(method) + "nil");
  State& all = state();
  std::lock_guard lock(all.mutex);
  if (operation->queue || operation->begun || operation->finished)
    throw InvalidUse(std::string(method) +
                     "the operation is in a queue already, or has been executed");
  operation->queue = &queue;
  if (queue.operations.empty()) {
    all.queues.push_back(&queue);
    objc::retain(&queue);
  }
  queue.operations.emplace_back(operation);
  advance(all);
}

}  // namespace anvil::dispatch
