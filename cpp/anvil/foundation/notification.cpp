// NSNotification and NSNotificationCenter: who is told of what, by the thread that posts.
#include <list>
#include <mutex>
#include <utility>
#include <vector>

#include "anvil/foundation/dictionary.hpp"
#include "anvil/foundation/made.hpp"
#include "anvil/foundation/slot.hpp"
#include "anvil/foundation/string.hpp"
#include "anvil/objc/autorelease.hpp"
#include "anvil/objc/block.hpp"
#include "anvil/objc/errors.hpp"

namespace anvil {
namespace {

using Any = objc::Ref<objc_object>;

struct Notification : objc::Object {
  using Super = RootObject;

  objc::Ref<String> name;
  Any object;
  objc::Ref<Dictionary> user_info;
};

Notification* init_with(Notification* self, String* name, objc_object* object, Dictionary* info) {
  if (!name) throw InvalidUse("-[NSNotification initWithName:object:userInfo:]: name is nil");
  self->name = kept_copy(name);
  self->object = Any(object);
  self->user_info = objc::Ref<Dictionary>(info);
  return self;
}
Notification* with_info(objc_class* cls, String* name, objc_object* object, Dictionary* info) {
  return init_with(make_of<Notification>(cls).autoreleased(), name, object, info);
}
Notification* with(objc_class* cls, String* name, objc_object* object) {
  return with_info(cls, name, object, nullptr);
}
Notification* copy(Notification* self) {
  objc::retain(self);
  return self;
}

ANVIL_OBJC_CLASS_DEFINITION<Notification> notification_definition{
    "NSNotification",
    {
        objc::class_function<&with>("notificationWithName:object:"),
        objc::class_function<&with_info>("notificationWithName:object:userInfo:"),
        objc::function<&init_with>("initWithName:object:userInfo:"),
        objc::property<&Notification::name>("name"),
        objc::property<&Notification::object>("object"),
        objc::property<&Notification::user_info>("userInfo"),
        objc::function<&copy>("copy"),
    }};

/// What stands for a block that is told: the center holds it until it is removed.
struct BlockObserver : objc::Object {
  using Super = RootObject;

  objc::Block<void(Notification*)> block;
};

void tell(BlockObserver* self, Notification* notification) {
  self->block(notification);
}

ANVIL_OBJC_CLASS_DEFINITION<BlockObserver> block_observer_definition{
    "__NSObserver", {objc::function<&tell>("anvilTell:")}};

struct Registration {
  Registration(Slot::Holds holds, objc_object* observer, SEL selector, objc::Ref<String> name,
               const objc_object* object)
      : observer(observer, holds), selector(selector), name(std::move(name)), object(object) {}

  Slot observer;
  SEL selector;
  objc::Ref<String> name;     ///< null: of any
  const objc_object* object;  ///< whose notifications, not held; null: anyone's
};

struct Center : objc::Object {
  using Super = RootObject;

  std::mutex mutex;  // guards registrations
  std::list<Registration> registrations;
};

bool is_of(const Registration& registration, const String* name, const objc_object* object) {
  return (!registration.name || utf8(registration.name.get()) == utf8(name)) &&
         (!registration.object || registration.object == object);
}

Center* shared() {
  static Center* const center = objc::lasting([] { return objc::make<Center>().detach(); });
  return center;
}
void add(Center* self, objc_object* observer, SEL selector, String* name, objc_object* object) {
  if (!observer || !selector)
    throw InvalidUse(std::string("-[NSNotificationCenter addObserver:selector:name:object:]: ") +
                     (observer ? "selector" : "observer") + " is nil");
  std::lock_guard lock(self->mutex);
  self->registrations.emplace_back(Slot::Holds::weakly, observer, selector, kept_copy(name),
                                   object);
}
objc_object* add_block(Center* self, String* name, objc_object* object, objc_object* queue,
                       void (^block)(Notification*)) {
  constexpr const char* kMethod =
      "-[NSNotificationCenter addObserverForName:object:queue:usingBlock:]: ";
  if (!block) throw InvalidUse(std::string(kMethod) + "block is nil");
  if (queue) throw InvalidUse(std::string(kMethod) + "unsupported queue; supported: nil");
  objc::Ref<BlockObserver> observer = objc::make<BlockObserver>();
  observer->block = objc::Block<void(Notification*)>(block);
  static const SEL selector = sel_registerName("anvilTell:");
  std::lock_guard lock(self->mutex);
  self->registrations.emplace_back(Slot::Holds::strongly, observer.get(), selector, kept_copy(name),
                                   object);
  return observer.autoreleased();
}
void remove_of(Center* self, objc_object* observer, const String* name, const objc_object* object) {
  // What ends here asks the center for the same.
  std::list<Registration> removed;
  std::vector<Any> asked_about;
  std::lock_guard lock(self->mutex);
  for (auto it = self->registrations.begin(); it != self->registrations.end();) {
    const auto registration = it++;
    const Any& known = asked_about.emplace_back(registration->observer.get());
    const String* const its_name = registration->name.get();
    const bool asked = known.get() == observer &&
                       (!name || (its_name && utf8(its_name) == utf8(name))) &&
                       (!object || registration->object == object);
    if (!known || asked) removed.splice(removed.end(), self->registrations, registration);
  }
}
void remove(Center* self, objc_object* observer) {
  remove_of(self, observer, nullptr, nullptr);
}
void post(Center* self, Notification* notification) {
  if (!notification) throw InvalidUse("-[NSNotificationCenter postNotification:]: nil");
  std::vector<std::pair<Any, SEL>> told;
  {
    std::lock_guard lock(self->mutex);
    for (Registration& registration : self->registrations)
      if (is_of(registration, notification->name.get(), notification->object.get()))
        told.emplace_back(registration.observer.get(), registration.selector);
  }
  for (const auto& [observer, selector] : told)
    if (observer) objc::send<void>(observer.get(), selector, notification);
}
void post_with_info(Center* self, String* name, objc_object* object, Dictionary* info) {
  post(self, with_info(objc::class_of<Notification>(), name, object, info));
}
void post_with(Center* self, String* name, objc_object* object) {
  post_with_info(self, name, object, nullptr);
}

ANVIL_OBJC_CLASS_DEFINITION<Center> center_definition{
    "NSNotificationCenter",
    {
        objc::class_method<&shared>("defaultCenter"),
        objc::function<&add>("addObserver:selector:name:object:"),
        objc::function<&add_block>("addObserverForName:object:queue:usingBlock:"),
        objc::function<&remove>("removeObserver:"),
        objc::function<&remove_of>("removeObserver:name:object:"),
        objc::function<&post>("postNotification:"),
        objc::function<&post_with>("postNotificationName:object:"),
        objc::function<&post_with_info>("postNotificationName:object:userInfo:"),
    }};

}  // namespace
}  // namespace anvil
