// handle_types.hpp: MSL's types that are handles of resources: textures, samplers, function tables.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace clang {
class QualType;
}

namespace anvil::compiler {

struct HandleType {
  std::string name;     ///< of the class: "texture2d_array", "sampler", "visible_function_table"
  std::string element;  ///< of a texture, as MSL names it
  std::string access;   ///< of a texture: "sample", "read", "write" or "read_write"
  uint32_t count = 1;   ///< of array<texture2d<float>, count>

  bool is_sampler() const { return name == "sampler"; }
  bool is_function_table() const { return name == "visible_function_table"; }
};

/// Nothing for all other types.
std::optional<HandleType> as_handle(clang::QualType type);

}  // namespace anvil::compiler
