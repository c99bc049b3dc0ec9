#include "anvil/tools/metal_options.hpp"

#include <algorithm>
#include <array>
#include <functional>
#include <string_view>

namespace anvil::tools {
namespace {

using Until = MetalOptions::Until;

void define(MetalOptions& options, const std::string& text) {
  const size_t equal = text.find('=');
  options.defines.emplace_back(text.substr(0, equal),
                               equal == std::string::npos ? "1" : text.substr(equal + 1));
}

struct Flag {
  const char* name;
  std::function<void(MetalOptions&)> apply;
};
/// Takes what follows in the same argument or, where `separate`, in the next.
struct Value {
  const char* name;
  bool separate;
  std::function<void(MetalOptions&, const std::string&)> apply;
};

void nothing(MetalOptions&) {}
void drop(MetalOptions&, const std::string&) {}

const std::vector<Flag>& flags() {
  static const std::vector<Flag> list = {
      {"-c", [](auto& o) { o.until = Until::air; }},
      {"-E", [](auto& o) { o.until = Until::expanded; }},
      {"-P", [](auto& o) { o.line_markers = false; }},
      {"-ffast-math", [](auto& o) { o.math = "fast"; }},
      {"-fno-fast-math", [](auto& o) { o.math = "safe"; }},
      {"-fmetal-enable-logging", [](auto& o) { o.logging = true; }},
      {"-MD", [](auto& o) { o.writes_dependencies = true; }},
      {"-MMD", [](auto& o) { o.writes_dependencies = true; }},
      // What changes nothing here: sources are in every library, warnings are the compiler's own.
      {"-frecord-sources", nothing},
      {"-gline-tables-only", nothing},
      {"-g", nothing},
      {"-MO", nothing},
      {"-MP", nothing},
      {"-w", nothing},
      {"-v", nothing},
      {"-fmodules", nothing},
      {"-fpreserve-invariance", nothing},
      {"-ffp-contract=fast", nothing},
      {"-fcolor-diagnostics", nothing},
      {"-fno-color-diagnostics", nothing},
      {"-fdiagnostics-color", nothing},
  };
  return list;
}

void set_math(MetalOptions& options, const std::string& mode) {
  constexpr std::array<std::string_view, 3> modes = {"fast", "relaxed", "safe"};
  if (std::ranges::find(modes, mode) == modes.end())
    throw ToolError("unsupported math mode '" + mode + "'; supported: fast, relaxed, safe");
  options.math = mode;
}

void set_standard(MetalOptions& options, std::string standard) {
  for (const std::string_view system : {"macos-", "ios-"})
    if (standard.starts_with(system)) standard.erase(0, system.size());
  options.standard = standard;
}

const std::vector<Value>& values() {
  static const std::vector<Value> list = {
      {"-o", true, [](auto& o, const auto& v) { o.output = v; }},
      {"-I", true, [](auto& o, const auto& v) { o.includes.push_back(v); }},
      {"-isystem", true, [](auto& o, const auto& v) { o.includes.push_back(v); }},
      {"-iquote", true, [](auto& o, const auto& v) { o.includes.push_back(v); }},
      {"-D", true, define},
      {"-U", true,
       [](auto& o, const auto& v) {
         std::erase_if(o.defines, [&](const auto& each) { return each.first == v; });
       }},
      {"-std=", false, set_standard},
      {"-fmetal-math-mode=", false, set_math},
      {"-MF", true, [](auto& o, const auto& v) { o.dependencies = v; }},
      {"-MT", true, [](auto& o, const auto& v) { o.dependency_target = v; }},
      {"-MQ", true, [](auto& o, const auto& v) { o.dependency_target = v; }},
      {"-x", true,
       [](auto&, const auto& v) {
         if (v != "metal") throw ToolError("unsupported language '" + v + "'; supported: metal");
       }},
      // What changes nothing here: there is one target, and the fastest code for it.
      {"-fmetal-math-fp32-functions=", false, drop},
      {"-frecord-sources=", false, drop},
      {"-fmodules-cache-path=", false, drop},
      {"-ferror-limit=", false, drop},
      {"-mmacosx-version-min=", false, drop},
      {"-mmacos-version-min=", false, drop},
      {"-mios-version-min=", false, drop},
      {"-miphoneos-version-min=", false, drop},
      {"--target=", false, drop},
      {"-target", true, drop},
      {"-arch", true, drop},
      {"-isysroot", true, drop},
      {"-O", false, drop},
      {"-W", false, drop},
  };
  return list;
}

std::string supported() {
  std::string names;
  for (const Flag& flag : flags()) names += std::string(names.empty() ? "" : ", ") + flag.name;
  for (const Value& value : values()) names += std::string(", ") + value.name;
  return names;
}

}  // namespace

MetalOptions parse_metal_options(Arguments arguments) {
  MetalOptions options;
  for (size_t i = 0; i < arguments.size(); ++i) {
    const std::string& argument = arguments[i];
    if (argument == "-" || !argument.starts_with("-")) {
      options.inputs.push_back(argument);
      continue;
    }
    const auto flag = std::ranges::find(flags(), std::string_view(argument), &Flag::name);
    if (flag != flags().end()) {
      flag->apply(options);
      continue;
    }
    const auto value = std::ranges::find_if(
        values(), [&](const Value& each) { return argument.starts_with(each.name); });
    if (value == values().end() || argument.starts_with("-Wl,"))
      throw ToolError("unsupported option '" + argument + "'; supported: " + supported());
    std::string text = argument.substr(std::string_view(value->name).size());
    if (value->separate && text.empty()) {
      if (++i == arguments.size()) throw ToolError("option '" + argument + "' needs a value");
      text = arguments[i];
    }
    value->apply(options, text);
  }
  return options;
}

}  // namespace anvil::tools
