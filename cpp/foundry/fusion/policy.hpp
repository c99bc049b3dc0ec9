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
/// PolicyRegistration; neither stages nor fusion change.
struct Policy {
  DType dtype = DType::f32;
  std::string_view name;     ///< of the MSL struct template, "Q4_1"
  std::string_view file;     ///< "policies/q4_1.metal"
  std::uint32_t wide = 1;    ///< weights per lane and step on a GPU: 4 bytes of a row or more
  std::uint32_t narrow = 1;  ///< on Anvil's CPU, where a lane is an element of a vector register
  bool has_integer_form = false;  ///< for narrow lanes, "Q4_1Integer"
};

/// Adds a policy; its dtype must not have one yet (ArgumentError).
struct PolicyRegistration {
  explicit PolicyRegistration(const Policy& policy);
};

/// Throws DTypeError "<what>: no policy for i32; there are f32, f16, ..."
const Policy& policy_of(DType dtype, std::string_view what);
std::vector<Policy> policies();

/// Whether the device's lanes are the elements of a CPU's vector registers.
bool has_narrow_lanes(const Device& device);

/// "Q4_1<2>": the policy for that device, as MSL.
std::string msl_policy(const Policy& policy, std::uint32_t width);

}  // namespace foundry
