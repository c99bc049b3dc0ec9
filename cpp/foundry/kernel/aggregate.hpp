// Compile-time look at a parameter struct: how many members, their types, offsets and names.
//
// Types and offsets come from the type system (structured bindings). Only names, which C++20 has no
// other way to give, are read from the compiler's own spelling of a pointer to the member.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>

namespace foundry::detail {

inline constexpr std::size_t kMaxMembers = 24;

struct AnyMember {
  template <class T>
  constexpr operator T() const;  // never defined: only asked whether it would fit
};

template <class T, std::size_t... I>
consteval bool takes_members(std::index_sequence<I...>) {
  return requires { T{(static_cast<void>(I), AnyMember{})...}; };
}

template <class T, std::size_t N = kMaxMembers>
consteval std::size_t member_count() {
  if constexpr (takes_members<T>(std::make_index_sequence<N>{})) {
    static_assert(N < kMaxMembers, "a parameter struct has at most 23 members");
    return N;
  } else {
    static_assert(N > 0, "not an aggregate");
    return member_count<T, N - 1>();
  }
}

/// A tuple of pointers to the members of `value`.
template <class T>
constexpr auto member_pointers(T& value) {
  constexpr std::size_t count = member_count<std::remove_const_t<T>>();
  // clang-format off
  auto take = [](auto&... member) { return std::make_tuple(&member...); };
#define FOUNDRY_MEMBERS(n, ...) \
  if constexpr (count == n) { auto& [__VA_ARGS__] = value; return take(__VA_ARGS__); }
  FOUNDRY_MEMBERS(1, a)
  else FOUNDRY_MEMBERS(2, a, b)
  else FOUNDRY_MEMBERS(3, a, b, c)
  else FOUNDRY_MEMBERS(4, a, b, c, d)
  else FOUNDRY_MEMBERS(5, a, b, c, d, e)
  else FOUNDRY_MEMBERS(6, a, b, c, d, e, f)
  else FOUNDRY_MEMBERS(7, a, b, c, d, e, f, g)
  else FOUNDRY_MEMBERS(8, a, b, c, d, e, f, g, h)
  else FOUNDRY_MEMBERS(9, a, b, c, d, e, f, g, h, i)
  else FOUNDRY_MEMBERS(10, a, b, c, d, e, f, g, h, i, j)
  else FOUNDRY_MEMBERS(11, a, b, c, d, e, f, g, h, i, j, k)
  else FOUNDRY_MEMBERS(12, a, b, c, d, e, f, g, h, i, j, k, l)
  else FOUNDRY_MEMBERS(13, a, b, c, d, e, f, g, h, i, j, k, l, m)
  else FOUNDRY_MEMBERS(14, a, b, c, d, e, f, g, h, i, j, k, l, m, n)
  else FOUNDRY_MEMBERS(15, a, b, c, d, e, f, g, h, i, j, k, l, m, n, o)
  else FOUNDRY_MEMBERS(16, a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p)
  else FOUNDRY_MEMBERS(17, a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, q)
  else FOUNDRY_MEMBERS(18, a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, q, r)
  else FOUNDRY_MEMBERS(19, a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, q, r, s)
  else FOUNDRY_MEMBERS(20, a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, q, r, s, t)
  else FOUNDRY_MEMBERS(21, a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, q, r, s, t, u)
  else FOUNDRY_MEMBERS(22, a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, q, r, s, t, u, v)
  else FOUNDRY_MEMBERS(23, a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, q, r, s, t, u, v, w)
#undef FOUNDRY_MEMBERS
  // clang-format on
}

template <class T>
struct NamedObject {
  T value;
};

#if defined(__clang__)
#pragma clang diagnostic push
#pragma clang diagnostic ignored "-Wundefined-var-template"
#pragma clang diagnostic ignored "-Wundefined-internal"
#endif
/// Never defined: only its members' addresses are spelled.
template <class T>
extern const NamedObject<T> kNamedObject;

template <auto Pointer>
consteval std::string_view spelled_pointer() {
  return __PRETTY_FUNCTION__;
}

template <class T>
consteval std::string_view spelled_type() {
  return __PRETTY_FUNCTION__;
}

consteval bool is_identifier(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

/// The identifier that ends right before `end`.
consteval std::string_view identifier_before(std::string_view text, std::size_t end) {
  std::size_t begin = end;
  while (begin > 0 && is_identifier(text[begin - 1])) --begin;
  return text.substr(begin, end - begin);
}

/// The unqualified name of a struct.
template <class T>
consteval std::string_view type_name() {
  // clang: "... [T = ns::Name]", gcc: "... [with T = ns::Name; ...]".
  constexpr std::string_view text = spelled_type<T>();
  return identifier_before(text, text.find_first_of(";]", text.find("T = ")));
}

template <class T, std::size_t I>
consteval std::string_view member_name() {
  // clang: "... [Pointer = &kNamedObject.value.name]", gcc: "(&
  // kNamedObject<T>...::value.T::name)".
  constexpr std::string_view text =
      spelled_pointer<std::get<I>(member_pointers(kNamedObject<T>.value))>();
  return identifier_before(text, text.find_first_of(")]", text.find("value.")));
}
#if defined(__clang__)
#pragma clang diagnostic pop
#endif

template <class T, std::size_t I>
using MemberType = std::remove_cv_t<
    std::remove_pointer_t<std::tuple_element_t<I, decltype(member_pointers(std::declval<T&>()))>>>;

/// Bytes from the start of the struct to member I, by the layout rule of standard-layout structs.
template <class T, std::size_t I>
consteval std::size_t member_offset() {
  if constexpr (I == 0) {
    return 0;
  } else {
    using Previous = MemberType<T, I - 1>;
    constexpr std::size_t alignment = alignof(MemberType<T, I>);
    constexpr std::size_t end = member_offset<T, I - 1>() + sizeof(Previous);
    return (end + alignment - 1) / alignment * alignment;
  }
}

/// Whether that rule gives the struct's real size; a member with alignas would break it.
template <class T>
consteval bool has_plain_layout() {
  constexpr std::size_t last = member_count<T>() - 1;
  constexpr std::size_t end = member_offset<T, last>() + sizeof(MemberType<T, last>);
  return std::is_standard_layout_v<T> &&
         (end + alignof(T) - 1) / alignof(T) * alignof(T) == sizeof(T);
}

}  // namespace foundry::detail
