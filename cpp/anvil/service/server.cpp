#include "anvil/service/server.hpp"

#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <system_error>

#include "anvil/abi/compiler_requests.hpp"
#include "anvil/service/cancellation.hpp"
#include "anvil/service/environment.hpp"
#include "anvil/service/memory_file.hpp"
#include "anvil/service/process.hpp"
#include "anvil/system/forks.hpp"
#include "anvil/system/processors.hpp"

namespace anvil::service {
namespace {

using Clock = std::chrono::steady_clock;

// Parsed programs that nobody waits for: each holds its syntax tree, some tens of megabytes.
constexpr size_t kMostSessions = 4;
// A server that is killed again and again is not started for ever.
constexpr int kMostAttempts = 3;
constexpr size_t kMostOutput = size_t{4} << 20;

/// False where nobody is there any more.
bool send_request(int socket, const CompilerRequest& request, const std::vector<int>& files) {
  CompilerRequest text = request;
  iovec bytes{&text, sizeof text};
  alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int) * kMostCompilerDescriptors)]{};
  msghdr message{};
  message.msg_iov = &bytes;
  message.msg_iovlen = 1;
  message.msg_control = control;
  message.msg_controllen = CMSG_SPACE(sizeof(int) * files.size());
  cmsghdr* header = CMSG_FIRSTHDR(&message);
  header->cmsg_level = SOL_SOCKET;
  header->cmsg_type = SCM_RIGHTS;
  header->cmsg_len = CMSG_LEN(sizeof(int) * files.size());
  std::memcpy(CMSG_DATA(header), files.data(), sizeof(int) * files.size());
  for (;;) {
    if (sendmsg(socket, &message, MSG_NOSIGNAL) >= 0) return true;
    if (errno == EPIPE || errno == ECONNRESET || errno == ENOTCONN) return false;
    if (errno != EINTR) fail(errno, "a request");
  }
}

enum class Received { answer, lost, late };

/// Leaves the answer there, for others.
Received receive(int socket, CompilerAnswer& answer, Clock::time_point deadline) {
  for (;;) {
    const auto left =
        std::chrono::duration_cast<std::chrono::milliseconds>(deadline - Clock::now()).count();
    pollfd wait{socket, POLLIN, 0};
    const int ready = poll(&wait, 1, static_cast<int>(std::clamp<long long>(left, 0, 1 << 30)));
    if (ready < 0 && errno != EINTR) fail(errno, "poll");
    if (ready == 0 && left <= 0) return Received::late;
    if (ready <= 0) continue;
    const ssize_t count = recv(socket, &answer, sizeof answer, MSG_PEEK | MSG_DONTWAIT);
    if (count == sizeof answer) return Received::answer;
    if (count >= 0 || errno == ECONNRESET) return Received::lost;
    if (errno != EINTR && errno != EAGAIN) fail(errno, "an answer");
  }
}

std::string text_of(const std::vector<std::string>& arguments) {
  std::string text;
  for (const std::string& argument : arguments) text.append(argument).push_back('\0');
  return text;
}

std::string output_of(const MemoryFile& log) {
  std::string text = log.read();
  if (text.size() <= kMostOutput) return text;
  return text.substr(0, kMostOutput) + "\n[more output was cut off]\n";
}

ProcessResult result_of(const CompilerAnswer& answer, std::string output) {
  if (answer.error) fail(answer.error, "a process");
  ProcessResult result{};
  result.output = std::move(output);
  result.end =
      WIFEXITED(answer.status) ? ProcessResult::End::exited : ProcessResult::End::signalled;
  result.code = WIFEXITED(answer.status) ? WEXITSTATUS(answer.status) : WTERMSIG(answer.status);
  return result;
}

}  // namespace

struct CompilerServer::Session {
  std::string key;
  SocketPair requests, answer;
  MemoryFile log;
  unsigned users = 0;
  const unsigned forks_before = forks();

  ~Session() { end(); }
  void end() {
    if (forks_before != forks()) return;  // the parent's
    shutdown(requests.ours.get(), SHUT_RDWR);
    shutdown(answer.ours.get(), SHUT_RDWR);
  }
};

/// The right to have a task under way.
class CompilerServer::Turn final : Cancellable {
 public:
  explicit Turn(CompilerServer& server) : server_(server) {
    begin();
    std::unique_lock lock(server_.turns_);
    server_.turn_.wait(lock,
                       [&] { return is_cancelled() || server_.tasks_ < server_.most_tasks_; });
    taken_ = server_.tasks_ < server_.most_tasks_;
    if (taken_) ++server_.tasks_;
  }
  ~Turn() {
    leave();
    {
      std::lock_guard lock(server_.turns_);
      if (taken_) --server_.tasks_;
    }
    server_.turn_.notify_one();
  }

 private:
  void end() noexcept override {
    std::lock_guard lock(server_.turns_);
    server_.turn_.notify_all();
  }

  CompilerServer& server_;
  bool taken_ = false;
};

/// A task's answer. Its process is killed should this end first.
class CompilerServer::Wait final : Cancellable {
 public:
  Wait() { begin(); }
  ~Wait() {
    leave();
    end();
  }

  int theirs() const { return sockets_.theirs.get(); }
  void sent() { sockets_.theirs.reset(); }
  Received receive(CompilerAnswer& answer, Deadline deadline) const {
    return service::receive(sockets_.ours.get(), answer, deadline);
  }

 private:
  void end() noexcept override { shutdown(sockets_.ours.get(), SHUT_RDWR); }

  SocketPair sockets_;
};

