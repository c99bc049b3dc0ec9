#include "anvil/cpu/host_cpu.hpp"

#include <cstdint>
#include <cstdio>

#if defined(__x86_64__)
#include <cpuid.h>
#elif defined(__aarch64__)
#include <sys/auxv.h>
#endif

namespace anvil::cpu {
namespace {

std::string hex(uint64_t value) {
  char text[20];
  std::snprintf(text, sizeof text, "%llx", static_cast<unsigned long long>(value));
  return text;
}

#if defined(__x86_64__)

// Bits of a leaf that say what instructions there are. Others differ from core to core (the initial
// APIC id in leaf 1) or with the operating system's mood.
struct FeatureLeaf {
  unsigned leaf, subleaf;
  bool eax, ebx, ecx, edx;
};
constexpr FeatureLeaf kLeaves[] = {
    {0x00000001, 0, true, false, true, true},    // family and model, SSE to AVX
    {0x00000007, 0, false, true, true, true},    // AVX2, AVX-512, AMX
    {0x00000007, 1, true, false, false, true},   // AVX-VNNI, AVX-NE-CONVERT
    {0x80000001, 0, false, false, true, true},   // LZCNT, FMA4
    {0x00000024, 0, false, true, false, false},  // AVX10
};
constexpr unsigned kOsxsaveBit = 1u << 27;

std::string identify() {
  unsigned a, b, c, d;
  std::string text = "x86-64";
  if (__get_cpuid(0, &a, &b, &c, &d)) text += " " + hex(b) + hex(d) + hex(c);  // the maker
  bool os_saves_vectors = false;
  for (const auto& leaf : kLeaves) {
    a = b = c = d = 0;
    if (!__get_cpuid_count(leaf.leaf, leaf.subleaf, &a, &b, &c, &d)) a = b = c = d = 0;
    if (leaf.leaf == 1) os_saves_vectors = c & kOsxsaveBit;
    text += " " + hex(leaf.eax ? a : 0) + "." + hex(leaf.ebx ? b : 0) + "." +
            hex(leaf.ecx ? c : 0) + "." + hex(leaf.edx ? d : 0);
  }
  if (os_saves_vectors) {
    unsigned low, high;
    asm("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
    text +=
        " " + hex(uint64_t{high} << 32 | low);  // registers that the kernel saves: ymm, zmm, tiles
  }
  return text;
}

#elif defined(__aarch64__)

std::string identify() {
  std::string text = "aarch64 " + hex(getauxval(AT_HWCAP)) + "." + hex(getauxval(AT_HWCAP2));
  constexpr unsigned long kHwcapCpuid = 1 << 11;
  if (getauxval(AT_HWCAP) & kHwcapCpuid) {
    uint64_t midr;
    asm("mrs %0, midr_el1" : "=r"(midr));  // emulated by the kernel where that bit is set
    text += " " + hex(midr);
  }
  return text;
}

#endif

}  // namespace

void require_supported_cpu() {
#if defined(__x86_64__)
  if (!__builtin_cpu_supports("x86-64-v3"))
    throw UnsupportedCpuError(
        "Anvil needs a processor of the level x86-64-v3 (AVX2, BMI2, F16C, FMA), which this one "
        "does not reach");
#endif
}

const std::string& host_cpu_identity() {
  static const std::string identity = identify();
  return identity;
}

}  // namespace anvil::cpu
