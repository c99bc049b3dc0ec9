#include <doctest/doctest.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <chrono>
#include <functional>
#include <system_error>
#include <thread>

#include "anvil/service/cancellation.hpp"
#include "anvil/service/memory_file.hpp"
#include "anvil/service/process.hpp"

using namespace anvil::service;
using namespace std::chrono_literals;
using End = ProcessResult::End;

namespace {
ProcessResult shell(const std::string& script, std::chrono::milliseconds timeout = 60s) {
  return run_process({"/bin/sh", "-c", script}, {timeout});
}
}  // namespace

TEST_CASE("output and errors are captured in their order, with the exit status") {
  const auto result = shell("echo one; echo two >&2; echo three; exit 7");
  CHECK(result.end == End::exited);
  CHECK(result.code == 7);
  CHECK(result.output == "one\ntwo\nthree\n");
}

TEST_CASE("arguments arrive as they are, input is empty, other files are closed") {
  CHECK(run_process({"/usr/bin/printf", "[%s]", "a b", "$x;'\""}, {60s}).output == "[a b][$x;'\"]");
  CHECK(shell("cat").output.empty());
  const int leak = dup(2);  // without close-on-exec
  CHECK(shell("test -e /proc/self/fd/" + std::to_string(leak)).code == 1);
  close(leak);
}

TEST_CASE("a signal that ends the program is reported") {
  const auto result = shell("echo before; kill -SEGV $$");
  CHECK(result.end == End::signalled);
  CHECK(result.code == SIGSEGV);
  CHECK(result.output == "before\n");
}

TEST_CASE("a program out of time is killed, whether it holds its output open or not") {
  for (const char* script : {"echo started; sleep 100", "echo started; exec >&- 2>&-; sleep 100"}) {
    const auto start = std::chrono::steady_clock::now();
    const auto result = shell(script, 300ms);
    CHECK(result.end == End::timed_out);
    CHECK(result.output == "started\n");
    CHECK(std::chrono::steady_clock::now() - start < 30s);
  }
}

TEST_CASE("a program that nobody waits for any more is killed, with what it has started") {
  for (const char* script : {"echo started; sleep 100 & sleep 100", "exec >&- 2>&-; sleep 100"}) {
    std::atomic<bool> left{false}, kept{false};
    ProcessResult result{};
    std::thread waiting([&] {
      use_cancellation(&left);
      result = shell(script);
    });
    // Another's goes on, and one that has ended is nobody's.
    std::thread other([&] {
      use_cancellation(&kept);
      CHECK(shell("true").end == End::exited);
      CHECK(shell("sleep 0.5").end == End::exited);
    });
    std::this_thread::sleep_for(200ms);
    cancel_compilations();
    left = true;
    cancel_compilations();
    waiting.join();
    other.join();
    CHECK(result.end == End::signalled);
    CHECK(result.code == SIGKILL);
  }
  std::atomic<bool> before{true};
  use_cancellation(&before);
  CHECK(shell("sleep 100").code == SIGKILL);
  use_cancellation(nullptr);
}

TEST_CASE("endless output is cut, not kept") {
  const auto result = shell("head -c 20000000 /dev/zero");
  CHECK(result.code == 0);
  CHECK(result.output.size() < (5u << 20));
  CHECK(result.output.ends_with("[more output was cut off]\n"));
}

TEST_CASE("a program that is not there is an error that names it") {
  try {
    run_process({"/nowhere/compiler"}, {1s});
    FAIL("no error");
  } catch (const std::system_error& error) {
    CHECK(std::string(error.what()) == "/nowhere/compiler: No such file or directory");
  }
}

TEST_CASE("where SIGCHLD is ignored the status is unknown, the output is not") {
  const auto before = signal(SIGCHLD, SIG_IGN);
  const auto result = shell("echo here; exit 3");
  signal(SIGCHLD, before);
  CHECK(result.end == End::unobserved);
  CHECK(result.output == "here\n");
}

