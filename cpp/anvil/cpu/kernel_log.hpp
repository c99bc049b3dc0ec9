// kernel_log.hpp: what kernels say by os_log, kept until they are done.
#pragma once

#include <atomic>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "anvil/abi/kernel_abi.h"
#include "anvil/backend/queue.hpp"
#include "anvil/cpu/guarded_memory.hpp"

namespace anvil::cpu {

class KernelLog {
 public:
  struct Record {
    const char* subsystem;
    const char* category;
    const char* format;  // of the kernel's code
    uint32_t level;
    uint32_t kinds;
    uint64_t words[ANVIL_LOG_WORDS];
  };
  /// For as many messages as `bytes` hold, one at least. While no kernel runs that adds.
  void make_room(size_t bytes);

  /// Any thread, out of code that may be left at any instruction: nothing is allocated or locked.
  void add(const Record& record) noexcept;

  /// Once no kernel runs that adds: what there was, in words, and how many more there was no room
  /// for. It is empty then.
  std::vector<backend::LogMessage> take();

 private:
  uint32_t room_ = 0;  // in records
  GuardedMemory memory_;
  std::atomic<uint32_t> count_{0};
};

/// The text of a format as os_log has it: printf's, with `%v4f` for vectors. Each of `words` is a
/// number as `kinds` says (AnvilLogKind, two bits for each).
std::string formatted(const char* format, uint32_t kinds, std::span<const uint64_t> words);

}  // namespace anvil::cpu
