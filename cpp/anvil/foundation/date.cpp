// NSDate, and NSCondition, which waits until one.
#include <chrono>
#include <condition_variable>
#include <mutex>

#include "anvil/foundation/object.hpp"

namespace anvil {
namespace {

using Clock = std::chrono::system_clock;

struct Date : objc::Object {
  using Super = RootObject;

  Clock::time_point time = Clock::now();
};

Date* from_now(double seconds) {
  objc::Ref<Date> date = objc::make<Date>();
  // Far dates saturate: a condition waits "until" one.
  constexpr double limit = 100.0 * 365 * 24 * 3600;
  seconds = seconds > limit ? limit : seconds < -limit ? -limit : seconds;
  date->time += std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(seconds));
  return date.autoreleased();
}
double seconds_from_now(const Date* self) {
  return std::chrono::duration<double>(self->time - Clock::now()).count();
}
Date* copy(Date* self) {
  objc::retain(self);
  return self;
}

ANVIL_OBJC_CLASS_DEFINITION<Date> definition{
    "NSDate",
    {
        objc::class_method<&from_now>("dateWithTimeIntervalSinceNow:"),
        objc::function<&seconds_from_now>("timeIntervalSinceNow"),
        objc::function<&copy>("copy"),
    }};

struct Condition : objc::Object {
  using Super = RootObject;

  std::mutex mutex;
  std::condition_variable_any changed;
};

void lock(Condition* self) {
  self->mutex.lock();
}
void unlock(Condition* self) {
  self->mutex.unlock();
}
void wait(Condition* self) {
  self->changed.wait(self->mutex);
}
bool wait_until(Condition* self, Date* limit) {
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
        objc::function<&lock>("lock"),
        objc::function<&unlock>("unlock"),
        objc::function<&wait>("wait"),
        objc::function<&wait_until>("waitUntilDate:"),
        objc::function<&signal>("signal"),
        objc::function<&broadcast>("broadcast"),
    }};

}  // namespace
}  // namespace anvil
