#include "anvil/foundation/date.hpp"

#include <algorithm>
#include <ctime>

#include <Foundation/NSObjCRuntime.hpp>
#include <Foundation/NSTypes.hpp>

#include "anvil/foundation/string.hpp"

namespace anvil {
namespace {

using Seconds = std::chrono::duration<double>;

/// From 1970 to 2001.
constexpr double kReference = 978307200;
/// Far dates saturate: a condition waits "until" one.
constexpr double kFar = 100.0 * 365 * 24 * 3600;

Date::Clock::duration duration(double seconds) {
  return std::chrono::duration_cast<Date::Clock::duration>(
      Seconds(std::clamp(seconds, -kFar, kFar)));
}
Date* at(Date::Clock::time_point time) {
  objc::Ref<Date> date = objc::make<Date>();
  date->time = time;
  return date.autoreleased();
}
Date* now() {
  return at(Date::Clock::now());
}
Date* from_now(double seconds) {
  return at(Date::Clock::now() + duration(seconds));
}
Date* since_1970(double seconds) {
  return at(Date::Clock::time_point(duration(seconds)));
}
Date* far_future() {
  return from_now(kFar);
}
Date* far_past() {
  return since_1970(-kFar / 2);
}
Date* init_since_1970(Date* self, double seconds) {
  self->time = Date::Clock::time_point(duration(seconds));
  return self;
}
Date* init_from_now(Date* self, double seconds) {
  self->time += duration(seconds);
  return self;
}
Date* later(const Date* self, double seconds) {
  return at(self->time + duration(seconds));
}
String* description(const Date* self) {
  const std::time_t seconds = Date::Clock::to_time_t(self->time);
  std::tm parts{};
  gmtime_r(&seconds, &parts);
  char text[64];
  return make_string({text, std::strftime(text, sizeof text, "%Y-%m-%d %H:%M:%S +0000", &parts)})
      .autoreleased();
}
double seconds_since_1970(const Date* self) {
  return Seconds(self->time.time_since_epoch()).count();
}
double seconds_since_reference(const Date* self) {
  return seconds_since_1970(self) - kReference;
}
double reference_now() {
  return seconds_since_reference(now());
}
double seconds_since(const Date* self, const Date* other) {
  return Seconds(self->time - other->time).count();
}
double seconds_from_now(const Date* self) {
  return Seconds(self->time - Date::Clock::now()).count();
}
NS::ComparisonResult compare(const Date* self, const Date* other) {
  return self->time < other->time   ? NS::OrderedAscending
         : self->time > other->time ? NS::OrderedDescending
                                    : NS::OrderedSame;
}
bool equals(const Date* self, const objc_object* object) {
  const auto* other = objc::as<Date>(object);
  return other && other->time == self->time;
}
size_t hash(const Date* self) {
  return static_cast<size_t>(self->time.time_since_epoch().count());
}
Date* copy(Date* self) {
  objc::retain(self);
  return self;
}

ANVIL_OBJC_CLASS_DEFINITION<Date> date_definition{
    "NSDate",
    {
        objc::class_method<&now>("date"),
        objc::class_method<&from_now>("dateWithTimeIntervalSinceNow:"),
        objc::class_method<&since_1970>("dateWithTimeIntervalSince1970:"),
        objc::class_method<&reference_now>("timeIntervalSinceReferenceDate"),
        objc::class_method<&far_future>("distantFuture"),
        objc::class_method<&far_past>("distantPast"),
        objc::function<&seconds_from_now>("timeIntervalSinceNow"),
        objc::function<&seconds_since_1970>("timeIntervalSince1970"),
        objc::function<&seconds_since_reference>("timeIntervalSinceReferenceDate"),
        objc::function<&seconds_since>("timeIntervalSinceDate:"),
        objc::function<&compare>("compare:"),
        objc::function<&init_since_1970>("initWithTimeIntervalSince1970:"),
        objc::function<&init_from_now>("initWithTimeIntervalSinceNow:"),
        objc::function<&later>("dateByAddingTimeInterval:"),
        objc::function<&description>("description"),
        objc::function<&equals>("isEqualToDate:"),
        objc::function<&equals>("isEqual:"),
        objc::function<&hash>("hash"),
        objc::function<&copy>("copy"),
    }};

}  // namespace
}  // namespace anvil

extern "C" ANVIL_EXPORT double anvil_CFAbsoluteTimeGetCurrent() {
  return std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch())
             .count() -
         anvil::kReference;
}
