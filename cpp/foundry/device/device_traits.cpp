#include "foundry/device/device_traits.hpp"

#include "foundry/device/metal_state.hpp"

namespace foundry::detail {

namespace {

/// Metal tells little of a device. Anvil's answer one selector more, which is asked for first:
/// numbers by name, 0 for what they do not know.
struct AnvilDevice : MTL::Device {
  static std::uint64_t trait(const MTL::Device* device, const char* name) {
    const SEL selector = sel_registerName("anvilTrait:");
    if (!respondsToSelector(device, selector)) return 0;
    return sendMessage<std::uint64_t>(device, selector, string_of(name).get());
  }
};

std::string architecture_of(MTL::Device* device) {
  if (__builtin_available(macOS 14.0, iOS 17.0, *)) {
    if (const MTL::Architecture* architecture = device->architecture()) {
      return text_of(architecture->name());
    }
  }
  return {};
}

}  // namespace

DeviceTraits traits_of(MTL::Device* device) {
  const auto number = [&](const char* name) { return AnvilDevice::trait(device, name); };
  DeviceTraits traits;
  traits.architecture = architecture_of(device);
  traits.register_bytes = static_cast<std::uint32_t>(number("registerBytes"));
  traits.lanes = traits.register_bytes == 0 ? Lanes::gpu : Lanes::registers;
  traits.threads = static_cast<std::uint32_t>(number("threads"));
  traits.cache_bytes = {number("cache1Bytes"), number("cache2Bytes"), number("cache3Bytes")};
  traits.has_matrix_units = number("matrixUnits") != 0;
  traits.has_unified_memory = device->hasUnifiedMemory();
  return traits;
}

}  // namespace foundry::detail
