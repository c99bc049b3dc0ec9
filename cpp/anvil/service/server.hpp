// server.hpp: an anvil-compiler that stays.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <filesystem>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "anvil/service/process.hpp"
#include "anvil/service/server_process.hpp"

namespace anvil::service {

/// A command line, and the files that it names as /dev/fd/3, 4, ...
struct CompilerTask {
  std::vector<std::string> arguments;
  std::vector<int> files;
};

/// A program that several tasks are about. It is parsed for the first and stays so for a while.
struct CompilerProgram {
  std::string key;
  std::function<CompilerTask()> open;  ///< the options that name it; called where it is not parsed
  bool anew = false;  ///< parse it for this task, whose output has what there is to say of it
};

/// One process, started at the first task and again should it end, that forks for each task: for
/// those with a program from a fork of it that has parsed that. At most as many tasks as there are
/// processors (or $ANVIL_THREADS) are under way, and a few parsed programs are kept. All of it ends
/// with this process, by whatever way. The child of a fork may do no more than destroy it.
class CompilerServer {
 public:
  explicit CompilerServer(std::filesystem::path program);
  ~CompilerServer();

  /// Runs the task to its end, as run_process() would. Nothing where the program does not know how
  /// to stay. Throws std::system_error where it cannot be had, CompileError what `open` does.
  std::optional<ProcessResult> run(const CompilerTask& task, const CompilerProgram* program,
                                   const ProcessLimits& limits);

 private:
  struct Session;
  class Turn;
  class Wait;
  using Deadline = std::chrono::steady_clock::time_point;

  std::shared_ptr<ServerProcess> process();
  void forget(const std::shared_ptr<ServerProcess>& process);
  bool is_parsed(const std::string& key);
  std::shared_ptr<Session> session(const CompilerProgram& program, int requests,
                                   const CompilerTask* open, uint64_t memory);
  void drop(const std::shared_ptr<Session>& session, bool even_if_used);

  const std::filesystem::path program_;
  const unsigned most_tasks_;
  const unsigned forks_before_;
  std::atomic<bool> answered_ = false;  // ever
  // Of its own: a cancellation takes it, while a fork may wait for that one, and whoever starts a
  // process, which holds mutex_, for the fork.
  std::mutex turns_;  // guards the next two
  std::condition_variable turn_;
  unsigned tasks_ = 0;

  std::mutex mutex_;   // guards what follows
  bool stays_ = true;  // until it is known better
  std::shared_ptr<ServerProcess> process_;
  std::vector<std::shared_ptr<Session>> sessions_;  // least recently used first
};

}  // namespace anvil::service
