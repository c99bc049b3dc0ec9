// An operation's description: its arguments once, each with its name, role, rules and
// documentation.
//
//   struct Softmax {
//     AnyTensor x;
//     AnyTensor y;
//     AnyTensor mask = {};
//     float scale = 1.0f;
//     ...
//     static constexpr auto description = operation(
//         "y = exp(scale x + mask) / sum of the same, row by row.",
//         read<&Softmax::x>(Elements::floats, "(columns,) or (..., columns)"),
//         write<&Softmax::y>(Elements::floats, "x's size").may_be<&Softmax::x>(),
//         optional_read<&Softmax::mask>(Elements::floats, "(columns,)"),
//         setting<&Softmax::scale>("of x"));
//   };
//
// Names come from the members, defaults from their initialisers. Checks, in-place rules and traffic
// (ops/operands.hpp), text (ops/operation_text.hpp), bindings and docs/ops.md follow from it.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <tuple>
#include <type_traits>

#include "foundry/kernel/aggregate.hpp"

namespace foundry::detail {

template <std::size_t kSize>
consteval std::array<char, kSize + 1> characters(std::string_view text) {
  std::array<char, kSize + 1> result{};
  for (std::size_t i = 0; i < kSize; ++i) result[i] = text[i];
  return result;
}

template <auto kMember>
consteval std::string_view pointed_name() {
  // clang: "... [Pointer = &ns::Op::name]", gcc: "... [with auto Pointer = &ns::Op::name; ...]".
  constexpr std::string_view text = spelled_pointer<kMember>();
  return identifier_before(text, text.find_first_of(";]", text.find("Pointer = ")));
}
template <auto kMember>
inline constexpr auto kMemberName =
    characters<pointed_name<kMember>().size()>(pointed_name<kMember>());

template <class Op>
inline constexpr auto kTypeName = characters<type_name<Op>().size()>(type_name<Op>());

template <class Class, class Member>
Member type_of_member(Member Class::*);

template <auto kFirst, auto... kRest>
struct Last : Last<kRest...> {};
template <auto kOnly>
struct Last<kOnly> {
  static constexpr auto kMember = kOnly;
};

}  // namespace foundry::detail

namespace foundry::ops {

/// What an operation does with an argument.
enum class Role : std::uint8_t {
  setting,     ///< a value
  read,        ///< a tensor
  write,       ///< a tensor
  read_write,  ///< a tensor that is changed where it is
};

/// The element types that a tensor may have.
enum class Elements : std::uint8_t {
  any,      ///< the operation checks them itself
  floats,   ///< f32, f16 or bf16
  plain,    ///< all but blocks
  index,    ///< i32 or u32
  weights,  ///< every format with a policy
};

/// Whether an argument may be left out.
enum class Presence : std::uint8_t {
  required,
  to_run,    ///< left out of what becomes a part of a fused kernel
  optional,  ///< left out as one likes
};

/// "Softmax".
template <class Op>
inline constexpr const char* kName = detail::kTypeName<Op>.data();

/// An argument: the member at the end of the path, which leads through nested settings.
template <auto... kPath>
struct Field {
  static constexpr auto kMember = detail::Last<kPath...>::kMember;
  using Type = decltype(detail::type_of_member(kMember));

  Role role = Role::setting;
  Elements elements = Elements::any;
  Presence presence = Presence::required;
  const char* documentation = "";
  const char* name = detail::kMemberName<kMember>.data();
  /// Of what is written: the arguments that it may be, as the same elements in the same order.
  std::array<const char*, 2> in_place = {};

  template <class Op>
  [[nodiscard]] static constexpr auto& of(Op& op) noexcept {
    return (op.*....*kPath);
  }

