// NSCharacterSet.
#pragma once

#include <functional>

#include "anvil/foundation/string.hpp"

namespace anvil {

struct CharacterSet : objc::Object {
  using Super = RootObject;

  explicit CharacterSet(std::function<bool(char32_t)> contains) : contains(std::move(contains)) {}

  std::function<bool(char32_t)> contains;
};

}  // namespace anvil
