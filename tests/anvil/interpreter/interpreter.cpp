#include "interpreter.hpp"

#include <llvm/IR/LLVMContext.h>
#include <llvm/IR/Module.h>
#include <llvm/IRReader/IRReader.h>
#include <llvm/Support/MemoryBuffer.h>
#include <llvm/Support/SourceMgr.h>
#include <llvm/Support/raw_ostream.h>

#include <algorithm>
#include <vector>

#include "anvil/abi/kernel_abi.h"
#include "block_order.hpp"
#include "simdgroup.hpp"

namespace anvil::oracle {
namespace {

constexpr auto kEntry = "anvil_scalar_entry";

void no_barrier(AnvilThreadgroup*) {}

}  // namespace

struct Interpreter::Module {
  llvm::LLVMContext context;
  std::unique_ptr<llvm::Module> module;
  const llvm::Function* entry = nullptr;
};

Interpreter::Interpreter(std::unique_ptr<Module> module) : module_(std::move(module)) {
  module_->entry = module_->module->getFunction(kEntry);
  if (!module_->entry || module_->entry->isDeclaration() || module_->entry->arg_size() != 3)
    throw Fault(std::string("the module has no ") + kEntry + " of three arguments");
}

Interpreter::Interpreter(Interpreter&&) noexcept = default;
Interpreter::~Interpreter() = default;

Interpreter Interpreter::load(const std::string& path) {
  auto file = llvm::MemoryBuffer::getFile(path);
  if (!file) throw Fault(path + ": " + file.getError().message());
  return parse((*file)->getBuffer().str());
}

Interpreter Interpreter::parse(const std::string& text) {
  auto module = std::make_unique<Module>();
  llvm::SMDiagnostic diagnostic;
  module->module =
      llvm::parseIR(llvm::MemoryBufferRef(text, "module"), diagnostic, module->context);
  if (!module->module) {
    std::string message;
    llvm::raw_string_ostream out(message);
    diagnostic.print("", out, false);
    throw Fault(message);
  }
  return Interpreter(std::move(module));
}

void Interpreter::run(const Dispatch& dispatch) const {
  const auto& layout = module_->module->getDataLayout();
  Code code{*module_->entry, layout, order_blocks(*module_->entry), Globals()};

  Memory constants;
  for (const auto& global : module_->module->globals()) {
    if (global.isDeclaration()) continue;
    llvm::Type* type = global.getValueType();
    code.globals[&global] = reinterpret_cast<uint64_t>(constants.make(
        layout.getTypeAllocSize(type), global.getPointerAlignment(layout).value(), "global"));
  }

  AnvilDispatch table{};
  std::array<uint32_t, 3> groups;
  for (int axis = 0; axis < 3; ++axis) {
    const uint32_t size = dispatch.threads_per_threadgroup[axis];
    groups[axis] = (dispatch.threads_per_grid[axis] + size - 1) / size;
    table.threads_per_grid[axis] = dispatch.threads_per_grid[axis];
    table.threads_per_threadgroup[axis] = size;
    table.threadgroups_per_grid[axis] = groups[axis];
  }
  for (size_t i = 0; i < dispatch.buffers.size(); ++i)
    table.buffers[i] = dispatch.buffers[i].data();

  for (uint32_t z = 0; z < groups[2]; ++z)
    for (uint32_t y = 0; y < groups[1]; ++y)
      for (uint32_t x = 0; x < groups[0]; ++x) {
        Memory memory;
        for (const auto& [global, address] : code.globals) {
          const auto* variable = llvm::cast<llvm::GlobalVariable>(global);
          llvm::Type* type = variable->getValueType();
          memory.lend(reinterpret_cast<void*>(address), layout.getTypeAllocSize(type),
                      variable->getName().str());
          if (!llvm::isa<llvm::UndefValue>(variable->getInitializer()))
            store(memory, address, evaluate(*variable->getInitializer(), layout, code.globals),
                  type, layout);
        }
        for (size_t i = 0; i < dispatch.buffers.size(); ++i)
          memory.lend(dispatch.buffers[i].data(), dispatch.buffers[i].size(),
                      "buffer " + std::to_string(i));
        AnvilThreadgroup group{};
        memory.lend(&table, sizeof table, "the dispatch");
        memory.lend(&group, sizeof group, "the threadgroup");
        group.dispatch = &table;
        group.barrier = no_barrier;
        const uint32_t position[3] = {x, y, z};
        uint32_t threads = 1;
        for (int axis = 0; axis < 3; ++axis) {
          group.position[axis] = position[axis];
          const uint32_t size = dispatch.threads_per_threadgroup[axis];
          group.threads[axis] =
              std::min(size, dispatch.threads_per_grid[axis] - position[axis] * size);
          threads *= group.threads[axis];
        }
        group.simdgroups = (threads + ANVIL_SIMD_WIDTH - 1) / ANVIL_SIMD_WIDTH;
        group.static_memory = memory.make(dispatch.static_memory,
                                          ANVIL_THREADGROUP_MEMORY_ALIGNMENT, "threadgroup memory");
        for (size_t i = 0; i < dispatch.threadgroup_memory_length.size(); ++i)
          if (const uint32_t length = dispatch.threadgroup_memory_length[i])
            group.threadgroup_memory[i] = memory.make(length, ANVIL_THREADGROUP_MEMORY_ALIGNMENT,
                                                      "threadgroup argument " + std::to_string(i));

        std::vector<Simdgroup> simdgroups;
        for (uint32_t number = 0; number < group.simdgroups; ++number)
          simdgroups.emplace_back(code, memory, reinterpret_cast<uint64_t>(&group), number);
        for (bool ended = false; !ended;) {
          size_t at_end = 0;
          for (auto& simdgroup : simdgroups) at_end += simdgroup.run() == Simdgroup::Stop::at_end;
          ended = at_end == simdgroups.size();
          if (!ended && at_end > 0)
            throw Fault("only " + std::to_string(simdgroups.size() - at_end) + " of " +
                        std::to_string(simdgroups.size()) +
                        " simdgroups reached a threadgroup barrier");
        }
      }
}

}  // namespace anvil::oracle
