#include "anvil/compiler/driver/pipeline.hpp"

#include <llvm/Demangle/Demangle.h>
#include <llvm/IR/LLVMContext.h>
#include <llvm/IR/Module.h>
#include <llvm/Support/JSON.h>
#include <llvm/Support/raw_ostream.h>

#include <exception>
#include <functional>

#include "anvil/compiler/driver/library_file.hpp"
#include "anvil/compiler/driver/reflection.hpp"
#include "anvil/compiler/driver/serve.hpp"
#include "anvil/compiler/driver/targets.hpp"
#include "anvil/compiler/frontend/frontend.hpp"
#include "anvil/compiler/frontend/precompiled.hpp"
#include "anvil/compiler/frontend/preprocess.hpp"
#include "anvil/compiler/ir/checks.hpp"
#include "anvil/compiler/ir/constants.hpp"
#include "anvil/compiler/ir/lowering.hpp"
#include "anvil/compiler/source/errors.hpp"
#include "anvil/compiler/source/files.hpp"

namespace anvil::compiler {
namespace {

void write_ir(const std::string& path, const llvm::Module& module) {
  std::string text;
  llvm::raw_string_ostream out(text);
  module.print(out, nullptr);
  write_file(path, text);
}

const char* name_of(Remark::Kind kind) {
  switch (kind) {
    case Remark::Kind::serialised:
      return "serialised";
    case Remark::Kind::scalarised:
      return "scalarised";
    case Remark::Kind::failure:
      return "failure";
  }
  return "";
}

// The IR knows lines of the text given to clang, the user those that #line speaks of.
void write_remarks(const std::string& path, const Remarks& remarks, const Source& source) {
  llvm::json::Array list;
  for (const Remark& remark : remarks) {
    const LineOrigin place = remark.file == source.name ? source.presumed(remark.line)
                                                        : LineOrigin{0, remark.line, remark.file};
    list.push_back(llvm::json::Object{{"kind", name_of(remark.kind)},
                                      {"message", remark.message},
                                      {"file", place.file},
                                      {"line", place.presumed}});
  }
  std::string text;
  llvm::raw_string_ostream(text) << llvm::json::Value(std::move(list)) << '\n';
  write_file(path, text);
}

bool report(const std::vector<std::string>& errors, const KernelCommand& command,
            const Source& source) {
  for (const std::string& error : errors)
    llvm::errs() << source.name << ": error: in kernel '" << command.function << "': " << error
                 << '\n';
  return !errors.empty();
}

bool report_computed(const std::vector<std::string>& variables,
                     const std::map<std::string, std::string>& places, const Source& source) {
  for (const std::string& symbol : variables) {
    const auto place = places.find(symbol);
    llvm::errs() << (place == places.end() ? source.name : place->second)
                 << ": error: program scope variable '" << llvm::demangle(symbol)
                 << "' has an initializer that is not a constant\n";
  }
  return !variables.empty();
}

std::optional<Program> load(const ProgramOptions& options) {
  if (!options.library.empty()) return read_library(read_file(options.library));
  auto source = preprocess(options.name, read_file(options.source), options.defines,
                           options.standard, options.math);
  if (!source) return {};
  Program program{.source = std::move(*source),
                  .tokens = {},
                  .math = options.math,
                  .logging = options.logging == "on"};
  program.tokens = run_token_pass(program.source.expanded);
  return program;
}

/// One kernel's IR to what the command asks for.
bool finish(const Program& program, CompiledKernel kernel, const KernelCommand& command,
            Target& target) {
  std::vector<ConstantValue> values;
  if (!command.constants.empty()) values = parse_constants(read_file(command.constants));
  llvm::Module& module = *kernel.module;
  std::vector<FunctionConstantInfo> used = kernel.constants;
  std::erase_if(used, [&](const FunctionConstantInfo& constant) {
    return !module.getNamedGlobal(constant.symbol) &&
           !module.getNamedGlobal(constant.defined_symbol);
  });
  if (report(bind_constants(module, kernel.constants, values), command, program.source))
    return false;
  if (!program.logging) drop_messages(module);
  const LoweredKernel lowered = lower_kernel(module, kernel.symbol, kernel.signature, target);
  if (report_computed(lowered.computed, kernel.places, program.source)) return false;
  if (report(lowered.errors, command, program.source)) return false;
  check_valid(module, "lowering");
  if (!command.emit_ir.empty()) write_ir(command.emit_ir, module);
  std::erase_if(kernel.signature.parameters, [&](const Parameter& parameter) {
    return is_switched_off(parameter.condition, kernel.constants, values);
  });
  if (!command.reflection.empty())
    write_file(command.reflection, reflection_json(kernel.signature, lowered, used));
  if (command.output.empty() && command.emit_scalar_ir.empty()) return true;

  target.optimize_lane(module);
  if (!command.emit_scalar_ir.empty()) write_ir(command.emit_scalar_ir, module);
  if (command.output.empty()) return true;

  Remarks remarks;
  const bool widened = target.widen(module, remarks);
  if (!command.remarks.empty()) write_remarks(command.remarks, remarks, program.source);
  if (!widened)
    throw InternalError("vectorisation failed: " + (remarks.empty() ? std::string("no reason given")
                                                                    : remarks.back().message));
  const KernelLines lines = target.finish(module, program.source);
  if (!command.emit_simd_ir.empty()) write_ir(command.emit_simd_ir, module);
  if (!command.emit_assembly.empty()) write_file(command.emit_assembly, target.assembly(module));
  write_file(command.output, target.emit(module, lines));
  return true;
}

/// `ask` is called once the program is parsed, and may throw.
bool run_program(const ProgramOptions& options, const std::string& triple, bool line_tables,
                 const std::function<ProgramCommand()>& ask) {
  const auto program = load(options);
  if (!program) return false;
  llvm::LLVMContext context;
  ProgramCommand command;
  std::unique_ptr<Target> target = make_target({.triple = triple});
  std::exception_ptr failure;  // clang is not made to be left by exceptions
  auto compiled = compile_program(
      *program, *target, {.line_tables = line_tables, .warnings = options.library.empty()}, context,
      [&]() -> Wish {
        try {
          command = ask();
          const auto* kernel = std::get_if<KernelCommand>(&command);
          if (!kernel) return {};
          target = make_target(
              {.triple = kernel->target, .processor = kernel->cpu, .variant = kernel->variant});
          return {.kernel = kernel->function, .target = target.get()};
        } catch (...) {
          failure = std::current_exception();
          return {};
        }
      });
  if (failure) std::rethrow_exception(failure);
  if (!compiled) return false;
  if (const auto* index = std::get_if<LibraryIndex>(&*compiled)) {
    write_file(std::get<LibraryCommand>(command).output, write_library(*program, *index));
    return true;
  }
  return finish(*program, std::move(std::get<CompiledKernel>(*compiled)),
                std::get<KernelCommand>(command), *target);
}

}  // namespace

bool run_library(const LibraryCommand& command) {
  return run_program(command.program, "", false, [&] { return command; });
}

bool run_kernel(const KernelCommand& command) {
  const bool line_tables = !command.remarks.empty() || !command.output.empty();
  return run_program(command.program, command.target, line_tables, [&] { return command; });
}

bool run_parse(const ParseCommand& command) {
  // Long enough for a program that makes its kernels as it goes.
  constexpr int kIdleSeconds = 30;
  return run_program(command.program, command.target, true, [&] {
    return parse_program_command(
        next_request(std::stoi(command.requests), /*host=*/-1, kIdleSeconds));
  });
}

void warm_up() {
  make_target({})->register_bytes();
}

void run_headers(const HeadersCommand& command) {
  write_precompiled_headers(command.output, *make_target({.triple = command.target}));
}

void run_registers(const RegistersCommand& command) {
  const auto target = make_target({.triple = command.target, .processor = command.cpu});
  write_file(command.output, std::to_string(target->register_bytes()));
}

}  // namespace anvil::compiler
