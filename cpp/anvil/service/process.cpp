#include "anvil/service/process.hpp"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <system_error>
#include <thread>

extern char** environ;

namespace anvil {
namespace {

using Clock = std::chrono::steady_clock;

constexpr size_t kMaxOutput = size_t{4} << 20;

[[noreturn]] void fail(int error, const std::string& what) {
  throw std::system_error(error, std::generic_category(), what);
}

/// A file descriptor that is closed with its scope.
struct Descriptor {
  int value = -1;
  ~Descriptor() { reset(); }
  void reset() {
    if (value >= 0) close(value);
    value = -1;
  }
};

struct SpawnActions {
  posix_spawn_file_actions_t value;
  SpawnActions() { posix_spawn_file_actions_init(&value); }
  ~SpawnActions() { posix_spawn_file_actions_destroy(&value); }
};

struct SpawnAttributes {
  posix_spawnattr_t value;
  SpawnAttributes() { posix_spawnattr_init(&value); }
  ~SpawnAttributes() { posix_spawnattr_destroy(&value); }
};

pid_t spawn(const std::vector<std::string>& arguments, int output) {
  SpawnActions actions;
  posix_spawn_file_actions_addopen(&actions.value, 0, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_adddup2(&actions.value, output, 1);
  posix_spawn_file_actions_adddup2(&actions.value, output, 2);
#if __GLIBC_PREREQ(2, 34)
  posix_spawn_file_actions_addclosefrom_np(&actions.value, 3);
#endif
  SpawnAttributes attributes;
  sigset_t none, all;
  sigemptyset(&none);
  sigfillset(&all);
  posix_spawnattr_setsigmask(&attributes.value, &none);
  posix_spawnattr_setsigdefault(&attributes.value, &all);
  posix_spawnattr_setpgroup(&attributes.value, 0);
  posix_spawnattr_setflags(&attributes.value,
                           POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP);
  std::vector<char*> argv;
  argv.reserve(arguments.size() + 1);
  for (const auto& argument : arguments) argv.push_back(const_cast<char*>(argument.c_str()));
  argv.push_back(nullptr);
  pid_t child;
  if (const int error =
          posix_spawn(&child, argv[0], &actions.value, &attributes.value, argv.data(), environ))
    fail(error, arguments[0]);
  return child;
}

/// Whether `from` reached its end before the deadline.
bool read_all(int from, std::string& output, Clock::time_point deadline) {
  char buffer[1 << 14];
  for (;;) {
    const auto left =
        std::chrono::duration_cast<std::chrono::milliseconds>(deadline - Clock::now()).count();
    pollfd wait{from, POLLIN, 0};
    const int ready = poll(&wait, 1, static_cast<int>(std::clamp<long long>(left, 0, 1 << 30)));
    if (ready < 0 && errno != EINTR) fail(errno, "poll");
    if (ready == 0 && left <= 0) return false;
    if (ready <= 0) continue;
    const ssize_t count = read(from, buffer, sizeof buffer);
    if (count == 0) return true;
    if (count < 0 && errno != EINTR) fail(errno, "read");
    if (count > 0 && output.size() < kMaxOutput) {
      output.append(buffer, static_cast<size_t>(count));
      if (output.size() >= kMaxOutput) output += "\n[more output was cut off]\n";
    }
  }
}

}  // namespace

ProcessResult run_process(const std::vector<std::string>& arguments,
                          std::chrono::milliseconds timeout) {
  const auto deadline = Clock::now() + timeout;
  Descriptor ends[2];
  int fds[2];
  if (pipe2(fds, O_CLOEXEC) != 0) fail(errno, "pipe");
  ends[0].value = fds[0];
  ends[1].value = fds[1];
  const pid_t child = spawn(arguments, ends[1].value);
  ends[1].reset();

  ProcessResult result{};
  bool in_time = read_all(ends[0].value, result.output, deadline);
  int status = 0;
  pid_t waited;
  // Its output closed, the program is about to end; should it not, the deadline still holds.
  for (auto pause = std::chrono::microseconds(50); in_time;
       pause = std::min(pause * 2, std::chrono::microseconds(20000))) {
    waited = waitpid(child, &status, WNOHANG);
    if (waited != 0 && !(waited < 0 && errno == EINTR)) break;
    if (Clock::now() >= deadline) in_time = false;
    std::this_thread::sleep_for(pause);
  }
  if (!in_time) {
    kill(-child, SIGKILL);
    kill(child, SIGKILL);  // should the group not exist
    do waited = waitpid(child, &status, 0);
    while (waited < 0 && errno == EINTR);
    result.end = ProcessResult::End::timed_out;
  } else if (waited < 0) {
    result.end = ProcessResult::End::unobserved;
  } else if (WIFEXITED(status)) {
    result.end = ProcessResult::End::exited;
    result.code = WEXITSTATUS(status);
  } else {
    result.end = ProcessResult::End::signalled;
    result.code = WTERMSIG(status);
  }
  return result;
}

}  // namespace anvil
