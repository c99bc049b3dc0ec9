// <metal_type_traits>: the traits of specification 2.21, on clang's builtins.
#pragma once

#include "types.h"

namespace metal {

template <class T, T v>
struct integral_constant {
  static constexpr T value = v;
  using value_type = T;
  using type = integral_constant;
  constexpr operator value_type() const { return value; }
  constexpr value_type operator()() const { return value; }
};
template <bool b>
using bool_constant = integral_constant<bool, b>;
using true_type = bool_constant<true>;
using false_type = bool_constant<false>;

template <bool, class T = void>
struct enable_if {};
template <class T>
struct enable_if<true, T> {
  using type = T;
};
template <bool b, class T = void>
using enable_if_t = typename enable_if<b, T>::type;

template <bool, class A, class B>
struct conditional {
  using type = A;
};
template <class A, class B>
struct conditional<false, A, B> {
  using type = B;
};
template <bool b, class A, class B>
using conditional_t = typename conditional<b, A, B>::type;

#define ANVIL_TRANSFORM(name, builtin) \
  template <class T>                   \
  struct name {                        \
    using type = builtin(T);           \
  };                                   \
  template <class T>                   \
  using name##_t = builtin(T);
ANVIL_TRANSFORM(remove_const, __remove_const)
ANVIL_TRANSFORM(remove_volatile, __remove_volatile)
ANVIL_TRANSFORM(remove_cv, __remove_cv)
ANVIL_TRANSFORM(remove_reference, __remove_reference_t)
ANVIL_TRANSFORM(remove_pointer, __remove_pointer)
ANVIL_TRANSFORM(remove_extent, __remove_extent)
ANVIL_TRANSFORM(remove_all_extents, __remove_all_extents)
ANVIL_TRANSFORM(add_pointer, __add_pointer)
ANVIL_TRANSFORM(add_lvalue_reference, __add_lvalue_reference)
ANVIL_TRANSFORM(add_rvalue_reference, __add_rvalue_reference)
ANVIL_TRANSFORM(decay, __decay)
ANVIL_TRANSFORM(make_signed, __make_signed)
ANVIL_TRANSFORM(make_unsigned, __make_unsigned)
ANVIL_TRANSFORM(underlying_type, __underlying_type)
#undef ANVIL_TRANSFORM

template <class T>
struct add_const {
  using type = const T;
};
template <class T>
using add_const_t = const T;
template <class T>
struct add_volatile {
  using type = volatile T;
};
template <class T>
using add_volatile_t = volatile T;
template <class T>
struct add_cv {
  using type = const volatile T;
};
template <class T>
using add_cv_t = const volatile T;

// device, threadgroup and constant, as clang has them.
template <class T>
struct remove_addrspace {
  using type = T;
};
template <class T>
struct remove_addrspace<__attribute__((opencl_global)) T> {
  using type = T;
};
template <class T>
struct remove_addrspace<__attribute__((opencl_local)) T> {
  using type = T;
};
template <class T>
struct remove_addrspace<__attribute__((opencl_constant)) T> {
  using type = T;
};
template <class T>
using remove_addrspace_t = typename remove_addrspace<T>::type;

// Not among MSL's names, which programs may have for their own.
namespace detail {
template <class T>
struct type_identity {
  using type = T;
};
template <class T>
using type_identity_t = typename type_identity<T>::type;
}  // namespace detail

#define ANVIL_PREDICATE(name, ...)              \
  template <class T>                            \
  inline constexpr bool name##_v = __VA_ARGS__; \
  template <class T>                            \
  struct name : bool_constant<(__VA_ARGS__)> {};
ANVIL_PREDICATE(is_void, __is_void(T))
ANVIL_PREDICATE(is_integral, __is_integral(T))
ANVIL_PREDICATE(is_floating_point, __is_floating_point(T) || __is_same(__remove_cv(T), half) ||
                                       __is_same(__remove_cv(T), bfloat))
ANVIL_PREDICATE(is_arithmetic, is_integral_v<T> || is_floating_point_v<T>)
ANVIL_PREDICATE(is_fundamental, __is_fundamental(T) || is_floating_point_v<T>)
ANVIL_PREDICATE(is_array, __is_array(T))
ANVIL_PREDICATE(is_enum, __is_enum(T))
ANVIL_PREDICATE(is_union, __is_union(T))
ANVIL_PREDICATE(is_class, __is_class(T))
ANVIL_PREDICATE(is_function, __is_function(T))
ANVIL_PREDICATE(is_pointer, __is_pointer(T))
ANVIL_PREDICATE(is_lvalue_reference, __is_lvalue_reference(T))
ANVIL_PREDICATE(is_rvalue_reference, __is_rvalue_reference(T))
ANVIL_PREDICATE(is_reference, __is_reference(T))
ANVIL_PREDICATE(is_object, __is_object(T))
ANVIL_PREDICATE(is_compound, __is_compound(T))
ANVIL_PREDICATE(is_const, __is_const(T))
ANVIL_PREDICATE(is_volatile, __is_volatile(T))
ANVIL_PREDICATE(is_signed, is_arithmetic_v<T> && !__is_unsigned(T))
ANVIL_PREDICATE(is_unsigned, __is_unsigned(T))
ANVIL_PREDICATE(is_scalar, is_arithmetic_v<T> || __is_scalar(T))
ANVIL_PREDICATE(is_trivial, __is_trivially_copyable(T) && __is_trivially_constructible(T))
ANVIL_PREDICATE(is_trivially_copyable, __is_trivially_copyable(T))
ANVIL_PREDICATE(is_standard_layout, __is_standard_layout(T))
ANVIL_PREDICATE(is_literal_type, __is_literal_type(T))
ANVIL_PREDICATE(is_polymorphic, __is_polymorphic(T))
ANVIL_PREDICATE(is_abstract, __is_abstract(T))
ANVIL_PREDICATE(is_default_constructible, __is_constructible(T))
ANVIL_PREDICATE(is_copy_constructible, __is_constructible(T, const T&))
ANVIL_PREDICATE(is_move_constructible, __is_constructible(T, T&&))
ANVIL_PREDICATE(is_trivially_default_constructible, __is_trivially_constructible(T))
#undef ANVIL_PREDICATE

#define ANVIL_RELATION(name, ...)               \
  template <class A, class B>                   \
  inline constexpr bool name##_v = __VA_ARGS__; \
  template <class A, class B>                   \
  struct name : bool_constant<(__VA_ARGS__)> {};
ANVIL_RELATION(is_same, __is_same(A, B))
ANVIL_RELATION(is_base_of, __is_base_of(A, B))
ANVIL_RELATION(is_convertible, __is_convertible(A, B))
ANVIL_RELATION(is_assignable, __is_assignable(A, B))
#undef ANVIL_RELATION

template <class T, class... A>
inline constexpr bool is_constructible_v = __is_constructible(T, A...);
template <class T, class... A>
struct is_constructible : bool_constant<__is_constructible(T, A...)> {};

template <class T>
inline constexpr size_t rank_v = __array_rank(T);
template <class T>
struct rank : integral_constant<size_t, __array_rank(T)> {};
template <class T, unsigned dim = 0>
inline constexpr size_t extent_v = __array_extent(T, dim);
template <class T, unsigned dim = 0>
struct extent : integral_constant<size_t, __array_extent(T, dim)> {};
template <class T>
struct alignment_of : integral_constant<size_t, alignof(T)> {};
template <class T>
inline constexpr size_t alignment_of_v = alignof(T);

template <class... B>
inline constexpr bool conjunction_v = (bool(B::value) && ...);
template <class... B>
struct conjunction : bool_constant<(bool(B::value) && ...)> {};
template <class... B>
inline constexpr bool disjunction_v = (bool(B::value) || ...);
template <class... B>
struct disjunction : bool_constant<(bool(B::value) || ...)> {};
template <class B>
inline constexpr bool negation_v = !bool(B::value);
template <class B>
struct negation : bool_constant<!bool(B::value)> {};

// Names by which Apple's own headers know them; kernels written inside `namespace metal` use them.
template <class... B>
using _disjunction = disjunction<B...>;
template <class... B>
using _conjunction = conjunction<B...>;

template <class T>
__add_rvalue_reference(T) declval() noexcept;

template <class... T>
struct common_type;
template <class T>
struct common_type<T> {
  using type = __decay(T);
};
template <class A, class B>
struct common_type<A, B> {
  using type = __decay(decltype(true ? declval<A>() : declval<B>()));
};
template <class A, class B, class... R>
struct common_type<A, B, R...> : common_type<typename common_type<A, B>::type, R...> {};
template <class... T>
using common_type_t = typename common_type<T...>::type;

template <class F, class... A>
struct invoke_result {
  using type = decltype(declval<F>()(declval<A>()...));
};
template <class F, class... A>
using invoke_result_t = typename invoke_result<F, A...>::type;

}  // namespace metal
