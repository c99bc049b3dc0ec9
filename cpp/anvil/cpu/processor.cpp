#include "anvil/cpu/processor.hpp"

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <optional>

namespace anvil::cpu {
namespace {

/// The first word of a file of sysfs; none if there is no such file.
std::optional<std::string> word(const std::filesystem::path& path) {
  std::string text;
  return std::ifstream(path) >> text ? std::optional(text) : std::nullopt;
}

}  // namespace

std::string processor_name() {
  std::ifstream file("/proc/cpuinfo");
  for (std::string line; std::getline(file, line);)
    if (line.starts_with("model name")) return line.substr(line.find(':') + 2);
#if defined(__aarch64__)
  return "aarch64";
#else
  return "x86-64";
#endif
}

std::array<uint64_t, 3> cache_bytes() {
  std::array<uint64_t, 3> bytes{};
  // Linux, Documentation/ABI/testing/sysfs-devices-system-cpu: sizes in KiB, as "48K".
  const std::filesystem::path folder = "/sys/devices/system/cpu/cpu0/cache";
  for (int i = 0;; ++i) {
    const auto index = folder / ("index" + std::to_string(i));
    const auto level = word(index / "level"), type = word(index / "type");
    if (!level || !type) return bytes;
    const unsigned long at = std::strtoul(level->c_str(), nullptr, 10) - 1;
    if (*type == "Instruction" || at >= bytes.size()) continue;
    bytes[at] =
        uint64_t{1024} * std::strtoull(word(index / "size").value_or("0").c_str(), nullptr, 10);
  }
}

}  // namespace anvil::cpu
