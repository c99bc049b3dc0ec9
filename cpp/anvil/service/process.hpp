// process.hpp: runs a program to its end and collects what it wrote.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "anvil/service/descriptor.hpp"

namespace anvil::service {

/// Throws what the system says of a call as std::system_error.
[[noreturn]] void fail(int error, const std::string& what);

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

struct ProcessLimits {
  std::chrono::milliseconds time;
  uint64_t memory = 0;  ///< bytes of address space; 0: as much as this process may use
};

/// arguments[0] is the program's absolute path. It gets no input, `files` as its descriptors 3, 4,
/// ... and no other open file of ours, default signal handling, "/" as its working directory and a
/// process group of its own, so that Ctrl-C at the terminal is not meant for it. Throws
/// std::system_error when it cannot be started.
ProcessResult run_process(const std::vector<std::string>& arguments, const ProcessLimits& limits,
                          std::span<const int> files = {});

/// Starts such a program, whose standard output and error is `output`, and returns its id.
pid_t start_process(const std::vector<std::string>& arguments, int output,
                    std::span<const int> files);

/// For a child: a descriptor that becomes readable, or comes to its end, when this process is gone,
/// by whatever way and whichever thread started the child. Throws std::system_error.
class HostWatch {
 public:
  HostWatch();
  int descriptor() const { return watched_.get(); }

 private:
  Descriptor watched_, held_;
};

}  // namespace anvil::service
