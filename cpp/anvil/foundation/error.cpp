#include "anvil/foundation/error.hpp"

#include <Foundation/NSError.hpp>

extern "C" {
extern NS::ErrorUserInfoKey const NSLocalizedDescriptionKey;
extern NS::ErrorUserInfoKey const NSLocalizedFailureReasonErrorKey;
extern NS::ErrorUserInfoKey const NSLocalizedRecoverySuggestionErrorKey;
extern NS::ErrorUserInfoKey const NSLocalizedRecoveryOptionsErrorKey;
}

namespace anvil {
namespace {

Error* init_with(Error* self, String* domain, NS::Integer code, Dictionary* user_info) {
  self->domain = objc::Ref<String>(domain);
  self->code = code;
  self->user_info = objc::Ref<Dictionary>(user_info);
  return self;
}
Error* with(String* domain, NS::Integer code, Dictionary* user_info) {
  objc::Ref<Error> error = objc::make<Error>();
  init_with(error.get(), domain, code, user_info);
  return error.autoreleased();
}
Dictionary* user_info(const Error* self) {
  if (self->user_info) return objc::Ref<Dictionary>(self->user_info).autoreleased();
  return objc::make<Dictionary>().autoreleased();
}

// As properties are handed out: tinygrad releases an error's text, and then the error.
template <NS::ErrorUserInfoKey const& Key>
objc_object* entry(const Error* self) {
  if (!self->user_info) return nullptr;
  return objc::Ref(self->user_info->find(reinterpret_cast<objc_object*>(Key))).autoreleased();
}

objc_object* localized_description(const Error* self) {
  if (objc_object* text = entry<NSLocalizedDescriptionKey>(self)) return text;
  return make_string("The operation couldn’t be completed. (" +
                     std::string(utf8(self->domain.get())) + " error " +
                     std::to_string(self->code) + ".)")
      .autoreleased();
}
String* description(const Error* self) {
  return make_string("Error Domain=" + std::string(utf8(self->domain.get())) +
                     " Code=" + std::to_string(self->code) + " \"" +
                     description_of(localized_description(self)) + "\"")
      .autoreleased();
}
Error* copy(Error* self) {
  objc::retain(self);
  return self;
}

ANVIL_OBJC_CLASS_DEFINITION<Error> error_definition{
    "NSError",
    {
        objc::class_method<&with>("errorWithDomain:code:userInfo:"),
        objc::function<&init_with>("initWithDomain:code:userInfo:"),
        objc::property<&Error::code>("code"),
        objc::property<&Error::domain>("domain"),
        objc::function<&user_info>("userInfo"),
        objc::function<&localized_description>("localizedDescription"),
        objc::function<&entry<NSLocalizedFailureReasonErrorKey>>("localizedFailureReason"),
        objc::function<&entry<NSLocalizedRecoverySuggestionErrorKey>>(
            "localizedRecoverySuggestion"),
        objc::function<&entry<NSLocalizedRecoveryOptionsErrorKey>>("localizedRecoveryOptions"),
        objc::function<&description>("description"),
        objc::function<&copy>("copy"),
    }};

}  // namespace

std::string text_of(const Error& error) {
  return description_of(localized_description(&error));
}

objc::Ref<Error> make_error(const char* domain, NS::Integer code, std::string description) {
  objc::Ref<Error> error = objc::make<Error>();
  error->domain = make_string(domain);
  error->code = code;
  error->user_info = objc::make<Dictionary>();
  error->user_info->add(reinterpret_cast<objc_object*>(NSLocalizedDescriptionKey),
                        make_string(std::move(description)).get());
  return error;
}

void give_error(Error** out, objc::Ref<Error> error) {
  if (out) *out = error.autoreleased();
}

}  // namespace anvil
