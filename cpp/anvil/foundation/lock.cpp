// NSLock, NSRecursiveLock and NSCondition.
#include <condition_variable>
#include <mutex>

#include "anvil/foundation/date.hpp"
#include "anvil/foundation/string.hpp"

namespace anvil {
namespace {

template <class Mutex>
struct AnyLock : objc::Object {
  using Super = RootObject;

  Mutex mutex;
  objc::Ref<String> name;
};
using Lock = AnyLock<std::timed_mutex>;
using RecursiveLock = AnyLock<std::recursive_timed_mutex>;

template <class L>
void lock(L* self) {
  self->mutex.lock();
}
template <class L>
void unlock(L* self) {
  self->mutex.unlock();
}
template <class L>
bool try_lock(L* self) {
  return self->mutex.try_lock();
}
template <class L>
bool lock_until(L* self, const Date* limit) {
  return self->mutex.try_lock_until(limit->time);
}

ANVIL_OBJC_CLASS_DEFINITION<Lock> lock_definition{
    "NSLock",
    {
        objc::function<&lock<Lock>>("lock"),
        objc::function<&unlock<Lock>>("unlock"),
        objc::function<&try_lock<Lock>>("tryLock"),
        objc::function<&lock_until<Lock>>("lockBeforeDate:"),
        objc::property<&Lock::name>("name", "setName:"),
    }};
ANVIL_OBJC_CLASS_DEFINITION<RecursiveLock> recursive_lock_definition{
    "NSRecursiveLock",
    {
        objc::function<&lock<RecursiveLock>>("lock"),
        objc::function<&unlock<RecursiveLock>>("unlock"),
        objc::function<&try_lock<RecursiveLock>>("tryLock"),
        objc::function<&lock_until<RecursiveLock>>("lockBeforeDate:"),
        objc::property<&RecursiveLock::name>("name", "setName:"),
    }};

struct Condition : objc::Object {
  using Super = RootObject;

  std::mutex mutex;
  std::condition_variable_any changed;
};

void wait(Condition* self) {
  self->changed.wait(self->mutex);
}
bool wait_until(Condition* self, const Date* limit) {
  return self->changed.wait_until(self->mutex, limit->time) == std::cv_status::no_timeout;
}
void signal(Condition* self) {
  self->changed.notify_one();
}
void broadcast(Condition* self) {
  self->changed.notify_all();
}

ANVIL_OBJC_CLASS_DEFINITION<Condition> condition_definition{
    "NSCondition",
    {
        objc::function<&lock<Condition>>("lock"),
        objc::function<&unlock<Condition>>("unlock"),
        objc::function<&wait>("wait"),
        objc::function<&wait_until>("waitUntilDate:"),
        objc::function<&signal>("signal"),
        objc::function<&broadcast>("broadcast"),
    }};

}  // namespace
}  // namespace anvil
