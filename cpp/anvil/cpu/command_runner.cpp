#include "anvil/cpu/command_runner.hpp"

#include <chrono>
#include <cstring>
#include <optional>
#include <stdexcept>
#include <string>
#include <variant>

#include "anvil/cpu/address.hpp"
#include "anvil/cpu/fault_report.hpp"
#include "anvil/cpu/kernel_fault.hpp"
#include "anvil/cpu/watchdog.hpp"

namespace anvil::cpu {
namespace {

double now() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

/// Reads the threadgroups of an indirect dispatch. False if there are none.
bool read_threadgroups(const backend::DispatchCommand& command, Dispatch& dispatch) {
  std::memcpy(dispatch.threadgroups.data(), byte_at(command.indirect),
              sizeof dispatch.threadgroups);
  for (size_t i = 0; i < 3; ++i) {
    if (dispatch.threadgroups[i] == 0) return false;
    const uint64_t threads =
        uint64_t{dispatch.threadgroups[i]} * dispatch.threads_per_threadgroup[i];
    if (threads > UINT32_MAX)
      throw std::runtime_error("indirect dispatch of kernel " + command.kernel->info.name + ": " +
                               std::to_string(dispatch.threadgroups[i]) + " threadgroups of " +
                               std::to_string(dispatch.threads_per_threadgroup[i]) +
                               " threads exceed 2^32 - 1 threads");
    dispatch.threads_per_grid[i] = static_cast<uint32_t>(threads);
  }
  return true;
}

/// As the executor takes it, once what it waits for is done. None where an indirect grid turns out
/// empty; throws std::runtime_error where it is too large.
std::optional<Dispatch> dispatch_of(const backend::DispatchCommand& command) {
  Dispatch dispatch;
  dispatch.kernel = static_cast<Kernel*>(command.kernel);
  const std::vector<service::ArgumentInfo>& arguments = command.kernel->info.arguments;
  for (size_t i = 0; i < arguments.size(); ++i) {
    using Kind = service::ArgumentInfo::Kind;
    const backend::Binding& binding = command.bindings[i];
    if (arguments[i].kind == Kind::threadgroup)
      dispatch.threadgroup_memory_length[arguments[i].index] =
          static_cast<uint32_t>(binding.length);
    else if (arguments[i].kind == Kind::buffer)  // the host's bytes lie where kernels see them
      dispatch.buffers[arguments[i].index] = byte_at(binding.first);
  }
  dispatch.handles = command.handles;
  dispatch.threadgroups = command.threadgroups;
  dispatch.threads_per_grid = command.threads_per_grid;
  dispatch.threads_per_threadgroup = command.threads_per_threadgroup;
  if (command.indirect && !read_threadgroups(command, dispatch)) return std::nullopt;
  return dispatch;
}

}  // namespace

/// Carries out what is no dispatch. Throws KernelFault, and what a call throws.
struct CommandRunner::Execute {
  RunControl& control;

  void operator()(const backend::DispatchCommand&) const {}  // several are taken together
  // Overlap of the two ranges is undefined in Metal; memmove makes it harmless.
  void operator()(const backend::CopyCommand& copy) const {
    trapped(
        "copy", copy.size, copy, +[](const backend::CopyCommand& c) {
          std::memmove(byte_at(c.to), byte_at(c.from), c.size);
        });
  }
  void operator()(const backend::FillCommand& fill) const {
    trapped(
        "fill", fill.size, fill,
        +[](const backend::FillCommand& f) { std::memset(byte_at(f.to), f.value, f.size); });
  }
  void operator()(const backend::SignalCommand& signal) const {
    signal.event->signal(signal.value);
  }
  void operator()(const backend::WaitCommand& wait) const {
    if (!wait.event->wait(wait.value, control.requested))
      throw KernelFault(KernelFault::Kind::interrupted, "waits for a signal of the value " +
                                                            std::to_string(wait.value) +
                                                            " that an event did not get");
  }
  void operator()(const backend::CallCommand& call) const { call.function(call.argument); }
  void operator()(const backend::IndirectCommand&) const {}  // each of its own is carried out

  /// A file that is mapped there may have become shorter.
  template <typename Command>
  void trapped(const char* what, size_t bytes, const Command& command,
               void (*action)(const Command&)) const {
    struct Call {
      const Command& command;
      void (*action)(const Command&);
    } call{command, action};
    Trap trap;
    if (run_trapped(
            [](void* argument) {
              const auto& [its_command, its_action] = *static_cast<Call*>(argument);
              its_action(its_command);
            },
            &call, &control, trap))
      return;
    throw_fault(trap, std::string(what) + " of " + std::to_string(bytes) + " bytes");
  }
};

CommandRunner::CommandRunner() {
  together_.reserve(Executor::kMostTogether);
}

void CommandRunner::run_together(RunControl& control) {
  if (!together_.empty()) Executor::shared().run(together_, &control);
  together_.clear();
}

void CommandRunner::add(const backend::DispatchCommand& command, RunControl& control) {
  if (command.waits || together_.size() == Executor::kMostTogether) run_together(control);
  recorded_[together_.size()] = &command;
  if (auto dispatch = dispatch_of(command)) {
    dispatch->log = &log_;
    together_.push_back(*dispatch);
  }
}

backend::Outcome CommandRunner::run(backend::Submission& submission) {
  backend::Outcome outcome;
  outcome.start = now();
  log_.make_room(submission.log_room);
  RunControl control;
  const Watchdog::Watch watch(Watchdog::shared(), control);
  const auto guarded = [&](const auto& action) {
    try {
      action();
    } catch (const std::exception& error) {
      if (!outcome.failure)
        outcome.failure = failure_of(error, together_.empty() ? nullptr : recorded_.data());
      together_.clear();
    }
    for (const backend::LogMessage& message : log_.take()) submission.logged(message);
  };
  const auto carry_out = [&](const backend::Command& command) {
    if (const auto* dispatch = std::get_if<backend::DispatchCommand>(&command))
      return add(*dispatch, control);
    run_together(control);
    std::visit(Execute{control}, command);
  };
  for (const backend::Command& command : submission.commands) {
    // After an error nothing runs any more, but nobody shall wait for signals in vain.
    if (outcome.failure && !std::holds_alternative<backend::SignalCommand>(command)) continue;
    guarded([&] {
      carry_out(command);
      if (const auto* indirect = std::get_if<backend::IndirectCommand>(&command))
        for (const backend::Command& each : indirect->read(indirect->argument).commands)
          carry_out(each);
    });
  }
  guarded([&] { run_together(control); });
  outcome.end = now();
  return outcome;
}

}  // namespace anvil::cpu
