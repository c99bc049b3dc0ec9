// SourceCollection: the MSL of what a thread would run; nothing is compiled.
#pragma once

#include <span>
#include <string>
#include <unordered_set>

#include "foundry/kernel/encoder.hpp"
#include "foundry/kernel/recorder.hpp"

namespace foundry {

/// While it lives, what its thread runs on `encoder`, whose registry leaves pipelines out, has its
/// arguments checked and its source kept; a Parameter may stand for a scalar, as in a recording.
class SourceCollection final : private Recorder {
 public:
  /// ArgumentError if the thread records already.
  explicit SourceCollection(const Encoder& encoder) { open(encoder); }
  ~SourceCollection() override { abandon(); }

  /// Each kernel's once, in the order of their dispatches.
  const std::string& text() const noexcept { return text_; }

 private:
  void dispatch(const CompiledKernel& kernel, std::span<const RecordedArgument>,
                const DispatchConfig&) override {
    if (!seen_.insert(kernel.source).second) return;
    if (!text_.empty()) text_ += '\n';
    text_ += kernel.source;
  }

  std::unordered_set<std::string> seen_;
  std::string text_;
};

/// The whole MSL of every kernel that `encode(encoder)` would run on the device. Throws what it
/// throws for arguments that do not fit.
template <class Encode>
[[nodiscard]] std::string sources_of(const Device& device, const Encode& encode) {
  CommandStream stream(device);
  KernelRegistry registry(device, KernelRegistry::kDefaultCapacity,
                          KernelRegistry::Pipelines::left_out);
  Encoder encoder(stream, registry);
  const SourceCollection collection(encoder);
  encode(encoder);
  return collection.text();
}

}  // namespace foundry
