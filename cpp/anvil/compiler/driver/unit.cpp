#include <llvm/IR/LLVMContext.h>
#include <llvm/IR/Module.h>

#include "anvil/compiler/driver/library_file.hpp"
#include "anvil/compiler/driver/pipeline.hpp"
#include "anvil/compiler/driver/targets.hpp"
#include "anvil/compiler/frontend/preprocess.hpp"
#include "anvil/compiler/source/files.hpp"

namespace anvil::compiler {

bool run_unit(const UnitCommand& command) {
  const ProgramOptions& options = command.program;
  Expansion expansion{
      .defines = options.defines, .standard = options.standard, .math = options.math};
  std::optional<std::string> text;
  if (!options.source.empty()) text = read_file(options.source);
  const auto flat = flatten(options.name, text, expansion, command.includes);
  if (!flat) return false;
  if (!command.dependencies.empty()) {
    std::string list;
    for (const std::string& file : flat->files) list += file + '\n';
    write_file(command.dependencies, list);
  }
  if (command.expand_only) {
    write_file(command.output, flat->text);
    return true;
  }
  // As those will read it who compile its kernels.
  expansion.defines.clear();
  auto source = preprocess(options.name, flat->text, expansion);
  if (!source) return false;
  const Program program = make_program(std::move(*source), options);
  llvm::LLVMContext context;
  const auto target = make_target({});
  const auto compiled = compile_program(program, *target, {}, context, [] { return Wish{}; });
  if (!compiled) return false;
  write_file(command.output, index_line(std::get<LibraryIndex>(*compiled)) + flat->text);
  return true;
}

}  // namespace anvil::compiler
