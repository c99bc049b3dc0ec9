// header_files.hpp: the only files there are for clang: the library's headers, and a target's.
#pragma once

#include <llvm/Support/VirtualFileSystem.h>

#include <string>
#include <vector>

#include "anvil/compiler/ir/target.hpp"

namespace anvil::compiler {

/// Folders of that file system: what <metal_stdlib> and the like are for the preprocessor (their
/// macros alone), the library's declarations, and what thunks are written with.
inline constexpr const char* kStubFolder = "/anvil/library/include";
inline constexpr const char* kLibraryFolder = "/anvil/library/";
inline constexpr const char* kThunkFolder = "/anvil/entry/";
/// Brings all declarations in.
inline constexpr const char* kPrelude = "/anvil/metal_stdlib.h";
/// What no precompiled header can hold, ahead of a program.
inline constexpr const char* kProgramPrelude = "/anvil/program.h";

llvm::IntrusiveRefCntPtr<llvm::vfs::InMemoryFileSystem> header_files(
    const std::vector<Header>& thunk_headers);

/// A hash over all of them.
std::string hash_header_files(const std::vector<Header>& thunk_headers);

}  // namespace anvil::compiler
