#include <filesystem>
#include <sstream>

#include "anvil/tools/compile.hpp"
#include "anvil/tools/tools.hpp"

namespace fs = std::filesystem;

namespace anvil::tools {
namespace {

constexpr int kSourceError = 1;

bool is_source(const std::string& input) {
  return input == "-" || fs::path(input).extension() == ".metal" ||
         fs::path(input).extension() == ".h";
}

std::string with_extension(const std::string& input, const char* extension) {
  return input == "-" ? "-" : fs::path(input).filename().replace_extension(extension).string();
}

/// A rule of make's.
void write_dependencies(const MetalOptions& options, const std::string& output,
                        const std::vector<std::string>& files) {
  const std::string path = options.dependencies.empty()
                               ? fs::path(output).replace_extension(".d").string()
                               : options.dependencies;
  const auto escaped = [](const std::string& name) {
    std::string text;
    for (const char c : name) {
      if (c == ' ' || c == '#') text += '\\';
      if (c == '$') text += '$';
      text += c;
    }
    return text;
  };
  std::string rule =
      escaped(options.dependency_target.empty() ? output : options.dependency_target) + ":";
  for (const std::string& file : files) rule += " \\\n  " + escaped(file);
  write_file(path, rule + "\n");
}

std::string without_markers(const std::string& text) {
  std::istringstream lines(text);
  std::string result;
  for (std::string line; std::getline(lines, line);)
    if (!line.empty() && !line.starts_with("#line ")) result += line + "\n";
  return result;
}

}  // namespace

int metal(Arguments arguments) {
  if (arguments.size() == 1 && arguments[0] == "--version") {
    write_file("-", "Anvil's metal, which takes the place of Apple's\n");
    return 0;
  }
  const MetalOptions options = parse_metal_options(arguments);
  using Until = MetalOptions::Until;
  if (options.inputs.empty()) throw ToolError("no input files");
  if (options.until != Until::library && !options.output.empty() && options.inputs.size() > 1)
    throw ToolError("option '-o' names one file, and there are " +
                    std::to_string(options.inputs.size()) + " inputs");
  Units all;
  bool failed = false;
  for (const std::string& input : options.inputs) {
    if (!is_source(input)) {
      if (options.until != Until::library)
        throw ToolError(input +
                        ": this is no source; supported: .metal files, and .air files "
                        "where a library is made");
      all.add(read_units(input));
      continue;
    }
    auto compiled = compile(input, options);
    failed |= !compiled;
    if (!compiled) continue;
    const bool expands = options.until == Until::expanded;
    std::string output = options.output;
    if (output.empty())
      output = expands                       ? "-"
               : options.until == Until::air ? with_extension(input, ".air")
                                             : "default.metallib";
    if (expands)
      write_file(output, options.line_markers ? compiled->text : without_markers(compiled->text));
    else if (options.until == Until::air)
      write_units(output, compiled->unit);
    else
      all.add(std::move(compiled->unit));
    if (options.writes_dependencies || !options.dependencies.empty())
      write_dependencies(options, output, compiled->files);
  }
  if (failed) return kSourceError;
  if (options.until == Until::library)
    write_units(options.output.empty() ? "default.metallib" : options.output, all);
  return 0;
}

}  // namespace anvil::tools
