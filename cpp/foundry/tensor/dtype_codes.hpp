// DTypeCodes: what numpy, Python's struct module, DLPack and GGUF call the element types.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "foundry/tensor/dtype.hpp"

namespace foundry {

/// DLDataTypeCode, in dlpack.h.
enum class DlpackCode : std::int8_t {
  none = -1,
  integer = 0,
  unsigned_integer,
  real,
  bfloat = 4,
  boolean = 6
};

/// Of the same table as DTypeInfo. For numpy a block is its bytes.
struct DTypeCodes {
  const char* numpy;   ///< "float16"; ml_dtypes has "bfloat16"
  const char* format;  ///< of the struct module and the buffer protocol; null: they have none
  DlpackCode dlpack;   ///< none: it has none
  std::int64_t ggml;   ///< ggml_type, in ggml.h; -1: GGUF has no such tensors
};

[[nodiscard]] const DTypeCodes& codes_of(DType dtype) noexcept;
/// nullopt for what has no element type, and "uint8" is u8.
[[nodiscard]] std::optional<DType> dtype_of_numpy_name(std::string_view name) noexcept;
[[nodiscard]] std::optional<DType> dtype_of_dlpack(int code, unsigned bits) noexcept;
/// nullopt for a number that ggml does not have, or had once and dropped.
[[nodiscard]] std::optional<DType> dtype_of_ggml_type(std::uint32_t type) noexcept;

}  // namespace foundry
