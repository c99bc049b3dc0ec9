// handle_types.hpp: MSL's types that are handles of resources: textures and samplers.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace clang {
class QualType;
}

namespace anvil::compiler {

struct HandleType {
  std::string name;     ///< of the class: "texture2d_array", "depthcube", "sampler"
  std::string element;  ///< of a texture, as MSL names it
  std::string access;   ///< of a texture: "sample", "read", "write" or "read_write"
  uint32_t count = 1;   ///< of array<texture2d<float>, count>

  bool is_sampler() const { return name == "sampler"; }
};

/// Nothing for all other types.
std::optional<HandleType> as_handle(clang::QualType type);

}  // namespace anvil::compiler
