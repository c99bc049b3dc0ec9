// NSObject, the root of all classes, and the messages that every object answers.
#pragma once

#include <string>

#include "anvil/objc/cast.hpp"
#include "anvil/objc/class.hpp"
#include "anvil/objc/runtime.hpp"

namespace anvil {

struct RootObject : objc::Object {};

bool is_equal(const objc_object* a, const objc_object* b);
size_t hash_of(const objc_object* object);
/// -description; "(null)" for nil.
std::string description_of(const objc_object* object);

struct HashObject {
  size_t operator()(const objc_object* object) const { return hash_of(object); }
};
struct EqualObjects {
  bool operator()(const objc_object* a, const objc_object* b) const { return is_equal(a, b); }
};

}  // namespace anvil
