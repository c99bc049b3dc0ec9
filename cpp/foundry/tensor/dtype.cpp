#include "foundry/tensor/dtype.hpp"

#include <algorithm>
#include <atomic>
#include <mutex>
#include <span>

#include "foundry/core/ascii.hpp"
#include "foundry/core/error.hpp"
#include "foundry/core/intern.hpp"
#include "foundry/core/quoted.hpp"
#include "foundry/tensor/dtype_codes.hpp"

namespace foundry {

namespace {

constexpr bool kFloat = true, kInteger = false;

struct Row {
  DTypeInfo info;
  DTypeCodes codes;
};

/// Of a block type, with its number in GGUF.
constexpr DTypeCodes blocks(std::int64_t ggml) {
  return {"uint8", nullptr, DlpackCode::none, ggml};
}

// In the order of DType. Block sizes: ggml's ggml-common.h; numbers in GGUF: ggml.h, ggml_type.
// Alignment 4: GPUs read whole words of such blocks (shaders/policies).
constexpr std::array<Row, kBuiltInDTypes> kBuiltIn = {{
    {{DType::f32, "f32", "float", 1, 4, 4, kFloat}, {"float32", "f", DlpackCode::real, 0}},
    {{DType::f16, "f16", "half", 1, 2, 2, kFloat}, {"float16", "e", DlpackCode::real, 1}},
    {{DType::bf16, "bf16", "bfloat", 1, 2, 2, kFloat},
     {"bfloat16", nullptr, DlpackCode::bfloat, 30}},
    {{DType::f64, "f64", "double", 1, 8, 8, kFloat}, {"float64", "d", DlpackCode::real, 28}},
    {{DType::i8, "i8", "char", 1, 1, 1, kInteger}, {"int8", "b", DlpackCode::integer, 24}},
    {{DType::i16, "i16", "short", 1, 2, 2, kInteger}, {"int16", "h", DlpackCode::integer, 25}},
    {{DType::i32, "i32", "int", 1, 4, 4, kInteger}, {"int32", "i", DlpackCode::integer, 26}},
    {{DType::i64, "i64", "long", 1, 8, 8, kInteger}, {"int64", "q", DlpackCode::integer, 27}},
    {{DType::u8, "u8", "uchar", 1, 1, 1, kInteger},
     {"uint8", "B", DlpackCode::unsigned_integer, -1}},
    {{DType::u16, "u16", "ushort", 1, 2, 2, kInteger},
     {"uint16", "H", DlpackCode::unsigned_integer, -1}},
    {{DType::u32, "u32", "uint", 1, 4, 4, kInteger},
     {"uint32", "I", DlpackCode::unsigned_integer, -1}},
    {{DType::u64, "u64", "ulong", 1, 8, 8, kInteger},
     {"uint64", "Q", DlpackCode::unsigned_integer, -1}},
    {{DType::bool_, "bool", "bool", 1, 1, 1, kInteger}, {"bool", "?", DlpackCode::boolean, -1}},
    {{DType::q4_0, "q4_0", "uchar", 32, 18, 2, kFloat}, blocks(2)},
    {{DType::q4_1, "q4_1", "uchar", 32, 20, 4, kFloat}, blocks(3)},
    {{DType::q5_0, "q5_0", "uchar", 32, 22, 2, kFloat}, blocks(6)},
    {{DType::q5_1, "q5_1", "uchar", 32, 24, 4, kFloat}, blocks(7)},
    {{DType::q8_0, "q8_0", "uchar", 32, 34, 2, kFloat}, blocks(8)},
    {{DType::q8_1, "q8_1", "uchar", 32, 36, 2, kFloat}, blocks(9)},
    {{DType::q2_k, "q2_k", "uchar", 256, 84, 2, kFloat}, blocks(10)},
    {{DType::q3_k, "q3_k", "uchar", 256, 110, 2, kFloat}, blocks(11)},
    {{DType::q4_k, "q4_k", "uchar", 256, 144, 4, kFloat}, blocks(12)},
    {{DType::q5_k, "q5_k", "uchar", 256, 176, 4, kFloat}, blocks(13)},
    {{DType::q6_k, "q6_k", "uchar", 256, 210, 2, kFloat}, blocks(14)},
    {{DType::q8_k, "q8_k", "uchar", 256, 292, 4, kFloat}, blocks(15)},
    {{DType::iq1_s, "iq1_s", "uchar", 256, 50, 2, kFloat}, blocks(19)},
    {{DType::iq1_m, "iq1_m", "uchar", 256, 56, 1, kFloat}, blocks(29)},
    {{DType::iq2_xxs, "iq2_xxs", "uchar", 256, 66, 2, kFloat}, blocks(16)},
    {{DType::iq2_xs, "iq2_xs", "uchar", 256, 74, 2, kFloat}, blocks(17)},
    {{DType::iq2_s, "iq2_s", "uchar", 256, 82, 2, kFloat}, blocks(22)},
    {{DType::iq3_xxs, "iq3_xxs", "uchar", 256, 98, 2, kFloat}, blocks(18)},
    {{DType::iq3_s, "iq3_s", "uchar", 256, 110, 2, kFloat}, blocks(21)},
    {{DType::iq4_nl, "iq4_nl", "uchar", 32, 18, 2, kFloat}, blocks(20)},
    {{DType::iq4_xs, "iq4_xs", "uchar", 256, 136, 2, kFloat}, blocks(23)},
    {{DType::tq1_0, "tq1_0", "uchar", 256, 54, 2, kFloat}, blocks(34)},
    {{DType::tq2_0, "tq2_0", "uchar", 256, 66, 2, kFloat}, blocks(35)},
    {{DType::mxfp4, "mxfp4", "uchar", 32, 17, 1, kFloat}, blocks(39)},
    {{DType::nvfp4, "nvfp4", "uchar", 64, 36, 1, kFloat}, blocks(40)},
    {{DType::q1_0, "q1_0", "uchar", 128, 18, 2, kFloat}, blocks(41)},
}};

constexpr bool is_in_order() {
  for (std::size_t i = 0; i < kBuiltIn.size(); ++i) {
    if (static_cast<std::size_t>(kBuiltIn[i].info.dtype) != i) return false;
  }
  return true;
}
static_assert(is_in_order());

struct Table {
  std::array<Row, kMostDTypes> rows{};
  // Written after a row is, and read before it is looked for. Who has a DType needs neither.
  std::atomic<std::size_t> count{kBuiltIn.size()};
  // Of the block types that support() was called for.
  std::array<std::atomic<const std::string*>, kMostDTypes> block_structs{};

