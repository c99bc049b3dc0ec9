// NSUserDefaults: what a program was told to remember, for as long as it runs.
#include <mutex>

#include "anvil/foundation/data.hpp"
#include "anvil/foundation/dictionary.hpp"
#include "anvil/foundation/number.hpp"
#include "anvil/foundation/string.hpp"
#include "anvil/objc/autorelease.hpp"
#include "anvil/objc/errors.hpp"

namespace anvil {
namespace {

struct UserDefaults : objc::Object {
  using Super = RootObject;

  std::mutex mutex;  // guards the rest
  objc::Ref<Dictionary> values = objc::make<Dictionary>();
  objc::Ref<Dictionary> registered = objc::make<Dictionary>();  ///< where there is no value
};

UserDefaults* standard() {
  static UserDefaults* const defaults =
      objc::lasting([] { return objc::make<UserDefaults>().detach(); });
  return defaults;
}
UserDefaults* init_with_suite(UserDefaults* self, const String*) {
  return self;
}
objc_object* find(UserDefaults* self, const String* key) {
  std::lock_guard lock(self->mutex);
  objc_object* value = self->values->find(key);
  return objc::Ref(value ? value : self->registered->find(key)).autoreleased();
}
void remove(UserDefaults* self, const String* key) {
  std::lock_guard lock(self->mutex);
  self->values->remove(key);
}
void set(UserDefaults* self, objc_object* value, String* key) {
  if (!value) return remove(self, key);
  std::lock_guard lock(self->mutex);
  self->values->set(key, value);
}
template <class T>
void set_number(UserDefaults* self, T value, String* key) {
  set(self, objc::make<Number>(value).get(), key);
}
void set_float(UserDefaults* self, float value, String* key) {
  set_number<double>(self, value, key);
}
void set_integer(UserDefaults* self, NS::Integer value, String* key) {
  set_number<long long>(self, value, key);
}
/// What it has, if it is of that class.
template <class T>
T* find_of(UserDefaults* self, const String* key) {
  return objc::as<T>(find(self, key));
}
String* find_string(UserDefaults* self, const String* key) {
  objc_object* const value = find(self, key);
  if (const auto* number = objc::as<Number>(value))
    return make_string(to_string(*number)).autoreleased();
  return objc::as<String>(value);
}
/// Numbers, and strings that are one; 0 for what is none.
template <class T>
T number_of(UserDefaults* self, const String* key, const char* name) {
  objc_object* const value = find(self, key);
  if (!objc::as<Number>(value) && !objc::as<String>(value)) return T{};
  return objc::send<T>(value, sel_registerName(name));
}
bool find_bool(UserDefaults* self, const String* key) {
  return number_of<bool>(self, key, "boolValue");
}
NS::Integer find_integer(UserDefaults* self, const String* key) {
  return number_of<NS::Integer>(self, key, "integerValue");
}
float find_float(UserDefaults* self, const String* key) {
  return number_of<float>(self, key, "floatValue");
}
double find_double(UserDefaults* self, const String* key) {
  return number_of<double>(self, key, "doubleValue");
}
void add_registered(UserDefaults* self, const Dictionary* defaults) {
  if (!defaults) return;
  std::lock_guard lock(self->mutex);
  for (const auto& [key, value] : defaults->entries) self->registered->set(key.get(), value.get());
}
Dictionary* all(UserDefaults* self) {
  objc::Ref<Dictionary> all = objc::make<Dictionary>();
  std::lock_guard lock(self->mutex);
  for (const auto& dictionary : {self->registered, self->values})
    for (const auto& [key, value] : dictionary->entries) all->set(key.get(), value.get());
  return all.autoreleased();
}
bool synchronize(UserDefaults*) {
  return true;
}

ANVIL_OBJC_CLASS_DEFINITION<UserDefaults> user_defaults_definition{
    "NSUserDefaults",
    {
        objc::class_method<&standard>("standardUserDefaults"),
        objc::function<&init_with_suite>("initWithSuiteName:"),
        objc::function<&find>("objectForKey:"),
        objc::function<&find>("valueForKey:"),
        objc::function<&find_string>("stringForKey:"),
        objc::function<&find_of<Array>>("arrayForKey:"),
        objc::function<&find_of<Dictionary>>("dictionaryForKey:"),
        objc::function<&find_of<Data>>("dataForKey:"),
        objc::function<&find_bool>("boolForKey:"),
        objc::function<&find_integer>("integerForKey:"),
        objc::function<&find_float>("floatForKey:"),
        objc::function<&find_double>("doubleForKey:"),
        objc::function<&set>("setObject:forKey:"),
        objc::function<&set>("setValue:forKey:"),
        objc::function<&set_number<bool>>("setBool:forKey:"),
        objc::function<&set_number<double>>("setDouble:forKey:"),
        objc::function<&set_float>("setFloat:forKey:"),
        objc::function<&set_integer>("setInteger:forKey:"),
        objc::function<&remove>("removeObjectForKey:"),
        objc::function<&add_registered>("registerDefaults:"),
        objc::function<&all>("dictionaryRepresentation"),
        objc::function<&synchronize>("synchronize"),
    }};

}  // namespace
}  // namespace anvil
