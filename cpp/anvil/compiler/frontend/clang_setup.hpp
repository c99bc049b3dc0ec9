// clang_setup.hpp: clang's in-process configuration for MSL.
#pragma once

#include <clang/Frontend/CompilerInstance.h>
#include <clang/Frontend/FrontendAction.h>

#include <memory>
#include <string>
#include <vector>

#include "anvil/compiler/ir/target.hpp"

namespace anvil::compiler {

/// The cc1 option whose argument is a precompiled header.
inline constexpr const char* kPrecompiledOption = "-include-pch";

/// The math mode that a library was made with, and the machine that a kernel is for.
struct Dialect {
  std::string math;
  const Target& target;
};

/// Options that every run over transformed text shares, the precompiled header's included.
std::vector<std::string> language_arguments(const Dialect& dialect);

/// Which files there are for clang: those of Anvil's alone, or the machine's too.
enum class Files { ours, machine };

/// A compiler under cc1 `arguments`, with diagnostics going to `client` (not owned). The library's
/// headers, those of the thunk and the precompiled header that the arguments name are all the files
/// there are for it, unless `visible` says otherwise: no program can include, embed or ask for one
/// of the machine's.
std::unique_ptr<clang::CompilerInstance> make_compiler(
    const std::vector<std::string>& arguments, clang::DiagnosticConsumer& client,
    const std::vector<Header>& thunk_headers = {}, Files visible = Files::ours);

/// Runs `action` over the compiler's input; false where there were errors.
bool run(clang::CompilerInstance& compiler, clang::FrontendAction& action);

/// Makes `text`, known to clang as `name`, the only input. It must outlive the compiler.
void set_input(clang::CompilerInstance& compiler, const std::string& text, const std::string& name);

}  // namespace anvil::compiler
