#include "anvil/compiler/driver/options.hpp"

#include <functional>
#include <map>
#include <string_view>

#include "anvil/compiler/source/errors.hpp"

namespace anvil::compiler {
namespace {

using Handlers = std::map<std::string_view, std::function<void(std::string)>>;

void parse(Arguments arguments, const Handlers& handlers) {
  for (size_t i = 0; i < arguments.size(); i += 2) {
    const auto handler = handlers.find(arguments[i]);
    if (handler == handlers.end()) throw UsageError("unknown option '" + arguments[i] + "'");
    if (i + 1 >= arguments.size()) throw UsageError("option '" + arguments[i] + "' needs a value");
    handler->second(arguments[i + 1]);
  }
}

auto store(std::string& target) {
  return [&target](std::string value) { target = std::move(value); };
}

void require(const std::string& value, const char* option) {
  if (value.empty()) throw UsageError(std::string("option '") + option + "' is missing");
}

void require_one_of(const std::string& value, const char* option,
                    std::initializer_list<std::string_view> choices) {
  std::string list;
  for (std::string_view choice : choices) {
    if (value == choice) return;
    list.append(list.empty() ? "" : ", ").append(choice);
  }
  throw UsageError(std::string(option) + " '" + value + "' is not one of " + list);
}

Handlers source_options(ProgramOptions& program) {
  return {{"--source", store(program.source)},
          {"--air", store(program.air)},
          {"--name", store(program.name)},
          {"--math", store(program.math)},
          {"--logging", store(program.logging)},
          {"--std", store(program.standard)},
          {"--define", [&](const std::string& value) {
             const size_t equal = value.find('=');
             program.defines.emplace_back(value.substr(0, equal), equal == std::string::npos
                                                                      ? "1"
                                                                      : value.substr(equal + 1));
           }}};
}

void require_program(const ProgramOptions& program) {
  if (program.source.empty() && program.air.empty())
    throw UsageError("option '--source' or '--air' is missing");
}

void check(const ProgramOptions& program) {
  require_one_of(program.math, "--math", {"fast", "relaxed", "safe"});
  require_one_of(program.logging, "--logging", {"on", "off"});
  require_one_of(program.standard, "--std",
                 {"metal2.0", "metal2.1", "metal2.2", "metal2.3", "metal2.4", "metal3.0",
                  "metal3.1", "metal3.2", "metal4.0"});
}

Handlers library_options(LibraryCommand& command) {
  return {{"--output", store(command.output)}, {"--host", store(command.host)}};
}

Handlers kernel_options(KernelCommand& command) {
  return {{"--function", store(command.function)},
          {"--constants", store(command.constants)},
          {"--link", [&](std::string name) { command.linked.push_back(std::move(name)); }},
          {"--variant", store(command.variant)},
          {"--cpu", store(command.cpu)},
          {"--target", store(command.target)},
          {"--output", store(command.output)},
          {"--reflection", store(command.reflection)},
          {"--host", store(command.host)},
          {"--emit-ir", store(command.emit_ir)},
          {"--emit-scalar-ir", store(command.emit_scalar_ir)},
          {"--emit-simd-ir", store(command.emit_simd_ir)},
          {"--emit-assembly", store(command.emit_assembly)},
          {"--remarks", store(command.remarks)}};
}

void check(const KernelCommand& command) {
  require(command.function, "--function");
  require_one_of(command.variant, "--variant", {"full", "any"});
  if (command.emit_ir.empty() && command.emit_scalar_ir.empty())
    require(command.output, "--output");
}

}  // namespace

LibraryCommand parse_library_command(Arguments arguments) {
  LibraryCommand command;
  Handlers handlers = library_options(command);
  handlers.merge(source_options(command.program));
  parse(arguments, handlers);
  require_program(command.program);
  require(command.output, "--output");
  check(command.program);
  return command;
}

UnitCommand parse_unit_command(Arguments arguments) {
  UnitCommand command;
  Handlers handlers = source_options(command.program);
  handlers.merge(Handlers{
      {"--output", store(command.output)},
      {"--dependencies", store(command.dependencies)},
      {"--include", [&](std::string folder) { command.includes.push_back(std::move(folder)); }},
      {"--check", [&](const std::string& value) {
         require_one_of(value, "--check", {"yes", "no"});
         command.expand_only = value == "no";
       }}});
  parse(arguments, handlers);
  require(command.output, "--output");
  check(command.program);
  return command;
}

KernelCommand parse_kernel_command(Arguments arguments) {
  KernelCommand command;
  Handlers handlers = kernel_options(command);
  handlers.emplace("--library", store(command.program.library));
  parse(arguments, handlers);
  require(command.program.library, "--library");
  check(command);
  return command;
}

ProgramCommand parse_program_command(Arguments arguments) {
  const std::string kind = arguments.empty() ? "" : arguments[0];
  if (kind == "library") {
    LibraryCommand command;
    parse(arguments.subspan(1), library_options(command));
    require(command.output, "--output");
    return command;
  }
  if (kind != "kernel") throw UsageError("expected 'library' or 'kernel'");
  KernelCommand command;
  parse(arguments.subspan(1), kernel_options(command));
  check(command);
  return command;
}

ParseCommand parse_parse_command(Arguments arguments) {
  ParseCommand command;
  Handlers handlers = source_options(command.program);
  handlers.emplace("--library", store(command.program.library));
  handlers.emplace("--target", store(command.target));
  handlers.emplace("--requests", store(command.requests));
  parse(arguments, handlers);
  if (command.program.library.empty()) require_program(command.program);
  require(command.requests, "--requests");
  check(command.program);
  return command;
}

ServeCommand parse_serve_command(Arguments arguments) {
  ServeCommand command;
  parse(arguments, {{"--requests", store(command.requests)}, {"--host", store(command.host)}});
  require(command.requests, "--requests");
  require(command.host, "--host");
  return command;
}

HeadersCommand parse_headers_command(Arguments arguments) {
  HeadersCommand command;
  parse(arguments, {{"--output", store(command.output)}, {"--target", store(command.target)}});
  require(command.output, "--output");
  return command;
}

RegistersCommand parse_registers_command(Arguments arguments) {
  RegistersCommand command;
  parse(arguments, {{"--output", store(command.output)},
                    {"--cpu", store(command.cpu)},
                    {"--target", store(command.target)},
                    {"--host", store(command.host)}});
  require(command.output, "--output");
  return command;
}

}  // namespace anvil::compiler