CompilerServer::CompilerServer(std::filesystem::path program)
    : program_(std::move(program)),
      most_tasks_(environment_threads().value_or(usable_processors())),
      forks_before_(forks()) {}

CompilerServer::~CompilerServer() {
  sessions_.clear();
  if (process_ && forks_before_ == forks()) process_->end();
}

std::shared_ptr<ServerProcess> CompilerServer::process() {
  std::lock_guard lock(mutex_);
  if (stays_ && !process_) process_ = std::make_shared<ServerProcess>(program_);
  return process_;
}

void CompilerServer::forget(const std::shared_ptr<ServerProcess>& process) {
  std::lock_guard lock(mutex_);
  if (process_ != process) return;
  sessions_.clear();
  process_ = nullptr;
  // One that stays ends by itself with 0 only.
  if (process->end() > 0 && !answered_) stays_ = false;
}

bool CompilerServer::is_parsed(const std::string& key) {
  std::lock_guard lock(mutex_);
  return std::ranges::find(sessions_, key, &Session::key) != sessions_.end();
}

std::shared_ptr<CompilerServer::Session> CompilerServer::session(const CompilerProgram& program,
                                                                 int requests,
                                                                 const CompilerTask* open,
                                                                 uint64_t memory) {
  std::lock_guard lock(mutex_);
  const auto found = std::ranges::find(sessions_, program.key, &Session::key);
  if (found != sessions_.end() && program.anew) {
    sessions_.erase(found);  // it ends with the last of its users
  } else if (found != sessions_.end()) {
    std::rotate(found, found + 1, sessions_.end());
    ++sessions_.back()->users;
    return sessions_.back();
  }
  if (!open) return nullptr;
  const auto unused = std::ranges::find(sessions_, 0u, &Session::users);
  if (sessions_.size() >= kMostSessions && unused != sessions_.end()) sessions_.erase(unused);

  auto session = std::make_shared<Session>();
  session->key = program.key;
  std::vector<std::string> arguments{"parse"};
  arguments.insert(arguments.end(), open->arguments.begin(), open->arguments.end());
  arguments.insert(arguments.end(), {"--requests", std::to_string(3 + open->files.size())});
  const MemoryFile text(text_of(arguments));
  std::vector<int> files{session->answer.theirs.get(), session->log.descriptor(),
                         text.descriptor()};
  files.insert(files.end(), open->files.begin(), open->files.end());
  files.push_back(session->requests.theirs.get());
  // One that is lost is found out by whoever waits for its answer.
  send_request(requests, {memory}, files);
  session->requests.theirs.reset();
  session->answer.theirs.reset();
  ++session->users;
  sessions_.push_back(session);
  return session;
}

void CompilerServer::drop(const std::shared_ptr<Session>& session, bool even_if_used) {
  std::lock_guard lock(mutex_);
  if (session->users > 1 && !even_if_used) return;
  session->end();
  std::erase(sessions_, session);
}

std::optional<ProcessResult> CompilerServer::run(const CompilerTask& task,
                                                 const CompilerProgram* program,
                                                 const ProcessLimits& limits) {
  std::optional<CompilerTask> open;
  for (int attempt = 0; attempt < kMostAttempts;) {
    // Before its turn: it may take a task of its own.
    if (program && !open && (program->anew || !is_parsed(program->key))) open = program->open();
    const Turn turn(*this);
    ProcessResult cancelled{ProcessResult::End::signalled, SIGKILL, {}};
    if (is_cancelled()) return cancelled;
    const Deadline deadline = Clock::now() + limits.time;
    const std::shared_ptr<ServerProcess> process = this->process();
    if (!process) return {};
    std::shared_ptr<Session> parsed;
    if (program) {
      parsed = session(*program, process->requests(), open ? &*open : nullptr, limits.memory);
      if (!parsed) continue;  // dropped a moment ago
    }
    const auto release = [&](Session*) {
      if (!parsed) return;
      std::lock_guard lock(mutex_);
      --parsed->users;
    };
    const std::unique_ptr<Session, decltype(release)> user(parsed.get(), release);

    const MemoryFile log, text(text_of(task.arguments));
    Wait wait;
    std::vector<int> files{wait.theirs(), log.descriptor(), text.descriptor()};
    files.insert(files.end(), task.files.begin(), task.files.end());
    const int to = parsed ? parsed->requests.ours.get() : process->requests();
    const bool sent = send_request(to, {limits.memory}, files);
    wait.sent();
    CompilerAnswer answer{};
    const Received received = sent ? wait.receive(answer, deadline) : Received::lost;
    if (received == Received::answer) answered_ = true;
    if (received == Received::answer)
      return result_of(answer,
                       (program && program->anew ? output_of(parsed->log) : "") + output_of(log));
    // Parsing may be what takes so long.
    if (parsed && (received == Received::late || is_cancelled())) drop(parsed, false);
    if (is_cancelled()) return cancelled;
    ProcessResult late{ProcessResult::End::timed_out, 0, output_of(log)};
    if (received == Received::late) return late;

    ++attempt;
    const Received end =
        parsed ? service::receive(parsed->answer.ours.get(), answer, deadline) : Received::lost;
    if (end == Received::late) return late;
    if (end == Received::lost) {
      forget(process);
      continue;
    }
    drop(parsed, true);
    const bool was_idle = answer.error == 0 && answer.status == 0;
    if (!was_idle) return result_of(answer, output_of(parsed->log));
  }
  std::lock_guard lock(mutex_);
  if (answered_) fail(ECONNRESET, "a compiler that stays");
  stays_ = false;
  return {};
}

}  // namespace anvil::service
