// frontend.hpp: from transformed MSL to an index of its functions, or to one kernel's IR.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
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

/// A source ready to be compiled, and how.
struct Program {
  Source source;
  TokenPassResult tokens;
  std::string math;
};

struct LibraryIndex {
  std::vector<std::string> functions;
  std::vector<FunctionConstantInfo> constants;
};

struct CompiledKernel {
  KernelSignature signature;
  std::vector<FunctionConstantInfo> constants;  ///< all that the library declares
  std::string symbol;                           ///< the kernel function's name in `module`
  std::map<std::string, std::string> places;    ///< "file:line" of initialised variables, by symbol
  std::unique_ptr<llvm::Module> module;         ///< as clang's code generator left it
};

/// Checks the whole source, as it reads for `target`; nothing, after diagnostics, where it has
/// errors.
std::optional<LibraryIndex> check_library(const Program& program, const Target& target);

struct KernelRequest {
  std::string name;          ///< as the host knows it
  bool line_tables = false;  ///< keep the source's lines in the IR
};
/// Compiles that kernel and what it calls, with the target's thunk.
std::optional<CompiledKernel> compile_kernel(const Program& program, const KernelRequest& request,
                                             const Target& target, llvm::LLVMContext& context);

}  // namespace anvil::compiler
