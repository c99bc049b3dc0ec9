// What Metal allows a compute kernel on every device ("Metal Feature Set Tables", Apple). What
// differs between devices and pipelines is asked of them: Device::limits(), Pipeline.
#pragma once

#include <cstddef>
#include <cstdint>

namespace foundry {

/// [[buffer(i)]] indices, and as many of [[threadgroup(i)]].
inline constexpr std::uint32_t kMaxArgumentIndices = 31;
/// Bytes that one binding may hold in itself: setBytes:length:atIndex:.
inline constexpr std::size_t kMaxBindingBytes = 4096;
/// Lengths of threadgroup memory are multiples of so many bytes.
inline constexpr std::uint64_t kThreadgroupMemoryUnit = 16;
/// Lanes of a simdgroup: Metal's thread_execution_width on Apple GPUs, and on every Anvil device.
inline constexpr std::uint32_t kSimdWidth = 32;
/// Threads of a threadgroup; a pipeline may allow fewer.
inline constexpr std::uint32_t kMaxThreadgroupThreads = 1024;
inline constexpr std::uint32_t kMaxSimdgroups = kMaxThreadgroupThreads / kSimdWidth;

}  // namespace foundry
