#include "anvil/cpu/target.hpp"

#include "anvil/cpu/host_cpu.hpp"
#include "anvil/service/environment.hpp"

namespace anvil::cpu {

Target target_of(Variant variant) {
  const std::string cpu = environment("ANVIL_CPU").value_or("host");
  Target target{.format = kCodeFormat,
                .options = {"--variant", variant == Variant::full ? "full" : "any", "--cpu", cpu},
                .identity = cpu == "host" ? host_cpu_identity() : ""};
  // For an emulated process, whose compiler is the machine's.
  if (const auto triple = environment("ANVIL_TARGET"))
    target.options.insert(target.options.end(), {"--target", *triple});
  return target;
}

}  // namespace anvil::cpu
