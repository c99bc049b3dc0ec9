// NSDictionary and NSMutableDictionary: keys compare with -isEqual:, enumeration is in order of
// insertion.
#pragma once

#include <unordered_map>
#include <utility>
#include <vector>

#include "anvil/foundation/array.hpp"
#include "anvil/foundation/object.hpp"

namespace anvil {

struct Dictionary : objc::Object {
  using Super = RootObject;

  /// Keeps a copy of the key. The first value stays if a key comes again.
  void add(objc_object* key, objc_object* value);
  /// The last value stays.
  void set(objc_object* key, objc_object* value);
  void remove(const objc_object* key);
  void clear();
  objc_object* find(const objc_object* key) const;

  std::vector<std::pair<objc::Ref<objc_object>, objc::Ref<objc_object>>> entries;

 private:
  std::unordered_map<const objc_object*, size_t, HashObject, EqualObjects> index_;
};

struct MutableDictionary : Dictionary {
  using Super = Dictionary;

  unsigned long mutations = 0;  ///< what loops over it look at
};

}  // namespace anvil
