// GgufContents: what the header of one GGUF file says.
#pragma once

#include <cstdint>
#include <string_view>
#include <utility>
#include <vector>

#include "foundry/gguf/value.hpp"
#include "foundry/tensor/any_tensor.hpp"

namespace foundry {

struct GgufTensorInfo {
  std::string_view name;
  Extents extents;  ///< outermost first: reversed from the file's order
  DType dtype = DType::f32;
  std::uint64_t offset = 0;  ///< bytes from the start of its part
  std::uint64_t length = 0;  ///< bytes
  std::size_t part = 0;      ///< of a split file: which of GgufFile::paths()
};

/// Texts are views into the file's blocks.
struct GgufContents {
  std::uint32_t version = 0;
  std::uint32_t alignment = 32;
  std::vector<std::pair<std::string_view, GgufValue>> metadata;  ///< in the order of the file
  std::vector<GgufTensorInfo> tensors;

  /// nullptr if there is no such key. Looks at every one.
  [[nodiscard]] const GgufValue* find(std::string_view key) const noexcept;
};

}  // namespace foundry
