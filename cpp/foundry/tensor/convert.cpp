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

template <class To, class From>
std::optional<std::uint64_t> convert_all(std::span<const std::byte> source,
                                         std::span<std::byte> target) {
  // A byte of a bool may be any: it is read as one, and is true unless it is 0.
  using Stored = std::conditional_t<std::is_same_v<From, bool>, std::uint8_t, From>;
  const auto from = unsafe::view_as<Stored>(source);
  const auto to = unsafe::mutable_view_as<To>(target);
  if (from.size() != to.size()) {
    throw ShapeError(concat("conversion of ", from.size(), " elements to ", to.size()));
  }
  for (std::size_t i = 0; i < from.size(); ++i) {
    std::optional<To> value;
    if constexpr (std::is_same_v<From, bool>) {
      value = narrow<To>(static_cast<std::uint8_t>(from[i] != 0));
    } else {
      value = narrow<To>(from[i]);
    }
    if (!value) return i;
    to[i] = *value;
  }
  return std::nullopt;
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

}  // namespace foundry
