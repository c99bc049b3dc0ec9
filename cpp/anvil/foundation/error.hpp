// NSError.
#pragma once

#include <string>

#include <Foundation/NSTypes.hpp>

#include "anvil/foundation/dictionary.hpp"
#include "anvil/foundation/string.hpp"

namespace anvil {

struct Error : objc::Object {
  using Super = RootObject;
  static constexpr bool kClearedResult = true;

  objc::Ref<String> domain;
  NS::Integer code = 0;
  objc::Ref<Dictionary> user_info;
};

/// `description` becomes -localizedDescription.
objc::Ref<Error> make_error(const char* domain, NS::Integer code, std::string description);

/// Its -localizedDescription.
std::string text_of(const Error& error);

/// Fills an `NSError**` argument, null or not.
void give_error(Error** out, objc::Ref<Error> error);

}  // namespace anvil
