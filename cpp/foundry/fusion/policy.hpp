// Policy: how a dtype's weights are read by the stages: the host's half of
// shaders/policies/<name>.metal.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "foundry/device/device.hpp"
#include "foundry/tensor/dtype.hpp"

namespace foundry {

/// A new policy is one shader file (lib/policy.metal says what it holds) and one descriptor, a
/// PolicyRegistration; neither stages nor fusion change. Both may be an app's own: it hands the
/// shader to register_shader() (kernel/shader_library.hpp). The texts are literals, or live as long
/// as the process.
struct Policy {
  DType dtype = DType::f32;
  std::string_view name = {};  ///< of the MSL struct template, "Q4_1"
  std::string_view file = {};  ///< "policies/q4_1.metal": named after the dtype
  std::uint32_t wide = 1;      ///< weights per lane and step on a GPU: 4 bytes of a row or more
  std::uint32_t narrow = 1;    ///< on Anvil's CPU, where a lane is an element of a vector register
  bool has_integer_form = false;  ///< for narrow lanes, "Q4_1Integer"
  std::string_view block = {};    ///< its blocks' MSL struct; empty: after the dtype, "Q4_1Block"

  bool operator==(const Policy&) const = default;
};

/// Adds a policy, and makes its dtype one that tensors can have; the same again changes nothing.
/// ArgumentError if the dtype has another policy or is no float type, or if a step of 32 * narrow
/// or 32 * wide weights is not whole blocks.
struct PolicyRegistration {
  /// `shader`, unless it is empty, becomes the file of a policy that is not refused.
  explicit PolicyRegistration(const Policy& policy, const std::string& shader = {});
};

/// Throws DTypeError "<what>: no policy for i32; there are f32, f16, ..."
[[nodiscard]] const Policy& policy_of(DType dtype, std::string_view what);
[[nodiscard]] std::vector<Policy> policies();

/// "Q4_1<8>", for narrow lanes "NarrowLanes<Q4_1<8>, 1>": the policy as MSL.
[[nodiscard]] std::string msl_policy(const Policy& policy, bool narrow);
[[nodiscard]] std::string msl_policy(const Policy& policy,
                                     std::uint32_t width) = delete;  // a width is no bool
/// Weights per lane and step: Policy::narrow or wide.
[[nodiscard]] std::uint32_t policy_width(const Policy& policy, bool narrow);

}  // namespace foundry
