#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <vector>

#include "anvil/tools/files.hpp"
#include "anvil/tools/tools.hpp"

namespace anvil::tools {
namespace {

// Of the SDK that metal-cpp's headers are for.
constexpr const char* kSdkVersion = "26.0\n";

int run_other(Arguments command) {
  std::vector<char*> raw;
  for (const std::string& argument : command) raw.push_back(const_cast<char*>(argument.c_str()));
  raw.push_back(nullptr);
  execvp(raw[0], raw.data());
  throw ToolError("unable to run '" + command[0] + "': " + std::strerror(errno) +
                  "; there are metal, metal-ar, metal-nm and metallib, and what PATH has");
}

int find(const std::string& tool, const std::string& folder) {
  if (!find_tool(tool)) throw ToolError("unable to find utility '" + tool + "'");
  write_file("-", folder + "/" + tool + "\n");
  return 0;
}

}  // namespace

int xcrun(Arguments arguments, const std::string& folder) {
  bool finds = false;
  size_t i = 0;
  for (; i < arguments.size() && arguments[i].starts_with("-"); ++i) {
    std::string option = arguments[i];
    if (option.starts_with("--")) option.erase(0, 1);
    if (option == "-sdk" || option == "-toolchain") {
      if (++i == arguments.size()) throw ToolError("option '" + option + "' needs a value");
    } else if (option == "-f" || option == "-find") {
      finds = true;
    } else if (option == "-show-sdk-version" || option == "-show-sdk-platform-version") {
      write_file("-", kSdkVersion);
      return 0;
    } else if (option != "-r" && option != "-run" && option != "-v" && option != "-verbose" &&
               option != "-n" && option != "-no-cache" && option != "-k" &&
               option != "-kill-cache" && option != "-log" && option != "-l") {
      throw ToolError("unsupported option '" + arguments[i] +
                      "'; supported: -sdk, -toolchain, -find, -run, -show-sdk-version, -verbose, "
                      "-no-cache, -kill-cache, -log");
    }
  }
  if (i == arguments.size()) throw ToolError("no tool is named");
  if (finds) return find(arguments[i], folder);
  const Arguments rest = arguments.subspan(i);
  if (const auto tool = find_tool(rest[0])) return tool(rest.subspan(1));
  return run_other(rest);
}

}  // namespace anvil::tools
