// reflection.hpp: the JSON that anvil-compiler writes beside libraries and kernels.
#pragma once

#include <filesystem>

#include "anvil/service/compiler_service.hpp"

namespace anvil {

/// Fill functions and constants from the library file's first line, and everything but the path
/// from a kernel's reflection. Throw CompileError when the file cannot be read or lacks a field.
void read_library(const std::filesystem::path& file, LibraryImage& library);
void read_reflection(const std::filesystem::path& file, KernelImage& kernel);

/// The value of `--constants`.
void write_constants(const std::filesystem::path& file, std::span<const ConstantValue> constants);

}  // namespace anvil
