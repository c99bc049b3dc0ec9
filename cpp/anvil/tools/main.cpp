// anvil-metal: Apple's programs for .metal files, each by its name.
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <filesystem>
#include <string>
#include <vector>

#include "anvil/tools/tools.hpp"

namespace fs = std::filesystem;

namespace anvil::tools {

int (*find_tool(std::string_view name))(Arguments) {
  if (name == "metal") return metal;
  if (name == "metallib") return metallib;
  if (name == "metal-ar") return metal_ar;
  if (name == "metal-nm") return metal_nm;
  return nullptr;
}

namespace {

/// Where the program is by the name that it was called by.
std::string folder_of(const char* called) {
  std::error_code failure;
  if (std::string_view(called).find('/') != std::string_view::npos)
    return fs::absolute(called, failure).parent_path().lexically_normal();
  const char* path = std::getenv("PATH");
  for (std::string_view rest = path ? path : ""; !rest.empty();) {
    const size_t end = rest.find(':');
    const fs::path folder = rest.substr(0, end);
    if (fs::exists(folder / called, failure)) return folder;
    rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
  }
  return ".";
}

int run(const std::string& name, Arguments arguments, const char* called) {
  if (name == "xcrun") return xcrun(arguments, folder_of(called));
  if (const auto tool = find_tool(name)) return tool(arguments);
  throw ToolError("this program goes by the names metal, metal-ar, metal-nm, metallib and xcrun");
}

}  // namespace
}  // namespace anvil::tools

int main(int argc, char** argv) {
  const std::string name = argc ? fs::path(argv[0]).filename().string() : "";
  const std::vector<std::string> arguments(argv + std::min(argc, 1), argv + argc);
  try {
    return anvil::tools::run(name, arguments, argc ? argv[0] : "");
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s: error: %s\n", name.c_str(), error.what());
    return 1;
  }
}
