// process.hpp: runs a program to its end and collects what it wrote.
#pragma once

#include <chrono>
#include <string>
#include <vector>

namespace anvil {

struct ProcessResult {
  enum class End {
    exited,      // code is the exit status
    signalled,   // code is the signal
    timed_out,   // killed
    unobserved,  // somebody else in this process collected the child's status, or SIGCHLD is
                 // ignored
  };
  End end;
  int code;
  std::string output;  // standard output and error, in the order they were written; cut after 4 MiB
};

/// arguments[0] is the program's path. It gets no input, no other open file of ours, default signal
/// handling and a process group of its own, so that Ctrl-C at the terminal is not meant for it.
/// Throws std::system_error when it cannot be started.
ProcessResult run_process(const std::vector<std::string>& arguments,
                          std::chrono::milliseconds timeout);

}  // namespace anvil
