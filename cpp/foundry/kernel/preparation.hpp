// Preparation: compiles what a thread runs, and drops it.
#pragma once

#include "foundry/kernel/encoder.hpp"
#include "foundry/kernel/recorder.hpp"

namespace foundry {

/// While it lives, what its thread runs on `encoder` has its kernels compiled and its arguments
/// checked, and goes nowhere; a Parameter may stand for a scalar, as in a recording.
class Preparation final : private Recorder {
 public:
  /// ArgumentError if the thread records already.
  explicit Preparation(const Encoder& encoder) { open(encoder); }
  ~Preparation() override { abandon(); }

 private:
  void dispatch(const CompiledKernel&, std::span<const RecordedArgument>,
                const DispatchConfig&) override {}
};

}  // namespace foundry
