#include "foundry/tensor/convert.hpp"

#include <algorithm>

#include "foundry/core/error.hpp"
#include "foundry/unsafe/host_memory.hpp"

namespace foundry {
namespace {

/// Calls `use` with a value of the C++ type of a plain dtype.
template <class Use>
decltype(auto) with_type(DType dtype, Use&& use) {
  switch (dtype) {
    case DType::f32:
      return use(f32());
    case DType::f16:
      return use(f16());
    case DType::bf16:
      return use(bf16());
    case DType::f64:
      return use(double());
    case DType::i8:
      return use(i8());
    case DType::i16:
      return use(i16());
    case DType::i32:
      return use(i32());
    case DType::i64:
      return use(i64());
    case DType::u8:
      return use(u8());
    case DType::u16:
      return use(u16());
    case DType::u32:
      return use(u32());
    case DType::u64:
      return use(u64());
    case DType::bool_:
      return use(bool());
    default:
      throw DTypeError(concat("no conversion of the block format ", name_of(dtype)));
  }
}

/// A byte of a bool may be any: it is read as one, and is true unless it is 0.
template <class T>
using Stored = std::conditional_t<std::is_same_v<T, bool>, std::uint8_t, T>;

template <class T>
auto number_of(Stored<T> stored) {
  if constexpr (std::is_same_v<T, bool>) {
    return static_cast<std::uint8_t>(stored != 0);
  } else if constexpr (sizeof(T) == 2 && !std::is_integral_v<T>) {
    return static_cast<float>(stored);
  } else {
    return stored;
  }
}

void require_same_count(std::size_t a, std::size_t b) {
  if (a != b) throw ShapeError(concat(a, " elements for ", b));
}

template <class To, class From>
std::optional<std::uint64_t> convert_all(std::span<const std::byte> source,
                                         std::span<std::byte> target) {
  const auto from = unsafe::view_as<Stored<From>>(source);
  const auto to = unsafe::mutable_view_as<To>(target);
  require_same_count(from.size(), to.size());
  for (std::size_t i = 0; i < from.size(); ++i) {
    const std::optional<To> value = converted<To>(number_of<From>(from[i]));
    if (!value) return i;
    to[i] = *value;
  }
  return std::nullopt;
}

template <class A, class B>
bool is_same_number(A a, B b) {
  if constexpr (std::integral<A> && std::integral<B>) {
    return detail::wide(a) == detail::wide(b);
  } else if constexpr (std::integral<A>) {
    const std::optional<A> exact = converted<A>(b);
    return exact && *exact == a;
  } else if constexpr (std::integral<B>) {
    return is_same_number(b, a);
  } else {
    return static_cast<double>(a) == static_cast<double>(b);
  }
}

template <class A, class B>
void compare_all(std::span<const std::byte> a, std::span<const std::byte> b,
                 std::span<std::byte> equal) {
  const auto left = unsafe::view_as<Stored<A>>(a);
  const auto right = unsafe::view_as<Stored<B>>(b);
  require_same_count(left.size(), right.size());
  require_same_count(left.size(), equal.size());
  for (std::size_t i = 0; i < left.size(); ++i) {
    equal[i] = std::byte{is_same_number(number_of<A>(left[i]), number_of<B>(right[i]))};
  }
}

}  // namespace

std::optional<std::uint64_t> convert_elements(std::span<const std::byte> source, DType from,
                                              std::span<std::byte> target, DType to) {
  return with_type(from, [&](auto from_value) {
    return with_type(to, [&](auto to_value) {
      return convert_all<decltype(to_value), decltype(from_value)>(source, target);
    });
  });
}

void equal_elements(std::span<const std::byte> a, DType a_type, std::span<const std::byte> b,
                    DType b_type, std::span<std::byte> equal) {
  with_type(a_type, [&](auto a_value) {
    with_type(b_type, [&](auto b_value) {
      compare_all<decltype(a_value), decltype(b_value)>(a, b, equal);
    });
  });
}

}  // namespace foundry
