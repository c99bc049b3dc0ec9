// A private array lies element by element, whatever its loops count in.
#include <doctest/doctest.h>
#include <llvm/AsmParser/Parser.h>
#include <llvm/IR/InstIterator.h>
#include <llvm/IR/LLVMContext.h>
#include <llvm/IR/Module.h>
#include <llvm/Support/SourceMgr.h>

#include <string>

#include "anvil/compiler/simd/private_memory.hpp"

namespace {

/// Bytes of the elements that the array of a loop over `step`, from `first` on, is laid out by; 0
/// if it is not. `element` is what the loop's index counts.
uint64_t laid_out_by(const std::string& element, int first, int step) {
  const std::string text =
      "define void @f() {\n"
      "entry:\n"
      "  %array = alloca [128 x float]\n"
      "  br label %loop\n"
      "loop:\n"
      "  %i = phi i64 [ " +
      std::to_string(first) +
      ", %entry ], [ %next, %loop ]\n"
      "  %place = getelementptr inbounds " +
      element +
      ", ptr %array, i64 %i\n"
      "  store float 1.0, ptr %place\n"
      "  %next = add i64 %i, " +
      std::to_string(step) +
      "\n"
      "  %ends = icmp uge i64 %next, 64\n"
      "  br i1 %ends, label %end, label %loop\n"
      "end:\n"
      "  ret void\n"
      "}\n";
  llvm::LLVMContext context;
  llvm::SMDiagnostic problem;
  const auto module = llvm::parseAssemblyString(text, problem, context);
  REQUIRE_MESSAGE(module, problem.getMessage().str());
  llvm::Function& function = *module->getFunction("f");
  const anvil::compiler::simd::PrivateMemory memory(function);
  return memory.interleaved_element(&*llvm::inst_begin(function));
}

}  // namespace

TEST_CASE("a loop over elements") {
  CHECK(laid_out_by("float", 0, 1) == 4);
}

TEST_CASE("a loop that counts bytes of whole elements") {
  CHECK(laid_out_by("i8", 0, 4) == 4);
  CHECK(laid_out_by("i8", 32, 16) == 4);
  CHECK(laid_out_by("i16", 0, 2) == 4);
}

TEST_CASE("a loop that meets parts of elements") {
  CHECK(laid_out_by("i8", 0, 6) == 0);
  CHECK(laid_out_by("i8", 2, 4) == 0);
  CHECK(laid_out_by("i16", 0, 1) == 0);
}
