#include "anvil/compiler/frontend/precompiled.hpp"

#include <clang/Frontend/FrontendActions.h>
#include <llvm/ADT/StringExtras.h>
#include <llvm/Support/SHA256.h>

#include <filesystem>

#include "anvil/compiler/frontend/diagnostics.hpp"
#include "anvil/compiler/frontend/header_files.hpp"
#include "anvil/compiler/source/errors.hpp"
#include "anvil/compiler/source/files.hpp"
#include "anvil/compiler/source/version.hpp"

namespace anvil::compiler {
namespace {

/// By all that decides what is in it.
std::string precompiled_name(const Dialect& dialect) {
  llvm::SHA256 hash;
  std::vector<std::string> parts = language_arguments(dialect);
  parts.push_back(compiler_version());
  parts.push_back(hash_header_files(dialect.target.thunk_headers()));
  for (const std::string& part : parts) {
    hash.update(part);
    hash.update(llvm::StringRef("\0", 1));
  }
  return "metal_stdlib-" + llvm::toHex(hash.final(), true).substr(0, 32) + ".pch";
}

std::filesystem::path headers_beside_program() {
  std::error_code error;
  return std::filesystem::read_symlink("/proc/self/exe", error).parent_path() / "anvil-headers";
}

// Errors in the library's own headers are errors of ours.
void build_precompiled_header(const Dialect& dialect, const std::string& path) {
  Source none;
  none.name = "metal_stdlib";
  Diagnostics diagnostics(none);
  std::vector<std::string> arguments = language_arguments(dialect);
  const std::string temporary = temporary_beside(path);
  arguments.insert(arguments.end(), {"-emit-pch", "-fno-pch-timestamp", "-o", temporary});
  auto compiler = make_compiler(arguments, diagnostics, dialect.target.thunk_headers());
  compiler->getFrontendOpts().Inputs = {clang::FrontendInputFile(
      kPrelude, clang::InputKind(clang::Language::CXX, clang::InputKind::Source, false,
                                 clang::InputKind::HeaderUnit_None, true))};
  clang::GeneratePCHAction action;
  if (!run(*compiler, action) || diagnostics.failed())
    throw InternalError("the library's headers do not compile");
  rename_file(temporary, path);
}

}  // namespace

void write_precompiled_headers(const std::string& folder, const Target& target) {
  std::filesystem::create_directories(folder);
  for (const char* math : {"fast", "safe"}) {
    const Dialect dialect{math, target};
    build_precompiled_header(dialect, folder + "/" + precompiled_name(dialect));
  }
}

std::vector<std::string> library_arguments(const Dialect& dialect) {
  const auto kept = headers_beside_program() / precompiled_name(dialect);
  if (std::error_code error; std::filesystem::exists(kept, error))
    return {kPrecompiledOption, kept.string(), "-include", kProgramPrelude};
  return {"-include", kPrelude, "-include", kProgramPrelude};
}

std::vector<std::string> program_arguments(const Dialect& dialect) {
  std::vector<std::string> arguments = language_arguments(dialect);
  for (std::string& argument : library_arguments(dialect)) arguments.push_back(std::move(argument));
  return arguments;
}

}  // namespace anvil::compiler
