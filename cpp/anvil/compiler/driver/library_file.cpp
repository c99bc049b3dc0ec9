#include "anvil/compiler/driver/library_file.hpp"

#include <llvm/Support/JSON.h>
#include <llvm/Support/raw_ostream.h>

#include "anvil/compiler/source/errors.hpp"
#include "anvil/compiler/source/version.hpp"

namespace anvil::compiler {
namespace {

std::string line_of(const llvm::json::Value& json) {
  std::string text;
  llvm::raw_string_ostream(text) << json;
  return text + "\n";
}

// JSON strings are UTF-8; sources need not be.
std::string valid(const std::string& text) {
  return llvm::json::fixUTF8(text);
}

}  // namespace

std::string index_line(const LibraryIndex& index) {
  llvm::json::Array functions, visible, constants;
  for (const std::string& name : index.functions)
    functions.push_back(llvm::json::Object{{"name", valid(name)}});
  for (const std::string& name : index.visible)
    visible.push_back(llvm::json::Object{{"name", valid(name)}});
  for (const FunctionConstantInfo& constant : index.constants)
    constants.push_back(llvm::json::Object{{"name", valid(constant.name)},
                                           {"index", constant.index},
                                           {"type", constant.type},
                                           {"required", constant.required}});
  llvm::json::Object line{
      {"version", 1}, {"functions", std::move(functions)}, {"constants", std::move(constants)}};
  if (!visible.empty()) line["visible"] = std::move(visible);
  return line_of(std::move(line));
}

std::string write_library(const Program& program, const LibraryIndex& index) {
  const Source& source = program.source;
  return index_line(index) +
         line_of(llvm::json::Object{{"compiler", compiler_version()},
                                    {"math", program.math},
                                    {"logging", program.logging},
                                    {"air", !program.air.empty()},
                                    {"name_size", source.name.size()},
                                    {"original_size", source.original.size()},
                                    {"origins",
                                     [&] {
                                       llvm::json::Array origins;
                                       for (const LineOrigin& origin : source.origins)
                                         origins.push_back(
                                             llvm::json::Object{{"line", origin.line},
                                                                {"presumed", origin.presumed},
                                                                {"file", valid(origin.file)}});
                                       return origins;
                                     }()}}) +
         source.name + source.original + source.expanded + program.air;
}

Program read_library(const std::string& contents) {
  const size_t first = contents.find('\n');
  const size_t second = first == std::string::npos ? first : contents.find('\n', first + 1);
  if (second == std::string::npos) throw InputError("the library is truncated");
  auto header = llvm::json::parse(std::string_view(contents).substr(first + 1, second - first - 1));
  if (!header) {
    llvm::consumeError(header.takeError());
    throw InputError("the library's header is damaged");
  }
  const llvm::json::Object* object = header->getAsObject();
  if (!object || object->getString("compiler").value_or("") != compiler_version())
    throw InputError("the library was written by another version of the compiler");
  const auto name_size = object->getInteger("name_size").value_or(-1);
  const auto original_size = object->getInteger("original_size").value_or(-1);
  const auto available = static_cast<int64_t>(contents.size() - second - 1);
  if (name_size < 0 || original_size < 0 || name_size > available ||
      original_size > available - name_size)
    throw InputError("the library is truncated");
  Program program;
  program.math = object->getString("math").value_or("fast").str();
  program.logging = object->getBoolean("logging").value_or(true);
  size_t at = second + 1;
  program.source.name = contents.substr(at, static_cast<size_t>(name_size));
  at += static_cast<size_t>(name_size);
  if (object->getBoolean("air").value_or(false)) {
    program.air = contents.substr(at);
    return program;
  }
  program.source.original = contents.substr(at, static_cast<size_t>(original_size));
  program.source.expanded = contents.substr(at + static_cast<size_t>(original_size));
  if (const llvm::json::Array* origins = object->getArray("origins"))
    for (const llvm::json::Value& value : *origins)
      if (const llvm::json::Object* origin = value.getAsObject())
        program.source.origins.push_back(
            {static_cast<uint32_t>(origin->getInteger("line").value_or(1)),
             static_cast<uint32_t>(origin->getInteger("presumed").value_or(1)),
             origin->getString("file").value_or("").str()});
  // The pass takes microseconds; its result is not worth a format.
  program.tokens = run_token_pass(program.source.expanded);
  return program;
}

}  // namespace anvil::compiler
