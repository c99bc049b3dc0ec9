#include "foundry/core/fork_guard.hpp"

#include <doctest/doctest.h>
#include <sys/wait.h>
#include <unistd.h>

#include "foundry/core/error.hpp"

using namespace foundry;

TEST_CASE("a forked child gets a typed error, the parent none") {
  arm_fork_guard();
  const pid_t child = ::fork();
  if (child == 0) {
    int status = 1;
    try {
      check_not_forked("dispatch");
    } catch (const DeviceError& error) {
      status = std::string(error.what()) ==
                       "dispatch: this process was forked after a device was opened; open devices "
                       "in the child only, or start it with 'spawn'"
                   ? 0
                   : 2;
    }
    ::_exit(status);
  }
  int status = -1;
  REQUIRE(::waitpid(child, &status, 0) == child);
  CHECK(WIFEXITED(status));
  CHECK(WEXITSTATUS(status) == 0);
  check_not_forked("dispatch");
}
