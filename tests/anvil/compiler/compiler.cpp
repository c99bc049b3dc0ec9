#include "compiler.hpp"

#include <dlfcn.h>
#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <cstdlib>
#include <fstream>
#include <sstream>

extern char** environ;

namespace compiler_test {
namespace {

llvm::json::Object parse(const std::string& text) {
  auto value = llvm::json::parse(text);
  REQUIRE_MESSAGE(static_cast<bool>(value), text);
  REQUIRE(value->getAsObject());
  return *value->getAsObject();
}

}  // namespace

void write(const std::string& path, const std::string& text) {
  std::ofstream(path, std::ios::binary) << text;
}

std::string read(const std::string& path) {
  std::ostringstream text;
  text << std::ifstream(path, std::ios::binary).rdbuf();
  return text.str();
}

Output run_compiler(const std::vector<std::string>& arguments) {
  const char* program = std::getenv("ANVIL_COMPILER");
  REQUIRE_MESSAGE(program, "ANVIL_COMPILER must name the program under test");
  std::vector<char*> raw{const_cast<char*>(program)};
  for (const std::string& argument : arguments) raw.push_back(const_cast<char*>(argument.c_str()));
  raw.push_back(nullptr);
  int pipes[2];
  REQUIRE(pipe2(pipes, O_CLOEXEC) == 0);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, pipes[1], 2);
  pid_t child = 0;
  REQUIRE(posix_spawn(&child, program, &actions, nullptr, raw.data(), environ) == 0);
  posix_spawn_file_actions_destroy(&actions);
  close(pipes[1]);
  Output output;
  char buffer[4096];
  for (ssize_t n; (n = ::read(pipes[0], buffer, sizeof buffer)) > 0;)
    output.errors.append(buffer, static_cast<size_t>(n));
  close(pipes[0]);
  int status = 0;
  waitpid(child, &status, 0);
  output.exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  return output;
}

Code::Code(const std::string& path) : handle_(dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL)) {
  REQUIRE_MESSAGE(handle_, dlerror());
  entry_ = reinterpret_cast<AnvilEntry>(dlsym(handle_, ANVIL_ENTRY_SYMBOL));
  REQUIRE_MESSAGE(bool(entry_), "no entry symbol");
}
Code::~Code() {
  dlclose(handle_);
}

void Code::run(AnvilDispatch& dispatch, bool full, std::vector<char>& static_memory) {
  for (uint32_t z = 0; z < dispatch.threadgroups_per_grid[2]; ++z)
    for (uint32_t y = 0; y < dispatch.threadgroups_per_grid[1]; ++y)
      for (uint32_t x = 0; x < dispatch.threadgroups_per_grid[0]; ++x) {
        AnvilThreadgroup group{};
        group.dispatch = &dispatch;
        const uint32_t position[3] = {x, y, z};
        uint32_t threads = 1;
        for (int i = 0; i < 3; ++i) {
          group.position[i] = position[i];
          const uint32_t size = dispatch.threads_per_threadgroup[i];
          group.threads[i] = std::min(size, dispatch.threads_per_grid[i] - position[i] * size);
          threads *= group.threads[i];
        }
        if (full)
          REQUIRE(anvil_threadgroup_is_full(group.threads, dispatch.threads_per_threadgroup));
        group.simdgroups = (threads + 31) / 32;
        group.static_memory = static_memory.data();
        group.barrier = [](AnvilThreadgroup*) {};
        for (uint32_t i = 0; i < group.simdgroups; ++i) entry_(&group, i);
      }
}

Session::Session() {
  static std::atomic<unsigned> counter = 0;
  folder_ = std::filesystem::temp_directory_path() /
            ("anvil-compiler-test-" + std::to_string(getpid()) + "-" + std::to_string(counter++));
  std::filesystem::create_directories(folder_);
}
Session::~Session() {
  std::filesystem::remove_all(folder_);
}

Output Session::library(const std::string& source, const std::vector<std::string>& options) {
  write(path("source"), source);
  std::vector<std::string> arguments{"library",    "--source", path("source"), "--name",
                                     "test.metal", "--output", path("library")};
  arguments.insert(arguments.end(), options.begin(), options.end());
  return run_compiler(arguments);
}

Output Session::kernel(const std::string& function, const std::vector<std::string>& options) {
  std::vector<std::string> arguments{"kernel",          "--library",    path("library"),
                                     "--function",      function,       "--output",
                                     path("kernel.so"), "--reflection", path("reflection")};
  arguments.insert(arguments.end(), options.begin(), options.end());
  return run_compiler(arguments);
}

llvm::json::Object Session::index() const {
  const std::string text = read(path("library"));
  return parse(text.substr(0, text.find('\n')));
}
llvm::json::Object Session::reflection() const {
  return parse(read(path("reflection")));
}

void Session::compile(const std::string& source, const std::string& function, bool full,
                      const std::vector<std::string>& options) {
  const Output first = library(source);
  REQUIRE_MESSAGE(first.exit_code == 0, first.errors);
  full_ = full;
  std::vector<std::string> all = options;
  all.insert(all.end(), {"--variant", full ? "full" : "any"});
  const Output second = kernel(function, all);
  REQUIRE_MESSAGE(second.exit_code == 0, second.errors);
}

void Session::run(std::vector<void*> buffers, std::array<uint32_t, 3> grid,
                  std::array<uint32_t, 3> threadgroup, const std::vector<uint64_t>& handles) {
  AnvilDispatch dispatch{};
  dispatch.handles = handles.data();
  std::copy(buffers.begin(), buffers.end(), dispatch.buffers);
  for (int i = 0; i < 3; ++i) {
    dispatch.threads_per_grid[i] = grid[i];
    dispatch.threads_per_threadgroup[i] = threadgroup[i];
    dispatch.threadgroups_per_grid[i] = (grid[i] + threadgroup[i] - 1) / threadgroup[i];
  }
  std::vector<char> memory(static_cast<size_t>(*reflection().getInteger("static_memory")) + 128);
  Code(path("kernel.so")).run(dispatch, full_, memory);
}

}  // namespace compiler_test
