#include "collective.hpp"

#include <bit>
#include <cmath>
#include <functional>
#include <limits>

#include "memory.hpp"

namespace anvil::oracle {
namespace {

using Operation = std::function<uint64_t(uint64_t, uint64_t)>;

struct Monoid {
  uint64_t identity;
  Operation combine;
};

template <typename T>
Monoid on(T identity, T (*combine)(T, T)) {
  const auto pack = [](T value) {
    if constexpr (std::is_same_v<T, float>)
      return uint64_t{std::bit_cast<uint32_t>(value)};
    else
      return static_cast<uint64_t>(static_cast<std::make_unsigned_t<T>>(value));
  };
  const auto unpack = [](uint64_t word) {
    if constexpr (std::is_same_v<T, float>)
      return std::bit_cast<float>(static_cast<uint32_t>(word));
    else
      return static_cast<T>(word);
  };
  return {pack(identity),
          [=](uint64_t a, uint64_t b) { return pack(combine(unpack(a), unpack(b))); }};
}

// Wrapping is the rule: signed and unsigned sums and products are the same bits.
template <typename T>
std::optional<Monoid> integer_monoid(llvm::StringRef operation) {
  using Limits = std::numeric_limits<T>;
  if (operation == "add") return on<T>(0, [](T a, T b) { return static_cast<T>(a + b); });
  if (operation == "mul") return on<T>(1, [](T a, T b) { return static_cast<T>(a * b); });
  if (operation == "min") return on<T>(Limits::max(), [](T a, T b) { return a < b ? a : b; });
  if (operation == "max") return on<T>(Limits::min(), [](T a, T b) { return a > b ? a : b; });
  if (operation == "and") return on<T>(static_cast<T>(~T{0}), [](T a, T b) -> T { return a & b; });
  if (operation == "or") return on<T>(0, [](T a, T b) -> T { return a | b; });
  if (operation == "xor") return on<T>(0, [](T a, T b) -> T { return a ^ b; });
  return std::nullopt;
}

std::optional<Monoid> float_monoid(llvm::StringRef operation) {
  constexpr float infinity = std::numeric_limits<float>::infinity();
  if (operation == "add") return on<float>(-0.0f, [](float a, float b) { return a + b; });
  if (operation == "mul") return on<float>(1.0f, [](float a, float b) { return a * b; });
  if (operation == "min")
    return on<float>(infinity, [](float a, float b) { return std::fmin(a, b); });
  if (operation == "max")
    return on<float>(-infinity, [](float a, float b) { return std::fmax(a, b); });
  return std::nullopt;
}

std::optional<Monoid> monoid(llvm::StringRef operation, llvm::StringRef type) {
  const bool ordered = operation == "min" || operation == "max";
  if (type == "f32") return float_monoid(operation);
  if (type == "u32" || (type == "i32" && !ordered)) return integer_monoid<uint32_t>(operation);
  if (type == "u64" || (type == "i64" && !ordered)) return integer_monoid<uint64_t>(operation);
  if (type == "i32") return integer_monoid<int32_t>(operation);
  if (type == "i64") return integer_monoid<int64_t>(operation);
  return std::nullopt;
}

Lanes with_identity(uint32_t active, const Lanes& values, uint64_t identity) {
  Lanes lanes = values;
  for (unsigned l = 0; l < lanes.size(); ++l)
    if (!(active >> l & 1)) lanes[l] = identity;
  return lanes;
}

}  // namespace

std::optional<Lanes> collective(llvm::StringRef name, uint32_t active, const Lanes& first,
                                const Lanes& second) {
  if (!name.consume_front("__anvil_")) return std::nullopt;
  Lanes result{};
  if (name == "ballot") {
    uint64_t votes = 0;
    for (unsigned l = 0; l < result.size(); ++l)
      if (active >> l & 1 && first[l] & 1) votes |= uint64_t{1} << l;
    result.fill(votes);
    return result;
  }
  if (name.starts_with("shuffle_i")) {
    for (unsigned l = 0; l < result.size(); ++l) {
      const unsigned source = second[l] & (ANVIL_SIMD_WIDTH - 1);
      result[l] = active >> source & 1 ? first[source] : kUnwritten;
    }
    return result;
  }
  if (name.consume_front("reduce_")) {
    const auto [operation, type] = name.split('_');
    const auto known = monoid(operation, type);
    if (!known) return std::nullopt;
    Lanes lanes = with_identity(active, first, known->identity);
    for (unsigned w = 16; w > 0; w /= 2)
      for (unsigned l = 0; l < w; ++l) lanes[l] = known->combine(lanes[l], lanes[l + w]);
    result.fill(lanes[0]);
    return result;
  }
  const bool inclusive = name.consume_front("scan_inclusive_");
  if (inclusive || name.consume_front("scan_exclusive_")) {
    const auto [operation, type] = name.split('_');
    const auto known = monoid(operation, type);
    if (!known) return std::nullopt;
    Lanes lanes = with_identity(active, first, known->identity);
    for (unsigned d = 1; d < lanes.size(); d *= 2) {
      const Lanes before = lanes;
      for (unsigned l = d; l < lanes.size(); ++l)
        lanes[l] = known->combine(before[l - d], before[l]);
    }
    if (inclusive) return lanes;
    result[0] = known->identity;
    for (unsigned l = 1; l < lanes.size(); ++l) result[l] = lanes[l - 1];
    return result;
  }
  return std::nullopt;
}

}  // namespace anvil::oracle