  constexpr Table() { std::copy(kBuiltIn.begin(), kBuiltIn.end(), rows.begin()); }
};

// Constant-initialised: dtypes and policies are registered while statics are constructed.
constinit Table table;
constinit std::mutex table_writers;

std::span<const Row> known_rows() noexcept {
  return std::span(table.rows).first(table.count.load(std::memory_order_acquire));
}

template <class Condition>
std::optional<DType> first_of(const Condition& condition) {
  const auto rows = known_rows();
  const auto row = std::find_if(rows.begin(), rows.end(), condition);
  return row == rows.end() ? std::nullopt : std::optional(row->info.dtype);
}

bool equals_in_any_case(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](char x, char y) { return to_lower(x) == to_lower(y); });
}

bool is_name(std::string_view name) {
  constexpr std::size_t kLongest = 63;
  const auto is_part = [](char c) { return is_lower(c) || is_digit(c) || c == '_'; };
  return !name.empty() && name.size() <= kLongest && is_lower(name[0]) &&
         std::all_of(name.begin(), name.end(), is_part);
}

void require_format(const BlockFormat& format) {
  const auto refuse = [&](const std::string& why) {
    throw ArgumentError(concat("dtype ", Quoted{format.name}, ": ", why));
  };
  if (!is_name(format.name)) {
    refuse("it is to be of small letters, digits and '_', 63 at most, a letter first");
  }
  if (format.block_elements == 0 || format.block_elements % 32 != 0 ||
      format.block_elements > kMostBlockElements) {
    refuse(concat("blocks of ", format.block_elements, " weights; supported: multiples of 32 to ",
                  kMostBlockElements));
  }
  if (format.block_bytes == 0 || format.block_bytes > kMostBlockBytes) {
    refuse(concat("blocks of ", format.block_bytes, " bytes; supported: 1 to ", kMostBlockBytes));
  }
  if (const auto other = dtype_of_numpy_name(format.name)) {
    refuse(concat("it is numpy's name of ", name_of(*other)));
  }
}

}  // namespace

std::size_t dtype_count() noexcept {
  return known_rows().size();
}

