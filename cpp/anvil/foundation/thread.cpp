// NSThread: threads that a program starts, and what it knows of those that there are.
#include <pthread.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <mutex>
#include <thread>

#include "anvil/foundation/date.hpp"
#include "anvil/foundation/dictionary.hpp"
#include "anvil/foundation/string.hpp"
#include "anvil/objc/autorelease.hpp"
#include "anvil/objc/block.hpp"
#include "anvil/objc/errors.hpp"

namespace anvil {
namespace {

using Any = objc::Ref<objc_object>;

struct Thread : objc::Object {
  using Super = RootObject;
  enum class Stage : uint8_t { ready, running, done };

  std::atomic<Stage> stage = Stage::ready;
  std::atomic<bool> cancelled = false;
  std::mutex mutex;  // guards name
  objc::Ref<String> name;
  objc::Ref<MutableDictionary> dictionary = objc::make<MutableDictionary>();
  /// What it does, unless its class has a -main of its own.
  objc::Block<void()> block;
  Any target, argument;
  SEL selector = nullptr;
};

// A plain pointer, as that of the thread's pools (objc/autorelease.cpp).
thread_local Thread* this_thread = nullptr;

bool on_main() {
  return gettid() == getpid();
}
Thread* main_thread() {
  static Thread* const thread = objc::lasting([] {
    Thread* made = objc::make<Thread>().detach();
    made->stage = Thread::Stage::running;
    return made;
  });
  return thread;
}
/// Of a thread that others started; ends with that.
Thread* made_for_this_thread() {
  static const pthread_key_t key = [] {
    pthread_key_t made{};
    pthread_key_create(&made, [](void* thread) { objc::release(static_cast<Thread*>(thread)); });
    return made;
  }();
  this_thread = objc::make<Thread>().detach();
  this_thread->stage = Thread::Stage::running;
  pthread_setspecific(key, this_thread);
  return this_thread;
}
Thread* current() {
  if (on_main()) return main_thread();
  return this_thread ? this_thread : made_for_this_thread();
}

void sleep(double seconds) {
  if (seconds > 0) std::this_thread::sleep_for(std::chrono::duration<double>(seconds));
}
void sleep_until(const Date* date) {
  if (date) std::this_thread::sleep_until(date->time);
}

Thread* init_with_block(Thread* self, void (^block)()) {
  self->block = objc::Block<void()>(block);
  return self;
}
Thread* init_with_target(Thread* self, objc_object* target, SEL selector, objc_object* argument) {
  self->target = Any(target);
  self->selector = selector;
  self->argument = Any(argument);
  return self;
}
void run_main(Thread* self) {
  if (self->block)
    self->block();
  else if (self->target && self->selector)
    objc::send<void>(self->target.get(), self->selector, self->argument.get());
}
void show_name(const Thread& thread) {
  if (thread.name)
    pthread_setname_np(pthread_self(), std::string(utf8(thread.name.get()).substr(0, 15)).c_str());
}
void run(Thread* self) {
  this_thread = self;
  {
    const objc::PoolScope pool;
    std::unique_lock lock(self->mutex);
    show_name(*self);
    lock.unlock();
    static const SEL main = sel_registerName("main");
    objc::send<void>(self, main);
  }
  self->stage = Thread::Stage::done;
}
void start(Thread* self) {
  auto expected = Thread::Stage::ready;
  if (!self->stage.compare_exchange_strong(expected, Thread::Stage::running))
    throw InvalidUse("-[NSThread start]: attempt to start the thread again");
  std::thread([thread = objc::Ref<Thread>(self)] { run(thread.get()); }).detach();
}
void detach(void (^block)()) {
  start(init_with_block(objc::make<Thread>().autoreleased(), block));
}
void detach_selector(SEL selector, objc_object* target, objc_object* argument) {
  start(init_with_target(objc::make<Thread>().autoreleased(), target, selector, argument));
}
String* name(Thread* self) {
  std::lock_guard lock(self->mutex);
  return objc::Ref<String>(self->name).autoreleased();
}
void set_name(Thread* self, String* name) {
  std::lock_guard lock(self->mutex);
  self->name = kept_copy(name);
  if (self == this_thread) show_name(*self);  // the main thread's is the process's
}
bool is_main(const Thread* self) {
  return self == main_thread();
}
template <Thread::Stage Stage>
bool is_at(const Thread* self) {
  return self->stage == Stage;
}
void cancel(Thread* self) {
  self->cancelled = true;
}
bool is_cancelled(const Thread* self) {
  return self->cancelled;
}

ANVIL_OBJC_CLASS_DEFINITION<Thread> thread_definition{
    "NSThread",
    {
        objc::class_method<&current>("currentThread"),
        objc::class_method<&main_thread>("mainThread"),
        objc::class_method<&on_main>("isMainThread"),
        objc::class_method<&sleep>("sleepForTimeInterval:"),
        objc::class_method<&sleep_until>("sleepUntilDate:"),
        objc::class_method<&detach>("detachNewThreadWithBlock:"),
        objc::class_method<&detach_selector>("detachNewThreadSelector:toTarget:withObject:"),
        objc::function<&init_with_block>("initWithBlock:"),
        objc::function<&init_with_target>("initWithTarget:selector:object:"),
        objc::function<&run_main>("main"),
        objc::function<&start>("start"),
        objc::function<&cancel>("cancel"),
        objc::function<&is_cancelled>("isCancelled"),
        objc::function<&is_main>("isMainThread"),
        objc::function<&is_at<Thread::Stage::running>>("isExecuting"),
        objc::function<&is_at<Thread::Stage::done>>("isFinished"),
        objc::function<&name>("name"),
        objc::function<&set_name>("setName:"),
        objc::property<&Thread::dictionary>("threadDictionary"),
    }};

}  // namespace
}  // namespace anvil
