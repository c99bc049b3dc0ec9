// textures.hpp: Apple's functions of textures, as C++ over Anvil's Metal library.
#pragma once

#include <optional>
#include <string>

namespace llvm {
class Function;
}

namespace anvil::compiler::air {

/// air.sample_texture_2d.v4f32 and its kin. A definition as functions.hpp has it; nothing for what
/// is no function of a texture's.
std::optional<std::string> texture_definition(const llvm::Function& function,
                                              const std::string& symbol);

}  // namespace anvil::compiler::air
