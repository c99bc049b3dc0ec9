#include "anvil/compiler/cpu/target.hpp"

#include <llvm/IR/Module.h>

#include <abi_headers.hpp>
#include <thunk_headers.hpp>

#include "anvil/abi/kernel_abi.h"
#include "anvil/compiler/cpu/code_facts.hpp"
#include "anvil/compiler/cpu/elf.hpp"
#include "anvil/compiler/cpu/machine.hpp"
#include "anvil/compiler/cpu/optimize.hpp"
#include "anvil/compiler/cpu/primitives.hpp"
#include "anvil/compiler/cpu/thunk.hpp"
#include "anvil/compiler/ir/checks.hpp"
#include "anvil/compiler/ir/loop_exits.hpp"
#include "anvil/compiler/simd/vectorize.hpp"
#include "anvil/compiler/source/symbols.hpp"

namespace anvil::compiler::cpu {
namespace {

class CpuTarget final : public Target {
 public:
  explicit CpuTarget(const TargetRequest& request)
      : triple_(request.triple), processor_(request.processor), full_(request.variant == "full") {}

  unsigned register_bytes() override { return cpu::register_bytes(machine()); }

  const llvm::Triple& triple() const override { return triple_; }
  std::vector<std::string> clang_arguments() const override {
    if (triple_.isX86()) return {"-target-cpu", "x86-64-v3"};
    return {"-target-feature", "+neon"};
  }
  std::vector<Header> thunk_headers() const override {
    std::vector<Header> headers;
    for (const auto& file : embedded_thunk::thunk_headers())
      headers.push_back({std::string(file.path), file.text});
    for (const auto& file : embedded_abi::abi_headers())
      headers.push_back({"anvil/" + std::string(file.path), file.text});
    return headers;
  }
  std::string thunk(const KernelSignature& kernel) const override {
    return cpu::thunk(kernel, full_);
  }

  uint64_t lower_primitives(llvm::Module& module) const override {
    return cpu::lower_primitives(module);
  }

  void optimize_lane(llvm::Module& module) override {
    retarget(module, machine());
    keep_operations_in_loops(*module.getFunction(kScalarEntry));
    optimize_scalar(module, machine());
  }
  bool widen(llvm::Module& module, Remarks& remarks) override {
    return simd::vectorize(module, {.target = &machine()}, remarks);
  }
  KernelLines finish(llvm::Module& module, const Source& source) override {
    lower_messages(module);
    KernelLines lines = keep_lines(module, source);
    retarget(module, machine());
    optimize_simdgroup(module, machine());
    return lines;
  }

  std::string assembly(const llvm::Module& module) override {
    return cpu::assembly(module, machine());
  }
  std::string emit(llvm::Module& module, const KernelLines& lines) override {
    check_confined(module, ANVIL_ENTRY_SYMBOL);
    return shared_object(module, lines, machine());
  }

 private:
  // Not made for the front end alone.
  llvm::TargetMachine& machine() {
    if (!machine_) machine_ = make_machine(triple_, processor_);
    return *machine_;
  }

  const llvm::Triple triple_;
  const std::string processor_;
  const bool full_;
  std::unique_ptr<llvm::TargetMachine> machine_;
};

}  // namespace

bool supports(const llvm::Triple& triple) {
  return triple.getArch() == llvm::Triple::x86_64 || triple.getArch() == llvm::Triple::aarch64;
}

std::unique_ptr<Target> make_target(const TargetRequest& request) {
  return std::make_unique<CpuTarget>(request);
}

}  // namespace anvil::compiler::cpu
