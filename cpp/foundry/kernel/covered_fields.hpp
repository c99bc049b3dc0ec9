// Whether FOUNDRY_KERNEL lists every field of its struct: at compile time for aggregates, by the
// bytes of an object for classes with constructors.
#pragma once

#include <array>
#include <concepts>
#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>

#include "foundry/kernel/aggregate.hpp"

namespace foundry::detail {

/// A field of Kernel that FOUNDRY_KERNEL lists. Owner is Kernel or the base that declares it.
template <class Kernel, class Owner, class F>
struct KernelField {
  using OwnerType = Owner;
  using Type = F;
  const char* name;
  F Kernel::* member;
};
template <class Kernel, class Owner, class F>
  requires std::derived_from<Kernel, Owner>
constexpr KernelField<Kernel, Owner, F> kernel_field(const char* name, F Owner::* member) {
  return {name, member};
}

template <class Fields>
struct ListedFields;
template <class... Field>
struct ListedFields<std::tuple<Field...>> {
  template <class Class>
  static constexpr std::size_t kOwn =
      (std::size_t{std::same_as<typename Field::OwnerType, Class>} + ... + 0);

  /// Converts to the bases of Class of which fields are listed, and to those that have none.
  template <class Class>
  struct AnyBase {
    template <class Base>
      requires(std::derived_from<Class, Base> && !std::same_as<Class, Base> &&
               (kOwn<Base> > 0 || std::is_empty_v<Base>))
    operator Base() const;  // never defined
  };

  template <class Class, std::size_t... I>
  static consteval std::size_t bases(std::index_sequence<I...>) {
    constexpr auto base = []<std::size_t>() { return AnyBase<Class>{}; };
    if constexpr (requires { Class{base.template operator()<I>()..., AnyBase<Class>{}}; }) {
      return bases<Class>(std::index_sequence<I..., sizeof...(I)>{});
    } else {
      return sizeof...(I);
    }
  }

  template <class Class, std::size_t... I>
  static consteval bool takes_exactly(std::index_sequence<I...>) {
    return requires { Class{AnyMemberAt<I>{}...}; } &&
           // One of the two fits whatever is left out.
           !requires { Class{AnyMemberAt<I>{}..., AnyMember{}}; } &&
           !requires { Class{AnyMemberAt<I>{}..., {}}; };
  }

  template <class Class>
  static consteval bool covers() {
    if constexpr (std::is_aggregate_v<Class>) {
      constexpr std::size_t kElements = bases<Class>(std::index_sequence<>{}) + kOwn<Class>;
      return takes_exactly<Class>(std::make_index_sequence<kElements>{});
    } else {
      return true;  // check_covered_bytes()
    }
  }
};

/// Every field of Kernel, and of the bases that own some of the fields, is among the fields, once.
template <class Kernel, class... Field>
consteval bool lists_every_field(const std::tuple<Field...>& fields) {
  using Listed = ListedFields<std::tuple<Field...>>;
  const bool is_once = std::apply(
      [](const auto&... field) {
        const auto count = [&](std::string_view name) {
          return (std::size_t{name == field.name} + ... + 0);
        };
        return ((count(field.name) == 1) && ...);
      },
      fields);
  return is_once && Listed::template covers<Kernel>() &&
         (Listed::template covers<typename Field::OwnerType>() && ...);
}

struct CoveredBytes {
  std::size_t offset = 0;
  std::size_t size = 0;
  std::size_t alignment = 1;
};
/// Throws ArgumentError if bytes of a class of `size` belong to none of `fields` and are no padding
/// either. What fits into padding cannot be told from it.
void check_covered_bytes(const std::string& name, std::size_t size, std::size_t alignment,
                         std::size_t first, std::span<CoveredBytes> fields);

/// The same for an object of a class that is no aggregate.
template <class Kernel, class... Field>
void check_covered_bytes(const Kernel& kernel, const std::tuple<Field...>& fields) {
  if constexpr (!std::is_aggregate_v<Kernel>) {
    const std::span whole = std::as_bytes(std::span(&kernel, 1));
    const auto covered = [&](const auto& member) {
      const std::span part = std::as_bytes(std::span(&member, 1));
      return CoveredBytes{static_cast<std::size_t>(part.data() - whole.data()), part.size(),
                          alignof(std::remove_cvref_t<decltype(member)>)};
    };
    std::apply(
        [&](const auto&... field) {
          std::array<CoveredBytes, sizeof...(field)> parts{covered(kernel.*field.member)...};
          check_covered_bytes(std::string(type_name<Kernel>()), sizeof(Kernel), alignof(Kernel),
                              std::is_polymorphic_v<Kernel> ? sizeof(void*) : 0, parts);
        },
        fields);
  }
}

}  // namespace foundry::detail
