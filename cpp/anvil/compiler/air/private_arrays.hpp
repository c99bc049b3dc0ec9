// private_arrays.hpp: what a thread stores beside an array of its own.
#pragma once

namespace llvm {
class Function;
}

namespace anvil::compiler::air {

/// Gives each private array an element more, which indices outside of it then mean. Programs ship
/// that store before an array's begin (MLX's layer_norm, in threads past the end of a row): on a
/// GPU nothing comes of it.
void guard_private_arrays(llvm::Function& function);

}  // namespace anvil::compiler::air
