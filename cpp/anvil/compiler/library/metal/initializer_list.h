// What clang makes of a list in braces, where it asks for it. Tests compile the library for the host,
// which has its own.
#pragma once

#if __has_include(<initializer_list>)
#include <initializer_list>
#else

#include "types.h"

namespace std {

template <class E>
class initializer_list {
 public:
  ANVIL_FN constexpr size_t size() const { return size_; }
  ANVIL_FN constexpr const E* begin() const { return begin_; }
  ANVIL_FN constexpr const E* end() const { return begin_ + size_; }

 private:
  const E* begin_;
  size_t size_;
};

}  // namespace std

#endif
