#include "anvil/compiler/frontend/clang_setup.hpp"

#include <clang/Basic/DiagnosticOptions.h>
#include <clang/Frontend/CompilerInvocation.h>
#include <clang/Frontend/FrontendActions.h>
#include <llvm/Support/FileSystem.h>
#include <llvm/Support/SHA256.h>
#include <llvm/Support/VirtualFileSystem.h>
#include <llvm/TargetParser/Host.h>
#include <llvm/TargetParser/Triple.h>

#include <abi_headers.hpp>
#include <algorithm>
#include <filesystem>
#include <library_headers.hpp>
#include <prelude_headers.hpp>

#include "anvil/compiler/frontend/diagnostics.hpp"
#include "anvil/compiler/source/errors.hpp"
#include "anvil/compiler/source/files.hpp"
#include "anvil/compiler/source/version.hpp"

namespace anvil::compiler {
namespace {

using embedded_abi::abi_headers;
using embedded_library::library_headers;
using embedded_prelude::prelude_headers;

constexpr std::string_view kPrecompiledOption = "-include-pch";
constexpr const char* kPrelude = "#include <metal/metal.h>\n#include <anvil/entry.h>\n";

std::string library_path(std::string_view name) {
  return std::string(kHeaderRoot) + "/library/" + std::string(name);
}
std::string entry_path(std::string_view name) {
  return std::string(kHeaderRoot) + "/entry/" + std::string(name);
}
std::string prelude_path() {
  return std::string(kHeaderRoot) + "/metal_stdlib.h";
}

llvm::IntrusiveRefCntPtr<llvm::vfs::InMemoryFileSystem> header_files() {
  auto files = llvm::makeIntrusiveRefCnt<llvm::vfs::InMemoryFileSystem>();
  const auto add = [&](const std::string& path, std::string_view text) {
    files->addFile(path, 0, llvm::MemoryBuffer::getMemBufferCopy(llvm::StringRef(text), path));
  };
  for (const auto& file : library_headers()) add(library_path(file.path), file.text);
  for (const auto& file : prelude_headers()) add(entry_path(file.path), file.text);
  for (const auto& file : abi_headers())
    add(entry_path("anvil/" + std::string(file.path)), file.text);
  add(prelude_path(), kPrelude);
  return files;
}

std::string hash_of(const std::vector<std::string>& arguments) {
  llvm::SHA256 hash;
  const auto add = [&](std::string_view text) {
    hash.update(llvm::StringRef(text));
    hash.update(llvm::StringRef("\0", 1));
  };
  for (const std::string& argument : arguments) add(argument);
  for (const auto& file : library_headers()) add(file.path), add(file.text);
  for (const auto& file : prelude_headers()) add(file.path), add(file.text);
  for (const auto& file : abi_headers()) add(file.path), add(file.text);
  add(kPrelude);
  return llvm::toHex(hash.final(), true).substr(0, 32);
}

/// By all that decides what is in it.
std::string precompiled_name(const Dialect& dialect) {
  std::vector<std::string> arguments = language_arguments(dialect);
  arguments.push_back(compiler_version());
  return "metal_stdlib-" + hash_of(arguments) + ".pch";
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
  auto compiler = make_compiler(arguments, diagnostics);
  compiler->getFrontendOpts().Inputs = {clang::FrontendInputFile(
      prelude_path(), clang::InputKind(clang::Language::CXX, clang::InputKind::Source, false,
                                       clang::InputKind::HeaderUnit_None, true))};
  clang::GeneratePCHAction action;
  if (!compiler->ExecuteAction(action) || diagnostics.failed())
    throw InternalError("the library's headers do not compile");
  rename_file(temporary, path);
}

}  // namespace

std::vector<std::string> language_arguments(const Dialect& dialect) {
  const llvm::Triple triple(dialect.triple);
  std::vector<std::string> arguments{
      "-triple", triple.str(), "-x", "c++", "-std=c++20", "-O2", "-disable-llvm-passes",
      // Nothing of the host: not its headers, its C library or its C++ run time.
      "-nostdsysteminc", "-nobuiltininc", "-nostdinc++", "-fno-builtin", "-ffreestanding",
      "-fno-rtti", "-fno-cxx-modules", "-fno-threadsafe-statics", "-isystem", library_path(""),
      "-isystem", entry_path(""), "-mrelocation-model", "pic", "-pic-level", "2",
      // Kernels look at the same bytes through many types; see Apple's own and llama.cpp's.
      "-relaxed-aliasing", "-fdeclspec",
      // half and bfloat arithmetic rounds after every operation, as on the GPU.
      "-ffloat16-excess-precision=none", "-fbfloat16-excess-precision=none",
      // What the token pass writes, and what MSL allows.
      "-Wno-duplicate-decl-specifier", "-Wno-gcc-compat", "-Wno-undefined-internal",
      "-Wno-undefined-inline", "-Wno-psabi", "-Wno-reserved-user-defined-literal"};
  if (triple.isX86())
    arguments.insert(arguments.end(), {"-target-cpu", "x86-64-v3"});
  else
    arguments.insert(arguments.end(), {"-target-feature", "+neon"});
  if (dialect.math == "safe") {
    arguments.insert(arguments.end(), {"-ffp-contract=on", "-D", "ANVIL_MATH_SAFE=1"});
  } else {
    // Metal's fast math, except that infinities and NaNs keep their meaning: attention kernels
    // mask with -INFINITY, and Apple's compiler lets them.
    arguments.insert(arguments.end(), {"-ffp-contract=fast", "-mreassociate", "-freciprocal-math",
                                       "-fno-signed-zeros", "-fapprox-func"});
  }
  return arguments;
}

std::unique_ptr<clang::CompilerInstance> make_compiler(const std::vector<std::string>& arguments,
                                                       clang::DiagnosticConsumer& client) {
  const auto files = header_files();
  if (const auto option = std::ranges::find(arguments, kPrecompiledOption);
      option != arguments.end()) {
    const std::string& path = *std::next(option);
    auto header = llvm::MemoryBuffer::getFile(path, /*IsText=*/false,
                                              /*RequiresNullTerminator=*/false);
    if (!header) throw FileError("cannot read '" + path + "': " + header.getError().message());
    files->addFile(path, 0, std::move(*header));
  }
  // Diagnostics prints the user's text itself, and no "1 error generated".
  std::vector<const char*> raw{"-fno-caret-diagnostics"};
  for (const std::string& argument : arguments) raw.push_back(argument.c_str());
  clang::DiagnosticOptions options;
  auto engine = clang::CompilerInstance::createDiagnostics(*files, options, &client, false);
  auto invocation = std::make_shared<clang::CompilerInvocation>();
  if (!clang::CompilerInvocation::CreateFromArgs(*invocation, raw, *engine))
    throw InternalError("clang does not take its options");
  auto compiler = std::make_unique<clang::CompilerInstance>(std::move(invocation));
  compiler->setVirtualFileSystem(files);
  compiler->createDiagnostics(&client, false);
  compiler->createFileManager();
  compiler->createSourceManager();
  return compiler;
}

void set_input(clang::CompilerInstance& compiler, const std::string& text,
               const std::string& name) {
  compiler.getFrontendOpts().Inputs = {clang::FrontendInputFile(
      llvm::MemoryBufferRef(text, name), clang::InputKind(clang::Language::CXX))};
}

void write_precompiled_headers(const std::string& folder, const std::string& triple) {
  std::filesystem::create_directories(folder);
  for (const char* math : {"fast", "safe"}) {
    const Dialect dialect{math, triple};
    build_precompiled_header(dialect, folder + "/" + precompiled_name(dialect));
  }
}

std::vector<std::string> library_arguments(const Dialect& dialect) {
  const auto kept = headers_beside_program() / precompiled_name(dialect);
  if (std::error_code error; std::filesystem::exists(kept, error))
    return {std::string(kPrecompiledOption), kept.string()};
  return {"-include", prelude_path()};
}

}  // namespace anvil::compiler
