#include "anvil/service/server_process.hpp"

#include <fcntl.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <mutex>
#include <system_error>
#include <thread>
#include <vector>

#include "anvil/system/forks.hpp"

namespace anvil::service {
namespace {

/// The servers that run, of the process that started them.
struct Running {
  std::mutex mutex;  // guards what follows
  std::vector<pid_t> processes;
  bool exiting = false;
  const unsigned forks_before = forks();
};

// Never destroyed: other threads may still compile.
Running* running = nullptr;  // guarded by mutex_over_forks()

void end_running() {
  Running* all;
  {
    std::lock_guard lock(mutex_over_forks());
    all = running;
  }
  if (all->forks_before != forks()) return;
  std::lock_guard lock(all->mutex);
  all->exiting = true;
  for (const pid_t process : all->processes) {
    kill(process, SIGKILL);
    waitpid(process, nullptr, 0);
  }
}

Running& own_running() {
  std::lock_guard lock(mutex_over_forks());
  if (!running) std::atexit(end_running);
  if (!running || running->forks_before != forks()) running = new Running;
  return *running;
}

}  // namespace

SocketPair::SocketPair() {
  int ends[2];
  if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0)
    throw std::system_error(errno, std::generic_category(), "a socket");
  ours = Descriptor(ends[0]);
  theirs = Descriptor(ends[1]);
}

ServerProcess::ServerProcess(const std::filesystem::path& program) {
  const Descriptor nothing(open("/dev/null", O_WRONLY | O_CLOEXEC));
  const int files[] = {sockets_.theirs.get(), watch_.descriptor()};
  Running& all = own_running();
  std::lock_guard lock(all.mutex);
  if (all.exiting)
    throw std::system_error(ECANCELED, std::generic_category(), "the process is exiting");
  process_ = start_process({program.string(), "serve", "--requests", "3", "--host", "4"},
                           nothing.get(), files);
  all.processes.push_back(process_);
  sockets_.theirs.reset();
}

int ServerProcess::end() {
  shutdown(requests(), SHUT_RDWR);
  Running& all = own_running();
  std::lock_guard lock(all.mutex);
  if (std::erase(all.processes, process_) == 0) return -1;
  int status = 0;
  pid_t waited = 0;
  // It is as good as gone, or else it does not listen.
  for (int i = 0; i < 100 && waited == 0; ++i) {
    waited = waitpid(process_, &status, WNOHANG);
    if (waited == 0) std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  if (waited == 0) {
    kill(process_, SIGKILL);
    waited = waitpid(process_, &status, 0);
  }
  return waited == process_ && WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

}  // namespace anvil::service
