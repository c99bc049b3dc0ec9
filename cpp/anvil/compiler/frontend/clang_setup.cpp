#include "anvil/compiler/frontend/clang_setup.hpp"

#include <clang/Basic/DiagnosticOptions.h>
#include <clang/Frontend/CompilerInvocation.h>
#include <clang/Lex/Preprocessor.h>
#include <clang/Lex/PreprocessorOptions.h>
#include <llvm/Support/Error.h>
#include <llvm/Support/VirtualFileSystem.h>
#include <llvm/TargetParser/Triple.h>

#include <algorithm>

#include "anvil/compiler/frontend/address_spaces.hpp"
#include "anvil/compiler/frontend/header_files.hpp"
#include "anvil/compiler/frontend/metal_target.hpp"
#include "anvil/compiler/source/errors.hpp"

namespace anvil::compiler {

std::vector<std::string> language_arguments(const Dialect& dialect) {
  std::vector<std::string> arguments{
      "-triple", dialect.target.triple().str(), "-x", "c++", "-std=c++20", "-O2",
      "-disable-llvm-passes",
      // Nothing of the host: not its headers, its C library or its C++ run time.
      "-nostdsysteminc", "-nobuiltininc", "-nostdinc++", "-fno-builtin", "-ffreestanding",
      "-fno-rtti", "-fno-cxx-modules", "-fno-threadsafe-statics", "-isystem", kLibraryFolder,
      "-isystem", kThunkFolder, "-mrelocation-model", "pic", "-pic-level", "2",
      // Kernels look at the same bytes through many types; see Apple's own and llama.cpp's.
      "-relaxed-aliasing", "-fdeclspec",
      // half and bfloat arithmetic rounds after every operation, as on the GPU.
      "-ffloat16-excess-precision=none", "-fbfloat16-excess-precision=none",
      // What the token pass writes, and what MSL allows.
      "-Wno-duplicate-decl-specifier", "-Wno-gcc-compat", "-Wno-undefined-internal",
      "-Wno-undefined-inline", "-Wno-pragma-clang-attribute", "-Wno-c11-extensions", "-Wno-psabi",
      "-Wno-reserved-user-defined-literal"};
  for (std::string& argument : dialect.target.clang_arguments())
    arguments.push_back(std::move(argument));
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
                                                       clang::DiagnosticConsumer& client,
                                                       const std::vector<Header>& thunk_headers,
                                                       Files visible) {
  const auto files = header_files(thunk_headers);
  if (const auto option = std::ranges::find(arguments, std::string_view(kPrecompiledOption));
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
  // A precompiled header's name says all that it was made with.
  invocation->getPreprocessorOpts().DisablePCHOrModuleValidation =
      clang::DisableValidationForModuleKind::All;
  auto compiler = std::make_unique<clang::CompilerInstance>(std::move(invocation));
  if (visible == Files::machine) {
    auto all =
        llvm::makeIntrusiveRefCnt<llvm::vfs::OverlayFileSystem>(llvm::vfs::getRealFileSystem());
    all->pushOverlay(files);
    compiler->setVirtualFileSystem(all);
  } else {
    compiler->setVirtualFileSystem(files);
  }
  compiler->createDiagnostics(&client, false);
  compiler->createFileManager();
  compiler->createSourceManager();
  return compiler;
}

bool run(clang::CompilerInstance& compiler, clang::FrontendAction& action) {
  if (!action.PrepareToExecute(compiler) || !compiler.createTarget()) return false;
  compiler.setTarget(metal_target(compiler.getTargetPtr()).get());
  if (!action.BeginSourceFile(compiler, compiler.getFrontendOpts().Inputs[0])) return false;
  add_address_spaces(compiler.getPreprocessor().getIdentifierTable());
  if (llvm::Error error = action.Execute()) throw InternalError(llvm::toString(std::move(error)));
  action.EndSourceFile();
  return compiler.getDiagnostics().getClient()->getNumErrors() == 0;
}

void set_input(clang::CompilerInstance& compiler, const std::string& text,
               const std::string& name) {
  compiler.getFrontendOpts().Inputs = {clang::FrontendInputFile(
      llvm::MemoryBufferRef(text, name), clang::InputKind(clang::Language::CXX))};
}

}  // namespace anvil::compiler
