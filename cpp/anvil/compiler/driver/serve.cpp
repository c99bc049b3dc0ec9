#include "anvil/compiler/driver/serve.hpp"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <ctime>

#include "anvil/abi/compiler_requests.hpp"
#include "anvil/compiler/source/errors.hpp"
#include "anvil/compiler/source/files.hpp"

namespace anvil::compiler {
namespace {

struct Request {
  CompilerRequest limits{};
  std::vector<int> descriptors;
};

struct Child {
  pid_t process;
  int answer;
  bool left = false;  // nobody waits for it: it is killed, and not yet reaped
};

enum class Received { request, nothing, end };

Received receive(int socket, Request& request) {
  iovec bytes{&request.limits, sizeof request.limits};
  alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int) * kMostCompilerDescriptors)];
  msghdr message{};
  message.msg_iov = &bytes;
  message.msg_iovlen = 1;
  message.msg_control = control;
  message.msg_controllen = sizeof control;
  const ssize_t count = recvmsg(socket, &message, MSG_CMSG_CLOEXEC | MSG_DONTWAIT);
  if (count == 0 || (count < 0 && errno == ECONNRESET)) return Received::end;
  if (count < 0) return Received::nothing;
  for (cmsghdr* header = CMSG_FIRSTHDR(&message); header; header = CMSG_NXTHDR(&message, header)) {
    if (header->cmsg_level != SOL_SOCKET || header->cmsg_type != SCM_RIGHTS) continue;
    request.descriptors.resize((header->cmsg_len - CMSG_LEN(0)) / sizeof(int));
    std::memcpy(request.descriptors.data(), CMSG_DATA(header),
                request.descriptors.size() * sizeof(int));
  }
  const bool whole = count == sizeof request.limits && request.descriptors.size() >= kFirstFile &&
                     !(message.msg_flags & MSG_CTRUNC);
  if (whole) return Received::request;
  for (const int descriptor : request.descriptors) close(descriptor);
  return Received::nothing;
}

void close_from(unsigned first) {
#ifdef SYS_close_range
  if (syscall(SYS_close_range, first, ~0u, 0) == 0) return;
#endif
  for (long file = first; file < sysconf(_SC_OPEN_MAX); ++file) close(static_cast<int>(file));
}

void lower(int resource, uint64_t bytes) {
  rlimit now{};
  if (bytes == 0 || getrlimit(static_cast<__rlimit_resource_t>(resource), &now) != 0) return;
  now.rlim_cur = std::min<rlim_t>(bytes, now.rlim_max);
  setrlimit(static_cast<__rlimit_resource_t>(resource), &now);
}

std::vector<std::string> arguments_in(int file) {
  const std::string text = read_file("/dev/fd/" + std::to_string(file));
  std::vector<std::string> arguments;
  for (size_t at = 0; at < text.size(); at = text.find('\0', at) + 1) {
    if (text.find('\0', at) == std::string::npos) throw InputError("the request is damaged");
    arguments.emplace_back(text.c_str() + at);
  }
  return arguments;
}

/// In the child: the request's descriptors, and no others, where they belong.
std::vector<std::string> begin(const Request& request) {
  std::vector<std::string> arguments = arguments_in(request.descriptors[kArguments]);
  // Out of the way first: they may stand where others go.
  constexpr int kAbove = 3 + static_cast<int>(kMostCompilerDescriptors);
  std::vector<int> moved;
  for (const int descriptor : request.descriptors)
    moved.push_back(fcntl(descriptor, F_DUPFD, kAbove));
  dup2(moved[kLog], 1);
  dup2(moved[kLog], 2);
  int next = 3;
  for (size_t i = kFirstFile; i < moved.size(); ++i) dup2(moved[i], next++);
  close_from(static_cast<unsigned>(next));
  lower(RLIMIT_AS, request.limits.memory);
  lower(RLIMIT_FSIZE, request.limits.memory);
  return arguments;
}

/// Signals of children wake poll(), and come at no other time.
class ChildSignals {
 public:
  ChildSignals() {
    struct sigaction action{};
    action.sa_handler = [](int) {};
    sigaction(SIGCHLD, &action, &before_);
    sigset_t child;
    sigemptyset(&child);
    sigaddset(&child, SIGCHLD);
    sigprocmask(SIG_BLOCK, &child, &mask_);
    sigdelset(&mask_, SIGCHLD);
  }
  void restore() {
    sigaction(SIGCHLD, &before_, nullptr);
    sigprocmask(SIG_SETMASK, &mask_, nullptr);
  }
  const sigset_t& while_waiting() const { return mask_; }

 private:
  struct sigaction before_{};
  sigset_t mask_{};
};

void answer(int socket, const CompilerAnswer& text) {
  static_cast<void>(!send(socket, &text, sizeof text, MSG_NOSIGNAL | MSG_DONTWAIT));
  close(socket);
}

void reap(std::vector<Child>& children) {
  int status = 0;
  for (pid_t ended; (ended = waitpid(-1, &status, WNOHANG)) > 0;) {
    const auto child = std::ranges::find(children, ended, &Child::process);
    if (child == children.end()) continue;
    answer(child->answer, {0, status});
    children.erase(child);
  }
}

}  // namespace

std::vector<std::string> next_request(int requests, int host, int idle_seconds) {
  ChildSignals signals;
  const pid_t self = getpid();
  std::vector<Child> children;
  for (bool open = true; open || !children.empty();) {
    std::vector<pollfd> waits{{host, POLLIN, 0}, {open ? requests : -1, POLLIN, 0}};
    for (const Child& child : children) waits.push_back({child.left ? -1 : child.answer, 0, 0});
    const timespec idle{idle_seconds, 0};
    const bool for_ever = idle_seconds < 0 || !children.empty();
    const int ready =
        ppoll(waits.data(), waits.size(), for_ever ? nullptr : &idle, &signals.while_waiting());
    if (ready == 0 || (ready > 0 && waits[0].revents)) break;
    for (size_t i = 0; ready > 0 && i < children.size(); ++i) {
      if (!waits[2 + i].revents) continue;
      kill(children[i].process, SIGKILL);
      children[i].left = true;
    }
    reap(children);
    if (ready < 0 || !waits[1].revents) continue;
    Request request;
    const Received received = receive(requests, request);
    open = received != Received::end;
    if (received != Received::request) continue;
    const pid_t child = fork();
    if (child == 0) {
      prctl(PR_SET_PDEATHSIG, SIGKILL);
      if (getppid() != self) _exit(0);
      signals.restore();
      return begin(request);
    }
    const int error = child < 0 ? errno : 0;
    for (size_t i = 0; i < request.descriptors.size(); ++i)
      if (i != kAnswer) close(request.descriptors[i]);
    if (error)
      answer(request.descriptors[kAnswer], {error, 0});
    else
      children.push_back({child, request.descriptors[kAnswer]});
  }
  _exit(0);
}

}  // namespace anvil::compiler
