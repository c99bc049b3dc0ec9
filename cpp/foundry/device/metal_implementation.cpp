// The one file that holds metal-cpp's own definitions.
#define NS_PRIVATE_IMPLEMENTATION
#define MTL_PRIVATE_IMPLEMENTATION
#include "foundry/device/metal_state.hpp"

namespace foundry::detail {

std::string text_of(const NS::String* string, const char* fallback) {
  const char* text = string ? string->utf8String() : nullptr;
  return text ? text : fallback;
}

std::string text_of(const NS::Error* error, const char* fallback) {
  return error ? text_of(error->localizedDescription(), fallback) : fallback;
}

NS::SharedPtr<NS::String> string_of(const std::string& text) {
  return NS::TransferPtr(NS::String::alloc()->init(text.c_str(), NS::UTF8StringEncoding));
}

}  // namespace foundry::detail
