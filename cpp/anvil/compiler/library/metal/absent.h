// What MSL has and Anvil does not: naming such a type is fine, using one is an error that says so.
#pragma once

#include "types.h"

namespace metal {

// <metal_raytracing> (specification 2.17).
template <class... Tags>
struct intersection_function_table {
  static_assert(sizeof...(Tags) != sizeof...(Tags),
                "intersection_function_table: Anvil has no ray tracing");
};

}  // namespace metal
