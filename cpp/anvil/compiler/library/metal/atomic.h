// <metal_atomic>: atomic<T> and its functions (specification 6.15).
#pragma once

#include "synchronization.h"
#include "type_traits.h"

namespace metal {

// 8, 32 and 64-bit values of the types that MSL allows.
template <class T>
struct atomic {
  static_assert(__is_same(T, int) || __is_same(T, uint) || __is_same(T, bool) ||
                    __is_same(T, float) || __is_same(T, ulong) || __is_same(T, long),
                "atomic<T>: T is int, uint, long, ulong, float or bool");
  atomic() = default;
  constexpr atomic(T v) : value(v) {}
  atomic(const atomic&) = delete;
  atomic& operator=(const atomic&) = delete;

  T value;
};
template <class T>
using _atomic = atomic<T>;

typedef atomic<int> atomic_int;
typedef atomic<uint> atomic_uint;
typedef atomic<bool> atomic_bool;
typedef atomic<float> atomic_float;
typedef atomic<long> atomic_long;
typedef atomic<ulong> atomic_ulong;
// Makes them complete types where a kernel takes a pointer to one and never follows it.
static_assert(sizeof(atomic_int) + sizeof(atomic_uint) + sizeof(atomic_bool) + sizeof(atomic_float) +
                  sizeof(atomic_long) + sizeof(atomic_ulong) > 0);

// Every order is carried out as acquire and release, which the hosts give a read-modify-write
// anyway; a sequentially consistent store or load adds the fence that they do not.
namespace detail {
ANVIL_FN void order_fence(memory_order order) {
  if (order == memory_order_seq_cst) __atomic_thread_fence(__ATOMIC_SEQ_CST);
}
template <class T>
using operand = type_identity_t<T>;
}  // namespace detail

template <class T>
ANVIL_FN T atomic_load_explicit(const volatile atomic<T>* object, memory_order order) {
  detail::order_fence(order);
  return __atomic_load_n(&object->value, __ATOMIC_ACQUIRE);
}
template <>
ANVIL_FN float atomic_load_explicit(const volatile atomic<float>* object, memory_order order) {
  detail::order_fence(order);
  float v;
  __atomic_load(&object->value, &v, __ATOMIC_ACQUIRE);
  return v;
}
template <class T>
ANVIL_FN void atomic_store_explicit(volatile atomic<T>* object, detail::operand<T> desired,
                                    memory_order order) {
  __atomic_store(&object->value, &desired, __ATOMIC_RELEASE);
  detail::order_fence(order);
}
template <class T>
ANVIL_FN T atomic_exchange_explicit(volatile atomic<T>* object, detail::operand<T> desired,
                                    memory_order) {
  T old;
  __atomic_exchange(&object->value, &desired, &old, __ATOMIC_ACQ_REL);
  return old;
}
template <class T>
ANVIL_FN bool atomic_compare_exchange_weak_explicit(volatile atomic<T>* object, T* expected,
                                                    detail::operand<T> desired, memory_order,
                                                    memory_order) {
  return __atomic_compare_exchange(&object->value, expected, &desired, true, __ATOMIC_ACQ_REL,
                                   __ATOMIC_ACQUIRE);
}

#define ANVIL_FETCH(name, builtin, ...)                                                 \
  template <class T>                                                                    \
    requires(__VA_ARGS__)                                                               \
  ANVIL_FN T atomic_fetch_##name##_explicit(volatile atomic<T>* object,                 \
                                            detail::operand<T> operand, memory_order) { \
    return builtin(&object->value, operand, __ATOMIC_ACQ_REL);                          \
  }
ANVIL_FETCH(add, __atomic_fetch_add, !__is_same(T, bool))
ANVIL_FETCH(sub, __atomic_fetch_sub, !__is_same(T, bool))
ANVIL_FETCH(and, __atomic_fetch_and, is_integral_v<T>)
ANVIL_FETCH(or, __atomic_fetch_or, is_integral_v<T>)
ANVIL_FETCH(xor, __atomic_fetch_xor, is_integral_v<T>)
ANVIL_FETCH(min, __atomic_fetch_min, !__is_same(T, bool))
ANVIL_FETCH(max, __atomic_fetch_max, !__is_same(T, bool))
#undef ANVIL_FETCH

// 64-bit minimum and maximum without a result.
template <class T>
ANVIL_FN void atomic_min_explicit(volatile atomic<T>* object, detail::operand<T> operand,
                                  memory_order order) {
  atomic_fetch_min_explicit(object, operand, order);
}
template <class T>
ANVIL_FN void atomic_max_explicit(volatile atomic<T>* object, detail::operand<T> operand,
                                  memory_order order) {
  atomic_fetch_max_explicit(object, operand, order);
}

}  // namespace metal
