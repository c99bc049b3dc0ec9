// TokenSampler: draws tokens on the device, and where the host reads them.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "foundry/generation/sampling_options.hpp"
#include "foundry/ops/sample.hpp"
#include "foundry/program/program.hpp"
#include "foundry/runtime/foundry.hpp"

namespace foundry {

/// As the operation has them, without a seed.
[[nodiscard]] ops::SampleSettings settings_of(const SamplingOptions& options);

/// A recorded program of its own, after one that leaves logits. Tokens lie in a ring by position,
/// so that the host reads them while the device goes on.
class TokenSampler {
 public:
  /// Draws from `logits`, f32 of the vocabulary's size, into `token`, i32 (1,). `suppressed` tokens
  /// are never drawn. ArgumentError for options outside of their range.
  TokenSampler(Foundry& foundry, const AnyTensor& logits, const AnyTensor& token,
               SamplingOptions options, std::span<const std::int32_t> suppressed);

  [[nodiscard]] const SamplingOptions& options() const noexcept { return options_; }
  /// The device's state after `tokens`; waits for what is encoded.
  void begin(std::span<const std::int32_t> tokens);
  /// Encodes the draw of the token after `position`. `event` becomes position + 1 with it.
  void encode(std::uint64_t position, std::uint64_t seed, const SharedEvent& event);
  /// The token drawn for a position that the event has reached. DeviceError where it is none: its
  /// logits have a NaN or an infinity.
  [[nodiscard]] std::int32_t read(std::uint64_t position) const;

 private:
  [[nodiscard]] Program record(Foundry& foundry, const AnyTensor& logits, const AnyTensor& token);

  SamplingOptions options_;
  bool is_plain_;
  AnyTensor ring_;
  AnyTensor counts_;
  AnyTensor bias_;
  std::span<std::int32_t> slots_;  // of ring_
  Program program_;
};

}  // namespace foundry
