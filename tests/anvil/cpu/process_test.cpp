#include <doctest/doctest.h>
#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include <chrono>
#include <system_error>

#include "anvil/service/process.hpp"

using namespace anvil;
using namespace std::chrono_literals;
using End = ProcessResult::End;

namespace {
ProcessResult shell(const std::string& script, std::chrono::milliseconds timeout = 60s) {
  return run_process({"/bin/sh", "-c", script}, timeout);
}
}  // namespace

TEST_CASE("output and errors are captured in their order, with the exit status") {
  const auto result = shell("echo one; echo two >&2; echo three; exit 7");
  CHECK(result.end == End::exited);
  CHECK(result.code == 7);
  CHECK(result.output == "one\ntwo\nthree\n");
}

TEST_CASE("arguments arrive as they are, input is empty, other files are closed") {
  CHECK(run_process({"/usr/bin/printf", "[%s]", "a b", "$x;'\""}, 60s).output == "[a b][$x;'\"]");
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

TEST_CASE("endless output is cut, not kept") {
  const auto result = shell("head -c 20000000 /dev/zero");
  CHECK(result.code == 0);
  CHECK(result.output.size() < (5u << 20));
  CHECK(result.output.ends_with("[more output was cut off]\n"));
}

TEST_CASE("a program that is not there is an error that names it") {
  try {
    run_process({"/nowhere/compiler"}, 1s);
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
