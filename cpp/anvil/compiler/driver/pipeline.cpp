#include "anvil/compiler/driver/pipeline.hpp"

#include <llvm/Demangle/Demangle.h>
#include <llvm/IR/LLVMContext.h>
#include <llvm/IR/Module.h>
#include <llvm/Support/JSON.h>
#include <llvm/Support/raw_ostream.h>

#include <algorithm>
#include <exception>
#include <functional>
#include <utility>

#include "anvil/compiler/air/matrices.hpp"
#include "anvil/compiler/air/merge.hpp"
#include "anvil/compiler/air/module.hpp"
#include "anvil/compiler/air/signature.hpp"
#include "anvil/compiler/driver/library_file.hpp"
#include "anvil/compiler/driver/reflection.hpp"
#include "anvil/compiler/driver/serve.hpp"
#include "anvil/compiler/driver/targets.hpp"
#include "anvil/compiler/frontend/frontend.hpp"
#include "anvil/compiler/frontend/library_text.hpp"
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
    if (symbol.empty()) {
      llvm::errs() << source.name
                   << ": error: program scope variables have initializers that are "
                      "not constants\n";
      continue;
    }
    const auto place = places.find(symbol);
    llvm::errs() << (place == places.end() ? source.name : place->second)
                 << ": error: program scope variable '" << llvm::demangle(symbol)
                 << "' has an initializer that is not a constant\n";
  }
  return !variables.empty();
}

std::optional<Program> load(const ProgramOptions& options) {
  if (!options.library.empty()) return read_library(read_file(options.library));
  if (!options.air.empty()) {
    Program program;
    program.source.name = options.name;
    program.air = read_file(options.air);
    if (program.air.empty()) throw InputError("the library's function is empty");
    return program;
  }
  auto source =
      preprocess(options.name, read_file(options.source),
                 {.defines = options.defines, .standard = options.standard, .math = options.math});
  if (!source) return {};
  return make_program(std::move(*source), options);
}

/// One kernel's IR to what the command asks for.
bool finish(const Program& program, CompiledKernel kernel, const KernelCommand& command,
            Target& target) {
  std::vector<ConstantValue> values;
  if (!command.constants.empty()) values = parse_constants(read_file(command.constants));
  llvm::Module& module = *kernel.module;
  // By its code, or by the condition of an argument.
  std::vector<FunctionConstantInfo> used = kernel.constants;
  std::erase_if(used, [&](const FunctionConstantInfo& constant) {
    return !module.getNamedGlobal(constant.symbol) &&
           !module.getNamedGlobal(constant.defined_symbol) &&
           std::ranges::find(kernel.signature.parameters, constant.name, &Parameter::condition) ==
               kernel.signature.parameters.end();
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

/// What is asked of a program, once it is parsed.
class PendingCommand {
 public:
  PendingCommand(std::function<ProgramCommand()> ask, const std::string& triple)
      : ask_(std::move(ask)), parsed_for_(make_target({.triple = triple})) {}

  /// The machine that is parsed for, which parsing again needs as long as it goes on; from answer()
  /// on, the kernel's.
  Target& target() { return asked_for_ ? *asked_for_ : *parsed_for_; }
  const ProgramCommand& command() const { return command_; }

  /// The value of `make` for the kernel that is wanted, or an empty one for a library. What throws
  /// is kept: clang, which calls this, is not made to be left by exceptions.
  template <typename Make>
  auto answer(const Make& make) -> decltype(make(std::declval<const KernelCommand&>())) {
    try {
      command_ = ask_();
      const auto* kernel = std::get_if<KernelCommand>(&command_);
      if (!kernel) return {};
      asked_for_ = make_target(
          {.triple = kernel->target, .processor = kernel->cpu, .variant = kernel->variant});
      return make(*kernel);
    } catch (...) {
      failure_ = std::current_exception();
      return {};
    }
  }
  void rethrow() const {
    if (failure_) std::rethrow_exception(failure_);
  }

 private:
  std::function<ProgramCommand()> ask_;
  std::unique_ptr<Target> parsed_for_, asked_for_;
  ProgramCommand command_;
  std::exception_ptr failure_;
};

bool write_index(const Program& program, const LibraryIndex& index, const PendingCommand& request) {
  write_file(std::get<LibraryCommand>(request.command()).output, write_library(program, index));
  return true;
}

bool run_air(const Program& program, PendingCommand request) {
  std::string place = program.source.name + ": error: ";
  try {
    llvm::LLVMContext context;
    const auto module = air::parse_module(program.air, context);
    place += "in function '" + air::function_name(*module) + "': ";
    air::make_plain(*module);
    CompiledKernel kernel;
    kernel.symbol = air::kKernelSymbol;
    kernel.signature = air::read_signature(*module);
    kernel.constants = air::read_function_constants(*module);
    air::narrow_matrices(*module);
    try {
      kernel.module = compile_library_text(air::math_mode(*module), request.target(), context, [&] {
        return request.answer([&](const KernelCommand& command) {
          if (command.function != kernel.signature.name)
            throw AirError("there is no kernel named '" + command.function + "' in the library");
          return air::text_for(*module, kernel.signature) +
                 request.target().thunk(kernel.signature);
        });
      });
    } catch (const InternalError&) {
      throw AirError("a function of Metal's that it calls has other types here");
    }
    request.rethrow();
    if (!kernel.module)
      return write_index(program, {{kernel.signature.name}, kernel.constants}, request);
    air::merge(*module, *kernel.module);
    return finish(program, std::move(kernel), std::get<KernelCommand>(request.command()),
                  request.target());
  } catch (const AirError& error) {
    llvm::errs() << place << error.what() << '\n';
    return false;
  }
}

/// `ask` is called once the program is parsed, and may throw.
bool run_program(const ProgramOptions& options, const std::string& triple, bool line_tables,
                 const std::function<ProgramCommand()>& ask) {
  const auto program = load(options);
  if (!program) return false;
  PendingCommand request(ask, triple);
  if (!program->air.empty()) return run_air(*program, std::move(request));
  llvm::LLVMContext context;
  auto compiled = compile_program(
      *program, request.target(), {.line_tables = line_tables, .warnings = options.library.empty()},
      context, [&] {
        return request.answer([&](const KernelCommand& kernel) -> Wish {
          return {.kernel = kernel.function, .linked = kernel.linked, .target = &request.target()};
        });
      });
  request.rethrow();
  if (!compiled) return false;
  if (const auto* index = std::get_if<LibraryIndex>(&*compiled))
    return write_index(*program, *index, request);
  return finish(*program, std::move(std::get<CompiledKernel>(*compiled)),
                std::get<KernelCommand>(request.command()), request.target());
}

}  // namespace

Program make_program(Source source, const ProgramOptions& options) {
  Program program{.source = std::move(source),
                  .tokens = {},
                  .air = {},
                  .math = options.math,
                  .logging = options.logging == "on"};
  program.tokens = run_token_pass(program.source.expanded);
  return program;
}

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
