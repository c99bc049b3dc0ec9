#include "anvil/compiler/driver/options.hpp"

#include <functional>
#include <map>
#include <string_view>

#include "anvil/compiler/source/errors.hpp"

namespace anvil::compiler {
namespace {

using Handlers = std::map<std::string_view, std::function<void(std::string)>>;

void parse(int argc, char** argv, const Handlers& handlers) {
  for (int i = 0; i < argc; i += 2) {
    const auto handler = handlers.find(argv[i]);
    if (handler == handlers.end())
      throw UsageError(std::string("unknown option '") + argv[i] + "'");
    if (i + 1 >= argc) throw UsageError(std::string("option '") + argv[i] + "' needs a value");
    handler->second(argv[i + 1]);
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

}  // namespace

LibraryCommand parse_library_command(int argc, char** argv) {
  LibraryCommand command;
  parse(argc, argv,
        {{"--source", store(command.source)},
         {"--name", store(command.name)},
         {"--output", store(command.output)},
         {"--host", store(command.host)},
         {"--math", store(command.math)},
         {"--std", store(command.standard)},
         {"--define", [&](const std::string& value) {
            const size_t equal = value.find('=');
            command.defines.emplace_back(
                value.substr(0, equal), equal == std::string::npos ? "1" : value.substr(equal + 1));
          }}});
  require(command.source, "--source");
  require(command.output, "--output");
  if (command.name.empty()) command.name = "program_source";
  require_one_of(command.math, "--math", {"fast", "relaxed", "safe"});
  require_one_of(command.standard, "--std",
                 {"metal2.0", "metal2.1", "metal2.2", "metal2.3", "metal2.4", "metal3.0",
                  "metal3.1", "metal3.2", "metal4.0"});
  return command;
}

KernelCommand parse_kernel_command(int argc, char** argv) {
  KernelCommand command;
  parse(argc, argv,
        {{"--library", store(command.library)},
         {"--function", store(command.function)},
         {"--constants", store(command.constants)},
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
         {"--remarks", store(command.remarks)}});
  require(command.library, "--library");
  require(command.function, "--function");
  require_one_of(command.variant, "--variant", {"full", "any"});
  if (command.emit_ir.empty() && command.emit_scalar_ir.empty())
    require(command.output, "--output");
  return command;
}

HeadersCommand parse_headers_command(int argc, char** argv) {
  HeadersCommand command;
  parse(argc, argv, {{"--output", store(command.output)}, {"--target", store(command.target)}});
  require(command.output, "--output");
  return command;
}

RegistersCommand parse_registers_command(int argc, char** argv) {
  RegistersCommand command;
  parse(argc, argv,
        {{"--output", store(command.output)},
         {"--cpu", store(command.cpu)},
         {"--target", store(command.target)},
         {"--host", store(command.host)}});
  require(command.output, "--output");
  return command;
}

}  // namespace anvil::compiler
