#include "anvil/metal/capture.hpp"

#include <algorithm>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string_view>

#include "anvil/service/environment.hpp"
#include "anvil/service/hash.hpp"

namespace fs = std::filesystem;
using nlohmann::json;

namespace anvil::metal {
namespace {

void write_file(const fs::path& path, std::string_view bytes) {
  std::ofstream out(path, std::ios::binary);
  out.write(bytes.data(), static_cast<std::streamsize>(bytes.size())).flush();
  if (!out) throw std::runtime_error("ANVIL_CAPTURE: cannot write " + path.string());
}

/// How two runs of a kernel are compared in a buffer of this type.
std::string element_of(const std::string& type, uint64_t size) {
  const auto of = [&](const char* scalar) { return type.starts_with(scalar); };
  if (of("float")) return "float32";
  if (of("half")) return "half";
  if (of("bfloat")) return "bfloat";
  const bool whole = size == 2 || size == 4 || size == 8;
  return whole && !of("u") && type.find("char") == std::string::npos
             ? "bits" + std::to_string(size * 8)
             : "bits8";
}

std::string kernel_name(const Function& function) {
  KeyHasher hasher;
  hasher.add(function.library->key);
  for (const ConstantValue& value : function.constants)
    hasher.add(value.index.value_or(0))
        .add(value.name)
        .add(std::string_view(reinterpret_cast<const char*>(value.data.data()), value.data.size()));
  return function.function + "-" + hasher.finish().substr(0, 12);
}

json describe(const ConstantValue& value) {
  std::vector<unsigned> bytes;
  for (const std::byte byte : value.data) bytes.push_back(std::to_integer<unsigned>(byte));
  return {{"index", value.index.value_or(0)}, {"type", value.type}, {"bytes", bytes}};
}

}  // namespace

Capture* Capture::active() {
  static Capture* const capture = [] {
    const auto folder = environment("ANVIL_CAPTURE");
    return folder ? new Capture(*folder) : nullptr;
  }();
  return capture;
}

void Capture::write(const Function& function, const CpuDispatch& dispatch,
                    const std::array<size_t, ANVIL_MAX_BUFFERS>& lengths) {
  const std::string name = kernel_name(function);
  uint64_t threads = 1;
  for (const uint32_t size : dispatch.threads_per_grid) threads *= size;
  std::lock_guard lock(mutex_);
  const auto [kept, is_new] = threads_.try_emplace(name, threads);
  if (!is_new && kept->second <= threads) return;
  kept->second = threads;

  const fs::path folder = folder_ / name;
  fs::create_directories(folder);
  write_file(folder / "source.metal", function.library->origin->text);
  json buffers = json::array();
  for (const ArgumentInfo& argument : dispatch.kernel->image().arguments) {
    if (argument.kind != ArgumentInfo::Kind::buffer) continue;
    while (buffers.size() <= argument.index)
      buffers.push_back({{"path", "/dev/null"}, {"element", "bits8"}, {"ulps", 0}});
    const fs::path file = folder / std::to_string(argument.index);
    write_file(file, {static_cast<const char*>(dispatch.buffers[argument.index]),
                      std::min(lengths[argument.index], kMaxBytes)});
    buffers[argument.index]["path"] = file.string();
    buffers[argument.index]["element"] = element_of(argument.type, argument.element_size);
  }
  json constants = json::array();
  for (const ConstantValue& value : function.constants) constants.push_back(describe(value));
  const json description{{"source", (folder / "source.metal").string()},
                         {"function", function.function},
                         {"math", "safe"},
                         {"grid", dispatch.threads_per_grid},
                         {"threadgroup", dispatch.threads_per_threadgroup},
                         {"threadgroup_memory", dispatch.threadgroup_memory_length},
                         {"constants", constants},
                         {"buffers", buffers}};
  write_file(folder / "case.json", description.dump(1));
}

}  // namespace anvil::metal
