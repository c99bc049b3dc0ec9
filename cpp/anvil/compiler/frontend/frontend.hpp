// frontend.hpp: from transformed MSL to an index of its functions, or to one kernel's IR.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "anvil/compiler/frontend/token_pass.hpp"
#include "anvil/compiler/ir/target.hpp"
#include "anvil/compiler/source/signature.hpp"
#include "anvil/compiler/source/source.hpp"

namespace llvm {
class LLVMContext;
class Module;
}  // namespace llvm

namespace anvil::compiler {

/// A source ready to be compiled, and how; or, in its place, what Apple's compiler made of one
/// function, which says itself how.
struct Program {
  Source source;
  TokenPassResult tokens;
  std::string air;  ///< bitcode; then the source is a name alone
  std::string math;
  bool logging = true;  ///< whether os_log says anything
};

struct LibraryIndex {
  std::vector<std::string> functions;  ///< kernels
  std::vector<FunctionConstantInfo> constants;
  std::vector<std::string> visible = {};  ///< functions for tables
};

struct CompiledKernel {
  KernelSignature signature;
  std::vector<FunctionConstantInfo> constants;  ///< all that the library declares
  std::string symbol;                           ///< the kernel function's name in `module`
  std::map<std::string, std::string> places;    ///< "file:line" of initialised variables, by symbol
  std::unique_ptr<llvm::Module> module;         ///< as clang's code generator left it
};

/// What is wanted of a program: a kernel, by the name that the host knows, or its index.
struct Wish {
  std::string kernel;                    ///< empty: the index
  std::vector<std::string> linked = {};  ///< visible functions whose handles are 16, 32, ...
  const Target* target = nullptr;        ///< whose thunk calls the kernel
};
using Compiled = std::variant<LibraryIndex, CompiledKernel>;

struct FrontEndOptions {
  bool line_tables = false;  ///< keep the source's lines in the IR
  bool warnings = true;
};

/// Parses and checks the whole source, as it reads for `target`, then asks what is wanted of it,
/// once: a process may be forked there for every kernel. Nothing, after diagnostics, where source
/// or kernel have errors.
std::optional<Compiled> compile_program(const Program& program, const Target& target,
                                        const FrontEndOptions& options, llvm::LLVMContext& context,
                                        const std::function<Wish()>& ask);

}  // namespace anvil::compiler
