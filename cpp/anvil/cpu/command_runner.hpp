// command_runner.hpp: carries out a submission's commands on the thread that calls it.
#pragma once

#include <array>
#include <exception>
#include <vector>

#include "anvil/backend/queue.hpp"
#include "anvil/cpu/executor.hpp"
#include "anvil/cpu/kernel_log.hpp"

namespace anvil::cpu {

class CommandRunner {
 public:
  CommandRunner();

  /// Runs the commands in their order, dispatches that need not wait for each other together.
  backend::Outcome run(backend::Submission& submission);

 private:
  struct Execute;

  void run_together(RunControl& control);
  void add(const backend::DispatchCommand& command, RunControl& control);

  // Dispatches that will run together, and the commands they come from.
  std::vector<Dispatch> together_;
  KernelLog log_;  // theirs
  std::array<const backend::DispatchCommand*, Executor::kMostTogether> recorded_{};
};

}  // namespace anvil::cpu
