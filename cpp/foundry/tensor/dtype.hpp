// DType: a row of the one table of element types, plain and block-quantised, which an app may
// extend.
#pragma once

#include <array>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "foundry/core/half.hpp"

namespace foundry {

/// The rows that Foundry brings; those of an app's own follow, in the order of register_dtype().
enum class DType : std::uint8_t {
  f32,
  f16,
  bf16,
  f64,
  i8,
  i16,
  i32,
  i64,
  u8,
  u16,
  u32,
  u64,
  bool_,
  q4_0,
  q4_1,
  q5_0,
  q5_1,
  q8_0,
  q8_1,
  q2_k,
  q3_k,
  q4_k,
  q5_k,
  q6_k,
  q8_k,
  iq1_s,
  iq1_m,
  iq2_xxs,
  iq2_xs,
  iq2_s,
  iq3_xxs,
  iq3_s,
  iq4_nl,
  iq4_xs,
  tq1_0,
  tq2_0,
  mxfp4,
  nvfp4,
  q1_0,
};

using f32 = float;
using i8 = std::int8_t;
using i16 = std::int16_t;
using i32 = std::int32_t;
using i64 = std::int64_t;
using u8 = std::uint8_t;
using u16 = std::uint16_t;
using u32 = std::uint32_t;
using u64 = std::uint64_t;
inline constexpr std::size_t kBuiltInDTypes = static_cast<std::size_t>(DType::q1_0) + 1;
inline constexpr std::size_t kMostDTypes = 256;  ///< what DType can number

/// One row. A plain type is a block of one element.
struct DTypeInfo {
  DType dtype;
  const char* name;        ///< "f16", "q4_1"
  const char* metal_name;  ///< "half"; a block type's bytes are "uchar"
  std::uint32_t block_elements;
  std::uint32_t block_bytes;
  std::uint32_t alignment;  ///< bytes
  bool is_float;
};

/// How many rows there are by now; they are numbered from 0.
[[nodiscard]] std::size_t dtype_count() noexcept;
[[nodiscard]] const DTypeInfo& info(DType dtype) noexcept;
[[nodiscard]] inline const char* name_of(DType dtype) noexcept {
  return info(dtype).name;
}
[[nodiscard]] inline bool is_block(DType dtype) noexcept {
  return info(dtype).block_elements > 1;
}
/// By name, in any case ("F16", "q4_1", "bool"); nullopt if there is none.
[[nodiscard]] std::optional<DType> find_dtype(std::string_view name) noexcept;
/// By name; DTypeError that lists the names there are.
[[nodiscard]] DType parse_dtype(std::string_view name);
/// Whether tensors of it can be made; else it has a name and a size, for messages. A block type of
/// GGUF is supported once it has a policy, one of an app's own always.
[[nodiscard]] bool is_supported(DType dtype) noexcept;
/// Makes a block type supported for the rest of the process, with the MSL struct of its blocks
/// where that is not named after it; PolicyRegistration calls it. Thread-safe.
void support(DType dtype, std::string_view block_struct = {});
/// The MSL struct of a block type's blocks: "Q4_1Block", unless its policy says otherwise.
[[nodiscard]] std::string block_struct_of(DType dtype);
/// Throws DTypeError "<what>: unsupported dtype q2_k; supported: f32, f16, ..." unless supported.
void require_supported(DType dtype, std::string_view what);
/// "f32, f16, bf16, ...": what is supported.
[[nodiscard]] std::string supported_dtypes();

/// A block format of an app's own, as tensors need it; a policy says what its weights mean.
struct BlockFormat {
  std::string_view name;             ///< small letters, digits and '_': "q4_e8"
  std::uint32_t block_elements = 0;  ///< a multiple of 32
  std::uint32_t block_bytes = 0;
  std::optional<std::uint32_t> ggml_type = {};  ///< the number that GGUF files have for it

