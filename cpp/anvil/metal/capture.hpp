// Dispatches written to disk as they are about to run, to be run again elsewhere.
#pragma once

#include <filesystem>
#include <map>
#include <mutex>
#include <string>

#include "anvil/cpu/job.hpp"
#include "anvil/metal/function.hpp"

namespace anvil::metal {

/// With $ANVIL_CAPTURE=<folder>, each kernel's smallest dispatch is kept there: its source,
/// function constants and sizes as `case.json`, what anvil_oracle_tool takes, and its buffers as
/// files beside it. One folder a kernel, by name and content hash.
class Capture {
 public:
  /// Null where nothing is to be captured.
  static Capture* active();

  /// `lengths`: bytes from each of the dispatch's buffers to its end, by index. No more than the
  /// first kMaxBytes are kept. Throws std::runtime_error when the folder cannot be written.
  void write(const Function& function, const CpuDispatch& dispatch,
             const std::array<size_t, ANVIL_MAX_BUFFERS>& lengths);

  static constexpr size_t kMaxBytes = size_t{4} << 20;

 private:
  explicit Capture(std::filesystem::path folder) : folder_(std::move(folder)) {}

  const std::filesystem::path folder_;
  std::mutex mutex_;                         // guards threads_ and what is in the folder
  std::map<std::string, uint64_t> threads_;  // of the dispatch kept for a kernel
};

}  // namespace anvil::metal
