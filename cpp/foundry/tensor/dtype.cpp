#include "foundry/tensor/dtype.hpp"

#include <algorithm>

#include "foundry/core/error.hpp"

namespace foundry {

namespace {

constexpr bool kFloat = true, kInteger = false;
constexpr bool kThere = true, kNotYet = false;

// In the order of DType. Block sizes: ggml's ggml-common.h.
constexpr std::array<DTypeInfo, kDTypeCount> kTable = {{
    {DType::f32, "f32", "float", 1, 4, 4, kFloat, kThere},
    {DType::f16, "f16", "half", 1, 2, 2, kFloat, kThere},
    {DType::bf16, "bf16", "bfloat", 1, 2, 2, kFloat, kThere},
    {DType::f64, "f64", "double", 1, 8, 8, kFloat, kNotYet},  // MSL has no double
    {DType::i8, "i8", "char", 1, 1, 1, kInteger, kThere},
    {DType::i16, "i16", "short", 1, 2, 2, kInteger, kThere},
    {DType::i32, "i32", "int", 1, 4, 4, kInteger, kThere},
    {DType::i64, "i64", "long", 1, 8, 8, kInteger, kThere},
    {DType::u8, "u8", "uchar", 1, 1, 1, kInteger, kThere},
    {DType::u16, "u16", "ushort", 1, 2, 2, kInteger, kThere},
    {DType::u32, "u32", "uint", 1, 4, 4, kInteger, kThere},
    {DType::u64, "u64", "ulong", 1, 8, 8, kInteger, kThere},
    {DType::bool_, "bool", "bool", 1, 1, 1, kInteger, kThere},
    {DType::q4_0, "q4_0", "uchar", 32, 18, 2, kFloat, kThere},
    {DType::q4_1, "q4_1", "uchar", 32, 20, 2, kFloat, kThere},
    {DType::q5_0, "q5_0", "uchar", 32, 22, 2, kFloat, kNotYet},
    {DType::q5_1, "q5_1", "uchar", 32, 24, 2, kFloat, kNotYet},
    {DType::q8_0, "q8_0", "uchar", 32, 34, 2, kFloat, kThere},
    {DType::q8_1, "q8_1", "uchar", 32, 36, 2, kFloat, kNotYet},
    {DType::q2_k, "q2_k", "uchar", 256, 84, 2, kFloat, kNotYet},
    {DType::q3_k, "q3_k", "uchar", 256, 110, 2, kFloat, kNotYet},
    {DType::q4_k, "q4_k", "uchar", 256, 144, 2, kFloat, kNotYet},
    {DType::q5_k, "q5_k", "uchar", 256, 176, 2, kFloat, kNotYet},
    {DType::q6_k, "q6_k", "uchar", 256, 210, 2, kFloat, kNotYet},
    {DType::q8_k, "q8_k", "uchar", 256, 292, 4, kFloat, kNotYet},
    {DType::iq1_s, "iq1_s", "uchar", 256, 50, 2, kFloat, kNotYet},
    {DType::iq1_m, "iq1_m", "uchar", 256, 56, 1, kFloat, kNotYet},
    {DType::iq2_xxs, "iq2_xxs", "uchar", 256, 66, 2, kFloat, kNotYet},
    {DType::iq2_xs, "iq2_xs", "uchar", 256, 74, 2, kFloat, kNotYet},
    {DType::iq2_s, "iq2_s", "uchar", 256, 82, 2, kFloat, kNotYet},
    {DType::iq3_xxs, "iq3_xxs", "uchar", 256, 98, 2, kFloat, kNotYet},
    {DType::iq3_s, "iq3_s", "uchar", 256, 110, 2, kFloat, kNotYet},
    {DType::iq4_nl, "iq4_nl", "uchar", 32, 18, 2, kFloat, kNotYet},
    {DType::iq4_xs, "iq4_xs", "uchar", 256, 136, 2, kFloat, kNotYet},
    {DType::tq1_0, "tq1_0", "uchar", 256, 54, 2, kFloat, kNotYet},
    {DType::tq2_0, "tq2_0", "uchar", 256, 66, 2, kFloat, kNotYet},
    {DType::mxfp4, "mxfp4", "uchar", 32, 17, 1, kFloat, kNotYet},
    {DType::nvfp4, "nvfp4", "uchar", 64, 36, 1, kFloat, kNotYet},
    {DType::q1_0, "q1_0", "uchar", 128, 18, 2, kFloat, kNotYet},
}};

constexpr bool is_in_order() {
  for (std::size_t i = 0; i < kTable.size(); ++i) {
    if (static_cast<std::size_t>(kTable[i].dtype) != i) return false;
  }
  return true;
}
static_assert(is_in_order());

bool equals_in_any_case(std::string_view a, std::string_view b) {
  const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; };
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [&](char x, char y) { return lower(x) == lower(y); });
}

}  // namespace

const DTypeInfo& info(DType dtype) noexcept {
  return kTable[static_cast<std::size_t>(dtype)];
}

std::optional<DType> find_dtype(std::string_view name) noexcept {
  for (const DTypeInfo& row : kTable) {
    if (equals_in_any_case(row.name, name)) return row.dtype;
  }
  return std::nullopt;
}

std::string supported_dtypes() {
  std::string text;
  for (const DTypeInfo& row : kTable) {
    if (row.is_supported) text += (text.empty() ? "" : ", ") + std::string(row.name);
  }
  return text;
}

DType parse_dtype(std::string_view name) {
  if (const auto dtype = find_dtype(name)) return *dtype;
  throw DTypeError(concat("no dtype '", name, "'; there are ", supported_dtypes()));
}

void require_supported(DType dtype, std::string_view what) {
  if (info(dtype).is_supported) return;
  throw DTypeError(
      concat(what, ": ", name_of(dtype), " is not there yet; there are ", supported_dtypes()));
}

}  // namespace foundry