  bool operator==(const BlockFormat&) const = default;
};
inline constexpr std::uint32_t kMostBlockElements = 8192;  // a step of 32 lanes is whole blocks
inline constexpr std::uint32_t kMostBlockBytes = 65536;

/// Adds a row for the rest of the process; the same format again is the same dtype. Blocks are
/// aligned to the largest of 1, 2 and 4 bytes that divides their size. ArgumentError for another
/// format of a name or a number that exists, for what no block can be, and if there are kMostDTypes
/// rows. Thread-safe: rows are read without a lock, and never change.
DType register_dtype(const BlockFormat& format);
/// A row as the format it was registered as.
[[nodiscard]] BlockFormat format_of(DType dtype) noexcept;
/// "32 weights in 18 bytes"; with its number, if it has one.
[[nodiscard]] std::string to_string(const BlockFormat& format);

/// Storage of the block types that kernels read. Layouts: ggml's, in ggml-common.h; what the codes
/// mean: the policies' shaders (shaders/policies).
struct q4_0 {
  f16 scale;
  std::uint8_t codes[16];  ///< code i in the low nibble of byte i, i + 16 in the high one
};
struct q4_1 {
  f16 scale;
  f16 minimum;
  std::uint8_t codes[16];
};
struct q5_0 {
  f16 scale;
  std::uint8_t high[4];  ///< the fifth bit of code i is bit i
  std::uint8_t low[16];  ///< their low four bits, as q4_0's codes
};
struct q5_1 {
  f16 scale;
  f16 minimum;
  std::uint8_t high[4];
  std::uint8_t low[16];
};
struct q8_0 {
  f16 scale;
  std::int8_t codes[32];
};
struct q4_k {
  f16 scale;
  f16 minimum;
  std::uint8_t sub_scales[12];  ///< six-bit scales and minima of eight runs of 32 elements
  std::uint8_t codes[128];
};
struct q5_k {
  f16 scale;
  f16 minimum;
  std::uint8_t sub_scales[12];
  std::uint8_t high[32];
  std::uint8_t low[128];
};
struct q6_k {
  std::uint8_t low[128];
  std::uint8_t high[64];
  std::int8_t sub_scales[16];  ///< one for each 16 elements
  f16 scale;
};
static_assert(sizeof(q4_0) == 18 && sizeof(q4_1) == 20 && sizeof(q5_0) == 22);
static_assert(sizeof(q5_1) == 24 && sizeof(q8_0) == 34 && sizeof(q4_k) == 144);
static_assert(sizeof(q5_k) == 176 && sizeof(q6_k) == 210);

/// The C++ type's row; absent for types that are not elements. An app specialises it for the blocks
/// of a policy of its own, with a constant or, for a format of its own, what register_dtype() gave.
template <class T>
struct DTypeOf;
#define FOUNDRY_DTYPE_OF(type, value)             \
  template <>                                     \
  struct DTypeOf<type> {                          \
    static constexpr DType kDType = DType::value; \
  }
FOUNDRY_DTYPE_OF(f32, f32);
FOUNDRY_DTYPE_OF(f16, f16);
FOUNDRY_DTYPE_OF(bf16, bf16);
FOUNDRY_DTYPE_OF(i8, i8);
FOUNDRY_DTYPE_OF(i16, i16);
FOUNDRY_DTYPE_OF(i32, i32);
FOUNDRY_DTYPE_OF(i64, i64);
FOUNDRY_DTYPE_OF(u8, u8);
FOUNDRY_DTYPE_OF(u16, u16);
FOUNDRY_DTYPE_OF(u32, u32);
FOUNDRY_DTYPE_OF(u64, u64);
FOUNDRY_DTYPE_OF(bool, bool_);
FOUNDRY_DTYPE_OF(q4_0, q4_0);
FOUNDRY_DTYPE_OF(q4_1, q4_1);
FOUNDRY_DTYPE_OF(q5_0, q5_0);
FOUNDRY_DTYPE_OF(q5_1, q5_1);
FOUNDRY_DTYPE_OF(q8_0, q8_0);
FOUNDRY_DTYPE_OF(q4_k, q4_k);
FOUNDRY_DTYPE_OF(q5_k, q5_k);
FOUNDRY_DTYPE_OF(q6_k, q6_k);
#undef FOUNDRY_DTYPE_OF
/// Of the two types of 64 bits, the one that std::int64_t and std::uint64_t are not.
template <class T>
  requires((std::same_as<T, long> || std::same_as<T, long long>) && sizeof(T) == 8 &&
           !std::same_as<T, i64>)
struct DTypeOf<T> : DTypeOf<i64> {};
template <class T>
  requires((std::same_as<T, unsigned long> || std::same_as<T, unsigned long long>) &&
           sizeof(T) == 8 && !std::same_as<T, u64>)
struct DTypeOf<T> : DTypeOf<u64> {};

template <class T>
concept Element = requires { DTypeOf<T>::kDType; };

/// A reference, as an app's own rows are numbered when the program runs.
template <Element T>
inline constexpr const DType& dtype_of = DTypeOf<T>::kDType;

}  // namespace foundry
