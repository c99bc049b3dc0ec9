// DeviceTraits: what a device is, as far as plans of kernels depend on it.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>

namespace foundry {

/// What a lane of a simdgroup is.
enum class Lanes : std::uint8_t {
  gpu,        ///< a GPU's: many simdgroups share a core and hide each other's waits
  registers,  ///< an element of a processor's vector registers: a threadgroup is one thread's work
};

/// Asked of the device once; the same for as long as the process lives.
struct DeviceTraits {
  /// MTLArchitecture's name ("applegpu_g13g", "anvil_cpu"); empty where Metal has none yet.
  std::string architecture;
  Lanes lanes = Lanes::gpu;
  /// Bytes of a vector register that kernels are compiled for; 0 with a GPU's lanes.
  std::uint32_t register_bytes = 0;
  /// Threads that run threadgroups at the same time, one each; 0: it does not say, as GPUs don't.
  std::uint32_t threads = 0;
  /// Bytes of the data caches of a thread, the first level first, a shared one whole; 0: it does
  /// not say, or has none.
  std::array<std::uint64_t, 3> cache_bytes{};
  /// Products of matrices of bfloats run on units of the processor's own, for which a kernel
  /// calls matmul2d.
  bool has_matrix_units = false;
  /// Host and device share one memory: shared buffers cost nothing extra on the device.
  bool has_unified_memory = false;

  [[nodiscard]] bool has_gpu_lanes() const noexcept { return lanes == Lanes::gpu; }
  [[nodiscard]] bool has_register_lanes() const noexcept { return lanes == Lanes::registers; }
  /// AVX-512's: 32 registers of 16 floats, where AVX2 has 16 of 8 and NEON 32 of 4.
  [[nodiscard]] bool has_wide_registers() const noexcept { return register_bytes >= 64; }
};

}  // namespace foundry