  template <auto... kInputs>
  [[nodiscard]] constexpr Field may_be() const {
    static_assert(sizeof...(kInputs) <= 2);
    Field field = *this;
    field.in_place = {detail::kMemberName<kInputs>.data()...};
    return field;
  }
  /// A part of a fused kernel goes without it.
  [[nodiscard]] constexpr Field to_run() const {
    Field field = *this;
    field.presence = Presence::to_run;
    return field;
  }
  /// By another name than its member's.
  [[nodiscard]] constexpr Field as(const char* other) const {
    Field field = *this;
    field.name = other;
    return field;
  }
};

template <auto kMember>
[[nodiscard]] constexpr auto read(Elements elements, const char* documentation) {
  return Field<kMember>{Role::read, elements, Presence::required, documentation};
}
template <auto kMember>
[[nodiscard]] constexpr auto optional_read(Elements elements, const char* documentation) {
  return Field<kMember>{Role::read, elements, Presence::optional, documentation};
}
template <auto kMember>
[[nodiscard]] constexpr auto write(Elements elements, const char* documentation) {
  return Field<kMember>{Role::write, elements, Presence::required, documentation};
}
template <auto kMember>
[[nodiscard]] constexpr auto optional_write(Elements elements, const char* documentation) {
  return Field<kMember>{Role::write, elements, Presence::optional, documentation};
}
template <auto kMember>
[[nodiscard]] constexpr auto read_write(Elements elements, const char* documentation) {
  return Field<kMember>{Role::read_write, elements, Presence::required, documentation};
}
template <auto kMember>
[[nodiscard]] constexpr auto optional_read_write(Elements elements, const char* documentation) {
  return Field<kMember>{Role::read_write, elements, Presence::optional, documentation};
}
template <auto kMember>
[[nodiscard]] constexpr auto setting(const char* documentation) {
  return Field<kMember>{Role::setting, Elements::any, Presence::optional, documentation};
}

/// The fields of a struct of settings, as arguments of the operation that has it as a member.
template <auto kMember, class... Fields>
[[nodiscard]] constexpr auto inside(const std::tuple<Fields...>& settings) {
  const auto lead = []<auto... kPath>(const Field<kPath...>& field) {
    return Field<kMember, kPath...>{field.role,          field.elements, field.presence,
                                    field.documentation, field.name,     field.in_place};
  };
  return std::apply([&](const Fields&... field) { return std::tuple(lead(field)...); }, settings);
}

/// What follows it is given by name only, as after Python's `*`.
struct ByName {};

template <class... Fields>
struct Description {
  static constexpr std::size_t kCount = sizeof...(Fields);
  const char* documentation;
  std::tuple<Fields...> fields;
  std::size_t by_position;  ///< so many of the fields may be given without their name
};

template <auto... kPath>
constexpr auto fields_of(const Field<kPath...>& field) {
  return std::tuple(field);
}
template <class... Fields>
constexpr auto fields_of(const std::tuple<Fields...>& fields) {
  return fields;
}
constexpr std::tuple<> fields_of(ByName) {
  return {};
}

template <class... Fields>
constexpr auto description_of(const char* documentation, std::size_t by_position,
                              const std::tuple<Fields...>& fields) {
  return Description<Fields...>{documentation, fields, by_position};
}

/// Arguments in the order in which they are given: Fields, `inside` tuples and at most one ByName.
template <class... Items>
[[nodiscard]] constexpr auto operation(const char* documentation, const Items&... items) {
  std::size_t by_position = 0;
  bool named = false;
  [[maybe_unused]] const auto count = [&]<class Item>(const Item& item) {
    named = named || std::is_same_v<Item, ByName>;
    if (!named) by_position += std::tuple_size_v<decltype(fields_of(item))>;
  };
  (count(items), ...);
  return description_of(documentation, by_position, std::tuple_cat(fields_of(items)...));
}

template <class Op>
concept Described = requires { Op::description.fields; };

/// One whose members have their initialisers' values. Not inlined: an operation is large to make,
/// and each of its arguments asks for this one.
template <Described Op>
[[nodiscard, gnu::noinline]] const Op& defaults_of() {
  static const Op defaults{};
  return defaults;
}

/// Calls visit(field) for each argument.
template <Described Op, class Visit>
constexpr void for_each_field(const Visit& visit) {
  std::apply([&](const auto&... field) { (visit(field), ...); }, Op::description.fields);
}

/// How an enumerator is called and what it does.
template <class Enum>
struct Choice {
  Enum value;
  const char* name;
  const char* documentation = "";
};
template <class Enum, std::size_t kCount>
struct Choices {
  const char* documentation;
  std::array<Choice<Enum>, kCount> all;
};
template <class Enum, std::size_t kCount>
[[nodiscard]] constexpr auto choices(const char* documentation, const Choice<Enum> (&all)[kCount]) {
  return Choices<Enum, kCount>{documentation, std::to_array(all)};
}
/// The values of an enumeration that an operation takes; specialised beside it.
template <class Enum>
inline constexpr auto kChoices = nullptr;

/// Operations by their types.
template <class... Ops>
struct OperationList {};
template <class... Lists>
struct JoinedLists;
template <class... Ops>
struct JoinedLists<OperationList<Ops...>> {
  using Type = OperationList<Ops...>;
};
template <class... Ops, class... Others, class... Lists>
struct JoinedLists<OperationList<Ops...>, OperationList<Others...>, Lists...>
    : JoinedLists<OperationList<Ops..., Others...>, Lists...> {};

}  // namespace foundry::ops
