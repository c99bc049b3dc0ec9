#include "anvil/tools/compile.hpp"

#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <sstream>

#include "anvil/service/memory_file.hpp"
#include "anvil/service/reflection.hpp"
#include "anvil/tools/tools.hpp"

namespace fs = std::filesystem;

namespace anvil::tools {
namespace {

constexpr int kUserError = 1;  // anvil-compiler's exit status
constexpr int kFirstFile = 3;

/// $ANVIL_COMPILER, else beside this program.
std::string compiler_path() {
  if (const char* named = std::getenv("ANVIL_COMPILER"); named && *named) return named;
  const fs::path path = fs::read_symlink("/proc/self/exe").parent_path() / "anvil-compiler";
  if (access(path.c_str(), X_OK) != 0)
    throw ToolError("anvil-compiler is not in '" + path.parent_path().string() +
                    "'; set ANVIL_COMPILER to its path");
  return path;
}

/// With `files` as descriptors 3, 4, ...; what it says goes where ours does. Its exit status.
int run(const std::vector<std::string>& arguments,
        std::initializer_list<const service::MemoryFile*> files) {
  std::vector<char*> raw;
  for (const std::string& argument : arguments) raw.push_back(const_cast<char*>(argument.c_str()));
  raw.push_back(nullptr);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  // Out of the way first: they may stand where others go.
  std::vector<service::Descriptor> moved;
  int next = kFirstFile;
  for (const service::MemoryFile* file : files)
    moved.emplace_back(fcntl(file->descriptor(), F_DUPFD_CLOEXEC, 16));
  for (const service::Descriptor& file : moved)
    posix_spawn_file_actions_adddup2(&actions, file.get(), next++);
  pid_t child = 0;
  const int error = posix_spawn(&child, raw[0], &actions, nullptr, raw.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  if (error) throw ToolError(arguments[0] + ": " + std::strerror(error));
  int status = 0;
  while (waitpid(child, &status, 0) < 0 && errno == EINTR) continue;
  if (WIFSIGNALED(status))
    throw ToolError("anvil-compiler crashed with signal " + std::to_string(WTERMSIG(status)) +
                    " (" + strsignal(WTERMSIG(status)) + ")");
  return WEXITSTATUS(status);
}

metallib::Unit read_index(std::string_view line, const std::string& name,
                          const MetalOptions& options) {
  service::LibraryImage image;
  service::read_library(line, image);
  metallib::Unit unit{.name = name,
                      .math = options.math,
                      .std = options.standard,
                      .logging = options.logging,
                      .functions = {},
                      .constants = {}};
  for (std::string& function : image.functions) unit.functions.push_back({std::move(function)});
  for (std::string& function : image.visible)
    unit.functions.push_back({std::move(function), metallib::FunctionKind::visible});
  for (service::FunctionConstant& constant : image.constants)
    unit.constants.push_back(
        {std::move(constant.name), std::move(constant.type), constant.index, constant.required});
  return unit;
}

}  // namespace

std::optional<CompiledSource> compile(const std::string& input, const MetalOptions& options) {
  const bool is_standard_input = input == "-";
  const std::string name = is_standard_input ? "<stdin>" : input;
  const service::MemoryFile output, files, text(is_standard_input ? read_standard_input() : "");
  const auto path = [](int file) { return "/dev/fd/" + std::to_string(kFirstFile + file); };
  const bool expand_only = options.until == MetalOptions::Until::expanded;
  std::vector<std::string> arguments{compiler_path(),  "unit",
                                     "--name",         name,
                                     "--output",       path(0),
                                     "--dependencies", path(1),
                                     "--math",         options.math,
                                     "--logging",      options.logging ? "on" : "off",
                                     "--check",        expand_only ? "no" : "yes"};
  if (is_standard_input) arguments.insert(arguments.end(), {"--source", path(2)});
  if (!options.standard.empty()) arguments.insert(arguments.end(), {"--std", options.standard});
  for (const auto& [macro, value] : options.defines)
    arguments.insert(arguments.end(), {"--define", macro + "=" + value});
  for (const std::string& folder : options.includes)
    arguments.insert(arguments.end(), {"--include", folder});
  if (const int status = run(arguments, {&output, &files, &text}); status == kUserError)
    return std::nullopt;
  else if (status != 0)
    throw ToolError("anvil-compiler failed with exit status " + std::to_string(status));
  CompiledSource compiled;
  compiled.text = output.read();
  std::istringstream list(files.read());
  for (std::string file; std::getline(list, file);) compiled.files.push_back(file);
  if (expand_only) return compiled;
  const size_t end = compiled.text.find('\n') + 1;
  compiled.unit.units.push_back(
      read_index(std::string_view(compiled.text).substr(0, end), name, options));
  compiled.text.erase(0, end);
  compiled.unit.texts.push_back(compiled.text);
  return compiled;
}

}  // namespace anvil::tools
