// target.hpp: what a machine that kernels run on is to the compiler.
//
// frontend/ and ir/ know no machine. driver/targets.cpp lists those there are, each a room like
// cpu/.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "anvil/compiler/ir/remarks.hpp"
#include "anvil/compiler/source/signature.hpp"
#include "anvil/compiler/source/source.hpp"

namespace llvm {
class Module;
class Triple;
}  // namespace llvm

namespace anvil::compiler {

/// The machine that is asked for.
struct TargetRequest {
  std::string triple;              ///< LLVM's
  std::string processor = "host";  ///< its name; "host": the machine that compiles
  std::string variant = "full";    ///< of the kernel, by the words of the target's own contract
};

struct Header {
  std::string path;  ///< as #include names it
  std::string_view text;
};

/// The lines that a kernel comes from. From Target::finish on, the module's debug information
/// speaks of them by their number in this list, from 1 on.
using KernelLines = std::vector<LineOrigin>;

/// Its functions are called in the order in which they stand here, each for one kernel.
class Target {
 public:
  virtual ~Target() = default;

  /// Of the vector registers whose elements are the lanes; 0: they are none. May be called at any
  /// time.
  virtual unsigned register_bytes() = 0;

  // The front end.

  virtual const llvm::Triple& triple() const = 0;
  /// cc1 options beside the triple. They are part of what the library is precompiled with.
  virtual std::vector<std::string> clang_arguments() const = 0;
  /// What thunks are written with: <anvil/entry.h>, and what that includes. Precompiled, too.
  virtual std::vector<Header> thunk_headers() const = 0;
  /// C++ for one lane's program, the function kScalarEntry, which calls the kernel: it fetches the
  /// arguments from where the machine's dispatch has put them.
  virtual std::string thunk(const KernelSignature& kernel) const = 0;

  // Primitives.

  /// Puts what the machine has in place of the lane's index (`__anvil_lane`) and of threadgroup
  /// variables (kThreadgroupSection); gives the bytes that these take. The primitives across lanes
  /// are for the passes.
  virtual uint64_t lower_primitives(llvm::Module& module) const = 0;

  // Passes.

  /// Makes one lane's program small and regular.
  virtual void optimize_lane(llvm::Module& module) = 0;
  /// Turns it into the program that the machine runs: a simdgroup's, where registers hold lanes.
  /// False, after a remark that says why, where that fails: the module is to be thrown away.
  virtual bool widen(llvm::Module& module, Remarks& remarks) = 0;
  /// Readies that for emission.
  virtual KernelLines finish(llvm::Module& module, const Source& source) = 0;

  // Emission.

  /// For people and tests to read.
  virtual std::string assembly(const llvm::Module& module) = 0;
  /// The code as the machine's executor takes it. The module is used up.
  virtual std::string emit(llvm::Module& module, const KernelLines& lines) = 0;
};

}  // namespace anvil::compiler