namespace {

/// In a child process, whose state the action may ruin: whether it returned true.
bool in_child(const std::function<bool()>& action) {
  const pid_t child = fork();
  if (child == 0) _exit(action() ? 0 : 1);
  int status = 0;
  waitpid(child, &status, 0);
  return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

}  // namespace

TEST_CASE("files are handed over by number, though the process has closed its own 0, 1 and 2") {
  CHECK(in_child([] {
    for (int file = 0; file < 3; ++file) close(file);
    const MemoryFile input("given"), output;
    const int files[] = {input.descriptor(), output.descriptor()};
    const auto result =
        run_process({"/bin/sh", "-c", "cat /dev/fd/3 > /dev/fd/4; ls /proc/self/fd | wc -w; pwd"},
                    {60s}, files);
    return result.code == 0 && output.read() == "given" && result.output == "6\n/\n";
  }));
}

TEST_CASE("a program runs whatever the state of the process that starts it") {
  const auto works = [] { return shell("echo here").output == "here\n"; };
  CHECK(in_child([&] {  // a working directory that is gone
    char folder[] = "/tmp/anvil-gone-XXXXXX";
    return mkdtemp(folder) && chdir(folder) == 0 && rmdir(folder) == 0 && works();
  }));
  CHECK(in_child([&] { return umask(0777), works(); }));
  CHECK(in_child([&] {  // all signals blocked; children start with none
    sigset_t all;
    sigfillset(&all);
    sigprocmask(SIG_BLOCK, &all, nullptr);
    return shell("kill -TERM $$; sleep 60").code == SIGTERM;
  }));
  CHECK(in_child([&] { return signal(SIGPIPE, SIG_IGN), shell("yes | head -1").output == "y\n"; }));
  CHECK(in_child([&] { return clearenv() == 0 && works(); }));
}

TEST_CASE("without descriptors or processes left, it is an error with the system's words") {
  const auto error = [](int resource, rlim_t most) {
    return in_child([&] {
      const rlimit limit{most, most};
      setrlimit(resource, &limit);
      try {
        const MemoryFile file;
        run_process({"/bin/true"}, {60s}, std::array{file.descriptor()});
      } catch (const std::system_error& error) {
        return std::string(error.what()).find("Too many open files") != std::string::npos ||
               std::string(error.what()).find("a descriptor: Invalid argument") !=
                   std::string::npos;
      }
      return false;
    });
  };
  for (const rlim_t most : {3, 4, 6, 16}) CHECK(error(RLIMIT_NOFILE, most));
  CHECK(in_child([] {
    const rlimit none{0, 0};
    setrlimit(RLIMIT_FSIZE, &none);
    try {
      MemoryFile file("text");
    } catch (const std::system_error& error) {
      return std::string(error.what()) == "a file in memory: File too large";
    }
    return false;
  }));
}

TEST_CASE("a program has no more memory than it is given") {
  const auto result = run_process({"/bin/sh", "-c", "sleep 0.2; ulimit -v"}, {60s, 512 << 20});
  CHECK(result.output == "524288\n");
}

TEST_CASE(
    "a host watch tells when the process is gone, though the thread that made it is, and its "
    "fork") {
  int ends[2], fork_ends[2];
  REQUIRE(pipe(ends) == 0);
  REQUIRE(pipe(fork_ends) == 0);
  const pid_t host = fork();
  if (host == 0) {
    close(ends[0]);
    // A watcher, as the compiler is one: writes once the host is gone.
    std::thread([&] {
      const HostWatch watch;
      const int files[] = {watch.descriptor(), ends[1]};
      std::thread([&] {
        run_process({"/usr/bin/python3", "-c",
                     "import os, select\nos.write(4, b'a')\n"
                     "select.select([3], [], [])\nos.write(4, b'b')"},
                    {60s}, files);
      }).detach();
      std::this_thread::sleep_for(100ms);
    }).join();
    const pid_t child = fork();
    if (child == 0) {
      close(ends[1]);
      close(fork_ends[1]);  // what is left of it is ours: this ends with the test
      char byte;
      static_cast<void>(!read(fork_ends[0], &byte, 1));
      _exit(0);
    }
    pause();
  }
  close(ends[1]);
  char byte = 0;
  CHECK(read(ends[0], &byte, 1) == 1);
  CHECK(byte == 'a');
  pollfd quiet{ends[0], POLLIN, 0};
  CHECK(poll(&quiet, 1, 300) == 0);  // the host lives, though the thread has ended
  kill(host, SIGKILL);
  waitpid(host, nullptr, 0);
  CHECK(read(ends[0], &byte, 1) == 1);
  CHECK(byte == 'b');
  close(fork_ends[1]);
}
