// <metal_uniform>: uniform<T> promises that all threads hold one value (specification 2.15). The
// vectoriser finds that out by itself, so it is the type itself.
#pragma once

namespace metal {

template <class T>
using uniform = T;
template <class T>
constexpr T make_uniform(T v) {
  return v;
}

}  // namespace metal
