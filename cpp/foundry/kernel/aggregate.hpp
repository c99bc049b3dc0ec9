// Compile-time look at a parameter struct: how many members, their types, offsets and names.
//
// Types and offsets come from the type system (structured bindings). Only names, which C++20 has no
// other way to give, are read from the compiler's own spelling of a pointer to the member.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>

namespace foundry::detail {

inline constexpr std::size_t kMaxMembers = 23;
inline constexpr std::size_t kMaxValues = 256;  // of all members, elements of C arrays each

template <class T>
inline constexpr bool kIsOptional = false;
template <class T>
inline constexpr bool kIsOptional<std::optional<T>> = true;

struct AnyMember {
  /// Never defined: only asked whether it would fit. An optional takes what its value takes, and
  /// would not know which of the two ways to go.
  template <class T>
    requires(!kIsOptional<T>)
  operator T() const;
};

template <std::size_t>
using AnyMemberAt = AnyMember;

/// How many values can stand between T's braces: one for each member, each element of a C array.
template <class T, std::size_t... I>
consteval std::size_t value_count(std::index_sequence<I...>) {
  if constexpr (requires { T{AnyMemberAt<I>{}..., AnyMember{}}; }) {
    static_assert(sizeof...(I) < kMaxValues, "a parameter struct is too large to be read");
    return value_count<T>(std::index_sequence<I..., sizeof...(I)>{});
  } else {
    return sizeof...(I);
  }
}

template <class T, std::size_t... Before, std::size_t... After>
consteval bool takes_one_in_braces(std::index_sequence<Before...>, std::index_sequence<After...>) {
  return requires { T{AnyMemberAt<Before>{}..., {AnyMember{}}, AnyMemberAt<After>{}...}; };
}

/// Of T's `Values`, those that the member with number `At` among them takes. More than one is a C
/// array: once it has braces of its own, fewer can follow.
template <class T, std::size_t Values, std::size_t At, std::size_t Width = 1>
consteval std::size_t member_width() {
  if constexpr (At + Width > Values) {
    return 1;  // a class that takes nothing in braces
  } else if constexpr (takes_one_in_braces<T>(std::make_index_sequence<At>{},
                                              std::make_index_sequence<Values - At - Width>{})) {
    return Width;
  } else {
    return member_width<T, Values, At, Width + 1>();
  }
}

template <class T, std::size_t Values, std::size_t At = 0>
consteval std::size_t members_from() {
  if constexpr (At == Values) {
    return 0;
  } else {
    return 1 + members_from<T, Values, At + member_width<T, Values, At>()>();
  }
}

template <class T>
consteval std::size_t member_count() {
  constexpr std::size_t count = members_from<T, value_count<T>(std::index_sequence<>{})>();
  static_assert(count > 0, "a parameter struct has members");
  static_assert(count <= kMaxMembers, "a parameter struct has at most 23 members");
  return count;
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

/// Where what `text` has from `begin` on ends, at one of `ends` that stands in no <>; the last < of
/// those it ends with goes to `arguments`.
consteval std::size_t end_of_type(std::string_view text, std::size_t begin, std::string_view ends,
                                  std::size_t& arguments) {
  std::size_t depth = 0;
  std::size_t at = begin;
  for (; at < text.size(); ++at) {
    if (depth == 0 && ends.find(text[at]) != ends.npos) break;
    if (text[at] == '<' && depth++ == 0) arguments = at;
    if (text[at] == '>') --depth;
  }
  return at;
}

/// The unqualified name of a struct, of a template's without its arguments.
template <class T>
consteval std::string_view type_name() {
  // clang: "... [T = ns::Name]", gcc: "... [with T = ns::Name; ...]".
  constexpr std::string_view text = spelled_type<T>();
  std::size_t arguments = 0;
  const std::size_t end = end_of_type(text, text.find("T = "), ";]", arguments);
  return identifier_before(text, text[end - 1] == '>' ? arguments : end);
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
