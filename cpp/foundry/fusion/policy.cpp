#include "foundry/fusion/policy.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <mutex>

#include "foundry/core/error.hpp"
#include "foundry/kernel/shader_library.hpp"

namespace foundry {
namespace {

constexpr std::uint32_t kMaxWidth = 256;  // a lane keeps them in registers

struct Policies {
  std::mutex mutex;  // guards writing; readers go through the atomics
  std::array<Policy, kMostDTypes> values;
  std::array<std::atomic<bool>, kMostDTypes> present{};
};

Policies& registered() {
  static Policies instance;
  return instance;
}

void require_registrable(const Policy& policy, const Policies& policies) {
  const auto& values = policies.values;
  const auto& present = policies.present;
  const auto at = static_cast<std::size_t>(policy.dtype);
  const auto refuse = [&](const std::string& why) {
    throw ArgumentError(concat("policy ", policy.name, ": ", why));
  };
  if (present.at(at).load(std::memory_order_acquire) && values.at(at) != policy) {
    refuse(concat(name_of(policy.dtype), " has a policy already, ", values.at(at).name));
  }
  if (!info(policy.dtype).is_float) refuse(concat(name_of(policy.dtype), " is no float type"));
  for (const std::uint32_t width : {policy.wide, policy.narrow}) {
    const std::uint32_t block = info(policy.dtype).block_elements;
    if (width == 0 || width > kMaxWidth) {
      refuse(concat(width, " weights a lane; supported: 1 to ", kMaxWidth));
    }
    if (32 * width % block != 0) {
      refuse(concat("32 lanes of ", width, " weights are not whole blocks of ", block));
    }
  }
}

}  // namespace

PolicyRegistration::PolicyRegistration(const Policy& policy, const std::string& shader) {
  auto& [mutex, values, present] = registered();
  const std::lock_guard lock(mutex);
  require_registrable(policy, registered());
  if (!shader.empty()) register_shader(std::string(policy.file), shader);
  const auto at = static_cast<std::size_t>(policy.dtype);
  if (present.at(at)) return;
  values.at(at) = policy;
  support(policy.dtype, policy.block);
  present.at(at).store(true, std::memory_order_release);
}

const Policy& policy_of(DType dtype, std::string_view what) {
  auto& [mutex, values, present] = registered();
  const auto at = static_cast<std::size_t>(dtype);
  if (present.at(at).load(std::memory_order_acquire)) return values.at(at);
  std::string names;
  for (const auto& policy : policies()) {
    names += concat(names.empty() ? "" : ", ", name_of(policy.dtype));
  }
  throw DTypeError(concat(what, ": no policy for ", name_of(dtype), "; there are ", names));
}

std::vector<Policy> policies() {
  auto& [mutex, values, present] = registered();
  std::vector<Policy> found;
  for (std::size_t i = 0; i < dtype_count(); ++i) {
    if (present.at(i).load(std::memory_order_acquire)) found.push_back(values.at(i));
  }
  return found;
}

std::string msl_policy(const Policy& policy, bool narrow) {
  const std::string wide = concat(policy.name, "<", policy.wide, ">");
  return narrow ? concat("NarrowLanes<", wide, ", ", policy.narrow, ">") : wide;
}

std::uint32_t policy_width(const Policy& policy, bool narrow) {
  return narrow ? policy.narrow : policy.wide;
}

}  // namespace foundry
