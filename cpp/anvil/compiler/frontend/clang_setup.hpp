// clang_setup.hpp: clang's in-process configuration for MSL.
#pragma once

#include <clang/Frontend/CompilerInstance.h>

#include <memory>
#include <string>
#include <vector>

namespace anvil::compiler {

/// Where the headers of the library stand in the compiler's virtual file system.
inline constexpr const char* kHeaderRoot = "/anvil";

/// The math mode that a library was made with, and the architecture that a kernel is for.
struct Dialect {
  std::string math;
  std::string triple;
};

/// Options that every run over transformed text shares, the precompiled header's included.
std::vector<std::string> language_arguments(const Dialect& dialect);

/// A compiler under cc1 `arguments`, with diagnostics going to `client` (not owned). The library's
/// headers and the precompiled header that the arguments name are all the files there are for it:
/// no program can include, embed or ask for one of the machine's.
std::unique_ptr<clang::CompilerInstance> make_compiler(const std::vector<std::string>& arguments,
                                                       clang::DiagnosticConsumer& client);

/// Makes `text`, known to clang as `name`, the only input. It must outlive the compiler.
void set_input(clang::CompilerInstance& compiler, const std::string& text, const std::string& name);

/// Writes the precompiled headers of every math mode to `folder`, which is made. Those in the
/// folder "anvil-headers" beside the program are found from then on.
void write_precompiled_headers(const std::string& folder, const std::string& triple);

/// cc1 options that bring the library's declarations in: a precompiled header beside the program
/// or, where there is none for the dialect, the headers themselves.
std::vector<std::string> library_arguments(const Dialect& dialect);

}  // namespace anvil::compiler
