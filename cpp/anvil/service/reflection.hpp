// reflection.hpp: the JSON that anvil-compiler writes beside libraries and kernels.
#pragma once

#include "anvil/service/compiler_service.hpp"

namespace anvil::service {

/// Fill functions and constants from the library's first line, and everything but the code from a
/// kernel's reflection. Throw CompileError when the text cannot be read or lacks a field.
void read_library(std::string_view text, LibraryImage& library);
void read_reflection(std::string_view text, KernelInfo& kernel);

/// The value of `--constants`.
std::string constants_json(std::span<const ConstantValue> constants);

}  // namespace anvil::service
