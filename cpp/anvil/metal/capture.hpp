// Dispatches written to disk as they are about to run, to be run again elsewhere.
#pragma once

#include <filesystem>
#include <map>
#include <mutex>
#include <string>

#include "anvil/backend/commands.hpp"
#include "anvil/metal/command_arena.hpp"

namespace anvil::metal {

struct ComputePipelineState;

/// With $ANVIL_CAPTURE=<folder>, each kernel's smallest dispatch is kept there: its source,
/// function constants and sizes as `case.json`, what anvil_oracle_tool takes, and its buffers as
/// files beside it. One folder a kernel, by name and content hash.
class Capture {
 public:
  /// Null where nothing is to be captured.
  static Capture* active();

  /// What is to be recorded before the dispatch, of that pipeline, to keep it. Both live as long as
  /// `arena`. No more than the first kMaxBytes of each buffer are kept; a folder that cannot be
  /// written is the submission's failure.
  backend::CallCommand before(const backend::DispatchCommand& dispatch,
                              const ComputePipelineState& pipeline, CommandArena& arena);

  static constexpr size_t kMaxBytes = size_t{4} << 20;

 private:
  struct Upcoming;

  explicit Capture(std::filesystem::path folder) : folder_(std::move(folder)) {}
  void write(const Upcoming& upcoming);

  const std::filesystem::path folder_;
  std::mutex mutex_;                         // guards threads_ and what is in the folder
  std::map<std::string, uint64_t> threads_;  // of the dispatch kept for a kernel
};

}  // namespace anvil::metal
