// StructLayout: a parameter struct as host and shader must agree on it, from a C++ type or at run
// time.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "foundry/kernel/aggregate.hpp"
#include "foundry/tensor/dtype.hpp"

namespace foundry {

/// N elements without padding, aligned as one of them: `packed_float3` and its like in MSL.
template <class T, std::size_t N>
struct Packed {
  static_assert(N >= 2 && N <= 4, "packed vectors have 2, 3 or 4 elements");
  std::array<T, N> values;

  constexpr T& operator[](std::size_t i) noexcept { return values[i]; }
  constexpr const T& operator[](std::size_t i) const noexcept { return values[i]; }
};

/// One member. `count` is 0 for what is no array, the length for an array.
struct StructMember {
  std::string name;
  DType type = DType::f32;
  std::uint32_t count = 0;
  std::uint64_t offset = 0;  ///< bytes
  std::uint32_t lanes = 1;   ///< of a packed vector: 2, 3 or 4

  friend bool operator==(const StructMember&, const StructMember&) = default;
};

/// "float", "packed_float3".
[[nodiscard]] std::string msl_type(const StructMember& member);

struct StructLayout {
  std::string name;
  std::uint64_t size = 0;       ///< bytes
  std::uint64_t alignment = 0;  ///< bytes
  std::vector<StructMember> members;

  /// Lays members out in order, as C does, from their name, type and count (offsets are ignored).
  [[nodiscard]] static StructLayout packed_like_c(std::string name,
                                                  std::vector<StructMember> members);

  /// The MSL definition, with a static_assert for size, alignment and every offset.
  [[nodiscard]] std::string msl() const;

  friend bool operator==(const StructLayout&, const StructLayout&) = default;
};

namespace detail {

template <class T>
struct MemberElement {
  using type = T;
  static constexpr std::uint32_t count = 0;
  static constexpr std::uint32_t lanes = 1;
};
template <class T, std::size_t N>
struct MemberElement<Packed<T, N>> {
  using type = T;
  static constexpr std::uint32_t count = 0;
  static constexpr std::uint32_t lanes = N;
};
template <class T>
  requires std::is_enum_v<T>
struct MemberElement<T> : MemberElement<std::underlying_type_t<T>> {};
template <class T, std::size_t N>
struct MemberElement<T[N]> {
  using type = typename MemberElement<T>::type;
  static_assert(MemberElement<T>::count == 0, "parameter structs take arrays of one dimension");
  static constexpr std::uint32_t count = N;
  static constexpr std::uint32_t lanes = MemberElement<T>::lanes;
};
template <class T, std::size_t N>
struct MemberElement<std::array<T, N>> : MemberElement<T[N]> {};

template <class T, std::size_t... I>
[[nodiscard]] std::vector<StructMember> members_of(std::index_sequence<I...>) {
  static_assert((Element<typename MemberElement<MemberType<T, I>>::type> && ...),
                "a member of a parameter struct is a scalar of the dtype table, an enumeration of "
                "one, a Packed vector, or an array of these");
  return {StructMember{std::string(member_name<T, I>()),
                       dtype_of<typename MemberElement<MemberType<T, I>>::type>,
                       MemberElement<MemberType<T, I>>::count, member_offset<T, I>(),
                       MemberElement<MemberType<T, I>>::lanes}...};
}

}  // namespace detail

/// A struct of scalars, enumerations, Packed vectors and arrays of these, standard layout, nothing
/// with alignas. Its MSL struct has its unqualified name, so it must have one of its own: no
/// template.
template <class T>
concept ParameterStruct =
    std::is_class_v<T> && std::is_aggregate_v<T> && std::is_trivially_copyable_v<T>;

/// The layout of `T`, read from the type itself: adding or reordering a member is one edit.
template <ParameterStruct T>
[[nodiscard]] const StructLayout& struct_layout() {
  static_assert(detail::has_plain_layout<T>(), "parameter structs take no alignas and no bases");
  static_assert(!detail::type_name<T>().empty(), "a parameter struct needs a name of its own");
  static const StructLayout layout{
      std::string(detail::type_name<T>()), sizeof(T), alignof(T),
      detail::members_of<T>(std::make_index_sequence<detail::member_count<T>()>{})};
  return layout;
}

}  // namespace foundry
