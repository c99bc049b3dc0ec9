// Random programs give the same memory vectorised as executed lane by lane.
#include <doctest/doctest.h>
#include <llvm/ExecutionEngine/Orc/LLJIT.h>
#include <llvm/IR/Verifier.h>
#include <llvm/Support/TargetSelect.h>
#include <llvm/TargetParser/Host.h>
#include <llvm/Transforms/Utils/Cloning.h>

#include <algorithm>
#include <cstdlib>
#include <vector>

#include "anvil/abi/kernel_abi.h"
#include "anvil/compiler/simd/vectorize.hpp"
#include "random_program.hpp"

namespace {

using anvil::test::ProgramBuffers;

struct Memory {
  std::vector<uint32_t> input, output, columns;
  explicit Memory(uint32_t seed)
      : input(ProgramBuffers::kInputWords),
        output(ANVIL_SIMD_WIDTH * ProgramBuffers::kOutputWords),
        columns(ANVIL_SIMD_WIDTH * ProgramBuffers::kOutputWords) {
    std::mt19937 random(seed);
    for (uint32_t& word : input) word = random() % 3 ? uint32_t(random() % 64) : uint32_t(random());
  }
};

class Program {
 public:
  Program(std::unique_ptr<llvm::Module> module, std::unique_ptr<llvm::LLVMContext> context,
          const char* symbol) {
    jit_ = llvm::cantFail(llvm::orc::LLJITBuilder().create());
    llvm::cantFail(
        jit_->addIRModule(llvm::orc::ThreadSafeModule(std::move(module), std::move(context))));
    address_ = llvm::cantFail(jit_->lookup(symbol));
  }
  template <typename Type>
  Type* as() const {
    return address_.toPtr<Type*>();
  }

 private:
  std::unique_ptr<llvm::orc::LLJIT> jit_;
  llvm::orc::ExecutorAddr address_;
};

std::unique_ptr<llvm::Module> program(llvm::LLVMContext& context, uint32_t seed) {
  auto module = anvil::test::random_program(context, seed);
  // Masks are a matter of the architecture.
  if (seed % 5) module->setTargetTriple(llvm::Triple(llvm::sys::getProcessTriple()));
  llvm::Function& function = *module->getFunction("anvil_scalar_entry");
  // The host's own features: conversions of half must not become calls.
  function.addFnAttr("target-features", "+avx2,+fma,+f16c,+bmi,+bmi2,+lzcnt,+popcnt");
  return module;
}

void run_seed(uint32_t seed, anvil::compiler::simd::VectorizeOptions options) {
  CAPTURE(seed);
  auto scalar_context = std::make_unique<llvm::LLVMContext>();
  auto scalar_module = program(*scalar_context, seed);
  std::string problem;
  llvm::raw_string_ostream stream(problem);
  REQUIRE_MESSAGE(!llvm::verifyModule(*scalar_module, &stream), problem);
  const Program scalar(std::move(scalar_module), std::move(scalar_context), "anvil_scalar_entry");

  auto vector_context = std::make_unique<llvm::LLVMContext>();
  auto vector_module = program(*vector_context, seed);
  anvil::compiler::Remarks remarks;
  const bool done = anvil::compiler::simd::vectorize(*vector_module, options, remarks);
  std::string messages;
  for (const anvil::compiler::Remark& remark : remarks) messages += remark.message + "\n";
  REQUIRE_MESSAGE(done, messages);
  const Program vector(std::move(vector_module), std::move(vector_context), "anvil_entry");

  Memory expected(seed), actual(seed);
  const auto run = [](Memory& memory, auto&& entry) {
    AnvilDispatch dispatch{};
    dispatch.buffers[ProgramBuffers::kInput] = memory.input.data();
    dispatch.buffers[ProgramBuffers::kOutput] = memory.output.data();
    dispatch.buffers[ProgramBuffers::kColumns] = memory.columns.data();
    AnvilThreadgroup threadgroup{};
    threadgroup.dispatch = &dispatch;
    entry(&threadgroup);
  };
  run(expected, [&](AnvilThreadgroup* threadgroup) {
    for (uint32_t lane = 0; lane < ANVIL_SIMD_WIDTH; ++lane)
      scalar.as<void(AnvilThreadgroup*, uint32_t, uint32_t)>()(threadgroup, 0, lane);
  });
  run(actual, [&](AnvilThreadgroup* threadgroup) {
    vector.as<void(AnvilThreadgroup*, uint32_t)>()(threadgroup, 0);
  });
  CHECK(actual.output == expected.output);
  CHECK(actual.columns == expected.columns);
}

uint32_t from_environment(const char* name, uint32_t otherwise) {
  const char* text = std::getenv(name);
  return text ? uint32_t(std::strtoul(text, nullptr, 10)) : otherwise;
}

}  // namespace

TEST_CASE("random programs agree with execution lane by lane") {
  llvm::InitializeNativeTarget();
  llvm::InitializeNativeTargetAsmPrinter();
  const uint32_t first = from_environment("ANVIL_FUZZ_SEED", 1);
  const uint32_t count = from_environment("ANVIL_FUZZ_COUNT", 60);
  for (uint32_t seed = first; seed < first + count; ++seed) {
    anvil::compiler::simd::VectorizeOptions options;
    options.full_mask_versions = seed % 3 != 0;
    options.least_for_few = seed % 2 ? 0 : 64;
    options.clean_up = seed % 4 != 0;
    run_seed(seed, options);
  }
}

TEST_CASE("every program with a loop over its lanes has a remark, and no other") {
  unsigned with_loops = 0;
  for (uint32_t seed = 1; seed <= 40; ++seed) {
    CAPTURE(seed);
    llvm::LLVMContext context;
    const auto module = program(context, seed);
    anvil::compiler::Remarks remarks;
    REQUIRE(anvil::compiler::simd::vectorize(*module, {.clean_up = false}, remarks));
    unsigned loops = 0;
    for (const llvm::BasicBlock& block : *module->getFunction("anvil_entry"))
      loops += block.getName().starts_with("lane") && !block.getName().starts_with("lanes");
    const auto told = std::ranges::count(remarks, anvil::compiler::Remark::Kind::serialised,
                                         &anvil::compiler::Remark::kind);
    CHECK((loops > 0) == (told > 0));
    CHECK(told <= loops);  // an instruction may stand in several zones
    with_loops += loops > 0;
  }
  CHECK(with_loops > 10);
}
