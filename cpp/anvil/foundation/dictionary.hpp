// NSDictionary: keys compare with -isEqual:, enumeration is in order of insertion.
#pragma once

#include <unordered_map>
#include <utility>
#include <vector>

#include "anvil/foundation/array.hpp"
#include "anvil/foundation/object.hpp"

namespace anvil {

struct Dictionary : objc::Object {
  using Super = RootObject;

  /// The first value stays if a key comes again.
  void add(objc_object* key, objc_object* value);
  objc_object* find(const objc_object* key) const;

  std::vector<std::pair<objc::Ref<objc_object>, objc::Ref<objc_object>>> entries;

 private:
  std::unordered_map<const objc_object*, size_t, HashObject, EqualObjects> index_;
};

}  // namespace anvil
