// host_cpu.hpp: what the processor that runs this process can do.
#pragma once

#include <stdexcept>
#include <string>

namespace anvil::cpu {

/// The processor lacks instructions that every kernel is compiled to.
struct UnsupportedCpuError : std::runtime_error {
  using runtime_error::runtime_error;
};

/// Throws UnsupportedCpuError below x86-64-v3 (AVX2, FMA, F16C); any aarch64 will do.
void require_supported_cpu();

/// Names maker, model and every instruction-set extension that code generation may pick: equal for
/// two machines exactly when code compiled for the one is what would be compiled for the other.
const std::string& host_cpu_identity();

}  // namespace anvil::cpu