DType register_dtype(const BlockFormat& format) {
  require_format(format);
  const auto refuse = [&](const std::string& why) {
    throw ArgumentError(concat("dtype ", format.name, " of ", to_string(format), ": ", why));
  };
  const std::lock_guard lock(table_writers);
  if (const auto known = find_dtype(format.name)) {
    if (format_of(*known) == format) return *known;
    refuse(concat("there is one already, of ", to_string(format_of(*known))));
  }
  if (const auto other = format.ggml_type ? dtype_of_ggml_type(*format.ggml_type) : std::nullopt) {
    refuse(concat("that is the type of ", name_of(*other)));
  }
  const std::size_t at = table.count.load(std::memory_order_relaxed);
  if (at == kMostDTypes) refuse(concat("there are ", kMostDTypes, " dtypes, which is the most"));
  const auto dtype = static_cast<DType>(at);
  const std::uint32_t alignment = format.block_bytes % 4 == 0   ? 4
                                  : format.block_bytes % 2 == 0 ? 2
                                                                : 1;
  const std::int64_t number = format.ggml_type ? std::int64_t{*format.ggml_type} : -1;
  table.rows[at] = {{dtype, intern(format.name).c_str(), "uchar", format.block_elements,
                     format.block_bytes, alignment, kFloat},
                    blocks(number)};
  table.count.store(at + 1, std::memory_order_release);
  return dtype;
}

std::string to_string(const BlockFormat& format) {
  const std::string number = format.ggml_type ? concat(", ggml's type ", *format.ggml_type) : "";
  return concat(format.block_elements, " weights in ", format.block_bytes, " bytes", number);
}

BlockFormat format_of(DType dtype) noexcept {
  const DTypeInfo& row = info(dtype);
  const std::int64_t number = codes_of(dtype).ggml;
  return {row.name, row.block_elements, row.block_bytes,
          number < 0 ? std::nullopt : std::optional(static_cast<std::uint32_t>(number))};
}

const DTypeInfo& info(DType dtype) noexcept {
  return table.rows[static_cast<std::size_t>(dtype)].info;
}

const DTypeCodes& codes_of(DType dtype) noexcept {
  return table.rows[static_cast<std::size_t>(dtype)].codes;
}

std::optional<DType> dtype_of_numpy_name(std::string_view name) noexcept {
  return first_of(
      [&](const Row& row) { return row.info.block_elements == 1 && row.codes.numpy == name; });
}

std::optional<DType> dtype_of_dlpack(int code, unsigned bits) noexcept {
  return first_of([&](const Row& row) {
    return static_cast<int>(row.codes.dlpack) == code && code >= 0 &&
           row.info.block_bytes * 8 == bits;
  });
}

std::optional<DType> dtype_of_ggml_type(std::uint32_t type) noexcept {
  return first_of([&](const Row& row) {
    return row.codes.ggml >= 0 && static_cast<std::uint32_t>(row.codes.ggml) == type;
  });
}

std::optional<DType> find_dtype(std::string_view name) noexcept {
  return first_of([&](const Row& row) { return equals_in_any_case(row.info.name, name); });
}

bool is_supported(DType dtype) noexcept {
  if (!is_block(dtype)) return dtype != DType::f64;  // MSL has no double
  const auto at = static_cast<std::size_t>(dtype);
  return at >= kBuiltInDTypes || table.block_structs[at].load(std::memory_order_acquire);
}

void support(DType dtype, std::string_view block_struct) {
  table.block_structs[static_cast<std::size_t>(dtype)].store(&intern(block_struct),
                                                             std::memory_order_release);
}

std::string block_struct_of(DType dtype) {
  const auto& known = table.block_structs[static_cast<std::size_t>(dtype)];
  const std::string* of_policy = known.load(std::memory_order_acquire);
  if (of_policy && !of_policy->empty()) return *of_policy;
  std::string name = name_of(dtype);
  std::transform(name.begin(), name.end(), name.begin(), to_upper);
  return name + "Block";
}

std::string supported_dtypes() {
  std::string text;
  for (const Row& row : known_rows()) {
    if (is_supported(row.info.dtype)) {
      text += (text.empty() ? "" : ", ") + std::string(row.info.name);
    }
  }
  return text;
}

DType parse_dtype(std::string_view name) {
  if (const auto dtype = find_dtype(name)) return *dtype;
  throw DTypeError(concat("no dtype '", name, "'; there are ", supported_dtypes()));
}

void require_supported(DType dtype, std::string_view what) {
  if (is_supported(dtype)) return;
  throw DTypeError(
      concat(what, ": unsupported dtype ", name_of(dtype), "; supported: ", supported_dtypes()));
}

}  // namespace foundry
