// metal-nm: a line for every function, as nm has them.
#include "anvil/metallib/apple_library.hpp"
#include "anvil/metallib/archive.hpp"
#include "anvil/tools/files.hpp"
#include "anvil/tools/tools.hpp"

namespace anvil::tools {
namespace {

std::string line(std::string_view name, metallib::FunctionKind kind) {
  return "---------------- T " + std::string(name) + " (" + name_of(kind) + ")\n";
}

std::string list(const std::string& path) {
  const auto input = metallib::Input::open(path);
  std::string lines;
  if (metallib::Archive::begins(input->text(0, std::min<uint64_t>(input->size(), 8)))) {
    const metallib::Archive archive(input);
    for (const metallib::Unit& unit : archive.units())
      for (const metallib::UnitFunction& function : unit.functions)
        lines += line(function.name, function.kind);
    return lines;
  }
  const metallib::AppleLibrary library(input);
  for (const metallib::AppleFunction& function : library.functions())
    lines += line(function.name, function.kind);
  return lines;
}

}  // namespace

int metal_nm(Arguments arguments) {
  if (arguments.empty()) throw ToolError("no input files");
  for (const std::string& path : arguments) {
    if (path.starts_with("-")) throw ToolError("unsupported option '" + path + "'; there are none");
    write_file("-", (arguments.size() > 1 ? "\n" + path + ":\n" : "") + list(path));
  }
  return 0;
}

}  // namespace anvil::tools
