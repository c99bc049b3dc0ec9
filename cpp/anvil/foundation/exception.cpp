// NSException, and what @catch makes of Anvil's own errors.
#include <objc/arc.h>

#include "anvil/foundation/dictionary.hpp"
#include "anvil/foundation/string.hpp"
#include "anvil/objc/exceptions.hpp"

extern "C" {
extern NS::String* const NSInvalidArgumentException;
extern NS::String* const NSRangeException;
}

namespace anvil {
namespace {

struct Exception : objc::Object {
  using Super = RootObject;

  objc::Ref<String> name;
  objc::Ref<String> reason;
  objc::Ref<Dictionary> user_info;
};

Exception* init_with(Exception* self, String* name, String* reason, Dictionary* user_info) {
  self->name = kept_copy(name);
  self->reason = kept_copy(reason);
  self->user_info = objc::Ref<Dictionary>(user_info);
  return self;
}
Exception* with(String* name, String* reason, Dictionary* user_info) {
  return init_with(objc::make<Exception>().autoreleased(), name, reason, user_info);
}
[[noreturn]] void raise(Exception* self) {
  objc_exception_throw(self);
}
[[noreturn]] void raise_format(objc_class*, SEL, String* name, const String* format, ...) {
  va_list arguments;
  va_start(arguments, format);
  const objc::Ref<String> reason = make_string(formatted(utf8(format), arguments));
  va_end(arguments);
  raise(with(name, reason.get(), nullptr));
}
String* description(const Exception* self) {
  return self->reason ? self->reason.get() : self->name.get();
}
Exception* copy(Exception* self) {
  objc::retain(self);
  return self;
}

ANVIL_OBJC_CLASS_DEFINITION<Exception> exception_definition{
    "NSException",
    {
        objc::class_method<&with>("exceptionWithName:reason:userInfo:"),
        objc::variadic("raise:format:", &raise_format, true),
        objc::function<&init_with>("initWithName:reason:userInfo:"),
        objc::property<&Exception::name>("name"),
        objc::property<&Exception::reason>("reason"),
        objc::property<&Exception::user_info>("userInfo"),
        objc::function<&raise>("raise"),
        objc::function<&description>("description"),
        objc::function<&copy>("copy"),
    }};

[[maybe_unused]] const bool told = [] {
  objc::set_exception_maker([](const char* text, bool out_of_range) -> objc_object* {
    NS::String* const name = out_of_range ? NSRangeException : NSInvalidArgumentException;
    return with(reinterpret_cast<String*>(name), make_string(text).get(), nullptr);
  });
  return true;
}();

}  // namespace
}  // namespace anvil

extern "C" {
ANVIL_EXPORT extern const anvil::objc::ExceptionType OBJC_EHTYPE_$_NSException;
[[clang::no_destroy]] const anvil::objc::ExceptionType OBJC_EHTYPE_$_NSException(
    "NSException", anvil::objc::class_of<anvil::Exception>());
}
