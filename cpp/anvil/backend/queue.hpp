// queue.hpp: carries out submissions, one after another.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>

#include "anvil/backend/commands.hpp"

namespace anvil::backend {

/// Why a submission was not carried out, as MTLCommandBufferError has it.
struct Failure {
  enum class Kind : uint8_t {
    internal,
    timeout,
    page_fault,
    out_of_memory,
    invalid_resource,
    stack_overflow
  };
  Kind kind;
  std::string text;  ///< what, where and what to do
};

/// What a kernel says by os_log.
struct LogMessage {
  std::string subsystem, category, text;
  uint32_t level = 0;  ///< as MTLLogLevel has it
};

struct Outcome {
  double start = 0, end = 0;  ///< of its work; seconds of std::chrono::steady_clock
  std::optional<Failure> failure;
};

/// Commands on their way through a queue, and who wants to know. Belongs to whom submitted it, who
/// keeps it, and all that its commands name, until it is completed.
class Submission {
 public:
  std::span<const Command> commands;
  size_t log_room = 1 << 20;  ///< bytes for what kernels say until logged() tells it

  // Called once each, in this order, by a thread of the queue's that may run the program's own
  // code, hold no lock meanwhile, and throw nothing.
  virtual void scheduled() = 0;                 ///< its turn has come
  virtual void completed(Outcome outcome) = 0;  ///< after which the queue does not know it any more
  /// Any number of times between the two.
  virtual void logged(const LogMessage& message) = 0;

  Submission* next = nullptr;  ///< the queue's

 protected:
  ~Submission() = default;
};

/// Destroyed once all submissions are completed, perhaps from within the last completed().
class Queue {
 public:
  Queue() = default;
  virtual ~Queue() = default;
  Queue(const Queue&) = delete;
  Queue& operator=(const Queue&) = delete;

  /// Carries out the commands after those of all earlier submissions, and returns at once. After a
  /// failure signals alone are still given, so that nobody waits in vain. Called by one thread at a
  /// time. Throws std::exception where nothing can be carried out now, for want of a thread say;
  /// then the submission is as before.
  virtual void submit(Submission& submission) = 0;
};

}  // namespace anvil::backend
