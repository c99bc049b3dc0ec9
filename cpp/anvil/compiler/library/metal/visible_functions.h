// <metal_visible_function_table> (specification 2.16). The host fills a table with functions that
// are linked to the kernel's pipeline: how many there are, then their handles
// (ir/function_pointers.hpp).
#pragma once

#include "types.h"

namespace metal {

template <class F>
struct visible_function_table {
  const size_t* __table = nullptr;

  ANVIL_FN F* operator[](size_t index) const { return (F*)__table[1 + index]; }
  ANVIL_FN size_t size() const { return __table ? *__table : 0; }
  ANVIL_FN bool empty() const { return size() == 0; }
};

template <class F>
ANVIL_FN bool is_null_visible_function_table(visible_function_table<F> table) {
  return !table.__table;
}

}  // namespace metal
