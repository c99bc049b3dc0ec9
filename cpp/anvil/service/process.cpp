#include "anvil/service/process.hpp"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <mutex>
#include <system_error>
#include <thread>

#include "anvil/service/cancellation.hpp"

extern char** environ;

namespace anvil::service {
namespace {

using Clock = std::chrono::steady_clock;

constexpr size_t kMaxOutput = size_t{4} << 20;

// What a child gets comes to stand below this; and a process may have closed its own 0, 1 and 2.
constexpr int kFirstOwn = 16;

Descriptor out_of_the_way(int file) {
  Descriptor copy(fcntl(file, F_DUPFD_CLOEXEC, kFirstOwn));
  if (!copy) fail(errno, "a descriptor");
  return copy;
}

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

pid_t spawn(const std::vector<std::string>& arguments, int output,
            const std::vector<Descriptor>& files) {
  SpawnActions actions;
  posix_spawn_file_actions_addopen(&actions.value, 0, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_adddup2(&actions.value, output, 1);
  posix_spawn_file_actions_adddup2(&actions.value, output, 2);
  int next = 3;
  for (const Descriptor& file : files)
    posix_spawn_file_actions_adddup2(&actions.value, file.get(), next++);
#if __GLIBC_PREREQ(2, 34)
  posix_spawn_file_actions_addclosefrom_np(&actions.value, next);
#endif
#if __GLIBC_PREREQ(2, 29)
  posix_spawn_file_actions_addchdir_np(&actions.value, "/");  // our own may have been removed
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

// Lowers only: what is asked for beyond the hard limit is refused.
void limit_memory(pid_t child, uint64_t bytes) {
  rlimit now{};
  if (bytes == 0 || prlimit(child, RLIMIT_AS, nullptr, &now) != 0) return;
  now.rlim_cur = std::min<rlim_t>(bytes, now.rlim_max);
  prlimit(child, RLIMIT_AS, &now, nullptr);
}

/// A child that the calling thread waits for. It is killed with its process group; not once it is
/// reaped: its id may be another process's then.
class Child final : Cancellable {
 public:
  explicit Child(pid_t process) : process_(process) { begin(); }
  ~Child() { leave(); }

  /// As waitpid() with these options; with WNOHANG, for it holds up who cancels.
  pid_t wait(int& status, int options) {
    std::lock_guard lock(mutex_);
    const pid_t waited = waitpid(process_, &status, options);
    if (waited == process_) process_ = 0;
    return waited;
  }
  void kill() noexcept { end(); }

 private:
  void end() noexcept override {
    std::lock_guard lock(mutex_);
    if (process_ == 0) return;
    ::kill(-process_, SIGKILL);
    ::kill(process_, SIGKILL);  // should the group not exist
  }

  std::mutex mutex_;
  pid_t process_;  // 0: reaped
};

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

void fail(int error, const std::string& what) {
  throw std::system_error(error, std::generic_category(), what);
}

pid_t start_process(const std::vector<std::string>& arguments, int output,
                    std::span<const int> files) {
  const Descriptor to = out_of_the_way(output);
  std::vector<Descriptor> given;
  for (const int file : files) given.push_back(out_of_the_way(file));
  return spawn(arguments, to.get(), given);
}

ProcessResult run_process(const std::vector<std::string>& arguments, const ProcessLimits& limits,
                          std::span<const int> files) {
  const auto deadline = Clock::now() + limits.time;
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) fail(errno, "pipe");
  Descriptor read_end(ends[0]), write_end(ends[1]);
  const pid_t started = start_process(arguments, write_end.get(), files);
  Child child(started);
  write_end.reset();
  limit_memory(started, limits.memory);

  ProcessResult result{};
  bool in_time = read_all(read_end.get(), result.output, deadline);
  int status = 0;
  pid_t waited;
  // Its output closed, the program is about to end; should it not, the deadline still holds.
  for (auto pause = std::chrono::microseconds(50); in_time;
       pause = std::min(pause * 2, std::chrono::microseconds(20000))) {
    waited = child.wait(status, WNOHANG);
    if (waited != 0 && !(waited < 0 && errno == EINTR)) break;
    if (Clock::now() >= deadline) in_time = false;
    std::this_thread::sleep_for(pause);
  }
  if (!in_time) {
    child.kill();
    do waited = child.wait(status, 0);
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

// A pidfd where there is one: the end of a pipe comes only when the last copy is closed, and a fork
// of this process has one.
HostWatch::HostWatch() {
#ifdef SYS_pidfd_open
  watched_ = Descriptor(static_cast<int>(syscall(SYS_pidfd_open, getpid(), 0)));
  if (watched_) return;
#endif
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) fail(errno, "pipe");
  watched_ = Descriptor(ends[0]);
  held_ = Descriptor(ends[1]);
}

}  // namespace anvil::service
