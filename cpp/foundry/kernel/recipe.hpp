// Recipes: what a generated kernel is made from, as a plain struct that is its key as well.
#pragma once

#include <array>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <ranges>
#include <tuple>
#include <type_traits>
#include <variant>

#include "foundry/kernel/aggregate.hpp"
#include "foundry/kernel/description.hpp"

namespace foundry {

/// A plain struct of all that tells a kernel from the others of its kind (dtypes, and sizes and
/// switches that are compiled in), which describes the kernel from nothing else: equal fields mean
/// equal kernels, and no field can count in the one and be forgotten in the other.
///
/// Fields are numbers, enums and bools; pointers, never to characters, to what lives as long as the
/// process and does not change; optionals, variants, ranges and tuples of such, and structs of
/// such. A class with key() counts as what that returns.
template <class R>
concept KernelRecipe = std::is_aggregate_v<R> && requires(const R& recipe) {
  { recipe.describe() } -> std::same_as<KernelDescription>;
};

namespace detail {

template <class T>
concept KeyScalar = std::is_arithmetic_v<T> || std::is_enum_v<T> || std::is_pointer_v<T>;
template <class T>
concept HasKey = requires(const T& value) { value.key(); };
template <class T>
concept TupleLike = requires { std::tuple_size<T>::value; };
template <class T>
inline constexpr bool kIsVariant = false;
template <class... T>
inline constexpr bool kIsVariant<std::variant<T...>> = true;

/// Its address is the type's own.
template <class R>
inline constexpr char kRecipeKind = 0;

}  // namespace detail

/// A recipe as bytes: its type and every field, without the padding between them.
class KernelKey {
 public:
  static constexpr std::size_t kCapacity = 448;

  /// Throws ArgumentError if the fields have more than kCapacity bytes, which takes a range.
  template <KernelRecipe R>
  explicit KernelKey(const R& recipe) : kind_(&detail::kRecipeKind<R>) {
    add(recipe);
  }

  friend bool operator==(const KernelKey& a, const KernelKey& b) noexcept;
  [[nodiscard]] std::size_t hash() const noexcept;

 private:
  template <class T>
  void add(const T& value) {
    if constexpr (detail::KeyScalar<T>) {
      static_assert(!std::is_same_v<std::remove_cv_t<std::remove_pointer_t<T>>, char>,
                    "equal texts may stand at different addresses");
      if (sizeof(T) > kCapacity - size_) fail();
      std::memcpy(&bytes_[size_], &value, sizeof(T));
      size_ += sizeof(T);
    } else if constexpr (detail::HasKey<T>) {
      add(value.key());
    } else if constexpr (detail::kIsOptional<T>) {
      add(value.has_value());
      if (value) add(*value);
    } else if constexpr (detail::kIsVariant<T>) {
      add(value.index());
      std::visit([&](const auto& held) { add(held); }, value);
    } else if constexpr (detail::TupleLike<T>) {
      std::apply([&](const auto&... field) { (add(field), ...); }, value);
    } else if constexpr (std::ranges::range<T>) {
      add(std::ranges::size(value));
      for (const auto& element : value) add(element);
    } else {
      std::apply([&](const auto*... field) { (add(*field), ...); }, detail::member_pointers(value));
    }
  }
  [[noreturn]] static void fail();

  const void* kind_;
  std::size_t size_ = 0;
  std::array<std::byte, kCapacity> bytes_;  // the first size_ of them
};

}  // namespace foundry
