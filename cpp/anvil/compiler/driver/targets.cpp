#include "anvil/compiler/driver/targets.hpp"

#include <llvm/TargetParser/Host.h>
#include <llvm/TargetParser/Triple.h>

#include "anvil/compiler/cpu/target.hpp"
#include "anvil/compiler/source/errors.hpp"

namespace anvil::compiler {
namespace {

/// A kind of machine: a line here, and a room beside cpu/.
struct Kind {
  const char* architectures;
  bool (*supports)(const llvm::Triple&);
  std::unique_ptr<Target> (*make)(const TargetRequest&);
};
constexpr Kind kKinds[] = {
    {cpu::kArchitectures, cpu::supports, cpu::make_target},
};

}  // namespace

std::unique_ptr<Target> make_target(TargetRequest request) {
  const std::string asked = request.triple;
  request.triple =
      asked.empty() ? llvm::sys::getDefaultTargetTriple() : llvm::Triple::normalize(asked);
  std::string supported;
  for (const Kind& kind : kKinds) {
    if (kind.supports(llvm::Triple(request.triple))) return kind.make(request);
    supported += (supported.empty() ? "" : ", ") + std::string(kind.architectures);
  }
  throw TargetError("unsupported target '" + request.triple + "'; supported: " + supported);
}

}  // namespace anvil::compiler
