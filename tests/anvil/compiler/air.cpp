#include "air.hpp"

#include <doctest/doctest.h>
#include <llvm/AsmParser/Parser.h>
#include <llvm/Bitcode/BitcodeWriter.h>
#include <llvm/IR/LLVMContext.h>
#include <llvm/IR/Module.h>
#include <llvm/Support/SourceMgr.h>
#include <llvm/Support/raw_ostream.h>

namespace compiler_test {
namespace {

constexpr const char* kHeader = R"(
source_filename = "f"
target datalayout = "e-p:64:64:64-i1:8:8-i8:8:8-i16:16:16-i32:32:32-i64:64:64-f32:32:32-f64:64:64-v16:16:16-v24:32:32-v32:32:32-v48:64:64-v64:64:64-v96:128:128-v128:128:128-v192:256:256-v256:256:256-v512:512:512-v1024:1024:1024-n8:16:32"
target triple = "air64_v27-apple-macosx15.0.0"
)";

}  // namespace

std::string bitcode(const AirText& text) {
  const std::string all =
      kHeader + text.body + "\n!air.version = !{!900}\n!900 = !{" + text.version +
      "}\n!air.compile_options = !{!901}\n!901 = " + text.options + "\n!" + text.kind +
      " = !{!902}\n!902 = !{ptr @f, !{}, !{" + text.arguments + "}}\n";
  llvm::LLVMContext context;
  llvm::SMDiagnostic error;
  const auto module = llvm::parseAssemblyString(all, error, context);
  const std::string place =
      error.getMessage().str() + ": line " + std::to_string(error.getLineNo());
  REQUIRE_MESSAGE(bool(module), place);
  std::string bytes;
  llvm::raw_string_ostream out(bytes);
  llvm::WriteBitcodeToFile(*module, out);
  return bytes;
}

std::string buffer(unsigned position, unsigned index, const std::string& type, unsigned size,
                   unsigned space) {
  const std::string number = std::to_string(size);
  return "!{i32 " + std::to_string(position) + ", !\"air.buffer\", !\"air.location_index\", i32 " +
         std::to_string(index) + ", i32 1, !\"air.read_write\", !\"air.address_space\", i32 " +
         std::to_string(space) + ", !\"air.arg_type_size\", i32 " + number +
         ", !\"air.arg_type_align_size\", i32 " + number + ", !\"air.arg_type_name\", !\"" + type +
         "\", !\"air.arg_name\", !\"buffer" + std::to_string(index) + "\"}";
}

std::string input(unsigned position, const std::string& attribute, const std::string& type) {
  return "!{i32 " + std::to_string(position) + ", !\"air." + attribute +
         "\", !\"air.arg_type_name\", !\"" + type + "\", !\"air.arg_name\", !\"" + attribute +
         "\"}";
}

}  // namespace compiler_test
