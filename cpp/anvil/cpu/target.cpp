#include "anvil/cpu/target.hpp"

#include <exception>
#include <string>
#include <vector>

#include "anvil/cpu/host_cpu.hpp"
#include "anvil/service/environment.hpp"

namespace anvil::cpu {

namespace {

constexpr auto kHost = "host";

std::string cpu() {
  return service::environment("ANVIL_CPU").value_or(kHost);
}

/// anvil-compiler's, for the processor.
std::vector<std::string> options(const std::string& processor) {
  std::vector<std::string> options{"--cpu", processor};
  // For an emulated process, whose compiler is the machine's.
  if (const auto triple = service::environment("ANVIL_TARGET"))
    options.insert(options.end(), {"--target", *triple});
  return options;
}

unsigned own_register_bytes() {
#if defined(__x86_64__)
  return __builtin_cpu_supports("avx512f") ? 64 : 32;  // AVX-512, AVX2
#else
  return 16;  // NEON
#endif
}

}  // namespace

service::Target target_of(Variant variant) {
  return target_of(variant, cpu());
}

service::Target target_of(Variant variant, const std::string& processor) {
  service::Target target{.format = kCodeFormat,
                         .options = options(processor),
                         .identity = processor == kHost ? host_cpu_identity() : ""};
  target.options.insert(target.options.end(),
                        {"--variant", variant == Variant::full ? "full" : "any"});
  return target;
}

unsigned register_bytes() {
  if (cpu() == kHost && !service::environment("ANVIL_TARGET")) return own_register_bytes();
  try {
    return service::compiled_register_bytes(options(cpu()));
  } catch (const std::exception&) {
    return own_register_bytes();  // nothing can be compiled, which the first kernel says
  }
}

}  // namespace anvil::cpu
