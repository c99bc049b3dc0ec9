#include "anvil/metal/capture.hpp"

#include <algorithm>
#include <array>
#include <cstring>
#include <fstream>
#include <new>
#include <nlohmann/json.hpp>
#include <span>
#include <string_view>
#include <type_traits>

#include "anvil/abi/kernel_abi.h"
#include "anvil/metal/compute_pipeline.hpp"
#include "anvil/metal/device.hpp"
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

std::string kernel_name(const service::SpecializedFunction& function) {
  service::KeyHasher hasher;
  hasher.add(function.library->key);
  for (const service::ConstantValue& value : function.constants)
    hasher.add(value.index.value_or(0))
        .add(value.name)
        .add(std::string_view(reinterpret_cast<const char*>(value.data.data()), value.data.size()));
  return function.name + "-" + hasher.finish().substr(0, 12);
}

/// The threads of the grid, which may be in the device's memory.
backend::Extent grid_of(const backend::DispatchCommand& dispatch, backend::Device& device) {
  if (!dispatch.indirect) return dispatch.threads_per_grid;
  backend::Extent grid;
  device.read(dispatch.indirect, std::as_writable_bytes(std::span(grid)));
  for (size_t i = 0; i < grid.size(); ++i) grid[i] *= dispatch.threads_per_threadgroup[i];
  return grid;
}

std::string contents(const backend::Binding& binding, backend::Device& device) {
  std::string bytes(std::min<uint64_t>(binding.length, Capture::kMaxBytes), '\0');
  if (bytes.empty()) return bytes;  // nothing is bound
  if (binding.kind == backend::Binding::Kind::memory)
    device.read(binding.first, std::as_writable_bytes(std::span(bytes)));
  else
    std::memcpy(bytes.data(), reinterpret_cast<const void*>(binding.first), bytes.size());
  return bytes;
}

json describe(const service::ConstantValue& value) {
  std::vector<unsigned> bytes;
  for (const std::byte byte : value.data) bytes.push_back(std::to_integer<unsigned>(byte));
  return {{"index", value.index.value_or(0)}, {"type", value.type}, {"bytes", bytes}};
}

}  // namespace

Capture* Capture::active() {
  static Capture* const capture = [] {
    const auto folder = service::environment("ANVIL_CAPTURE");
    return folder ? new Capture(*folder) : nullptr;
  }();
  return capture;
}

struct Capture::Upcoming {
  Capture* capture;
  const ComputePipelineState* pipeline;
  backend::DispatchCommand dispatch;
};

backend::CallCommand Capture::before(const backend::DispatchCommand& dispatch,
                                     const ComputePipelineState& pipeline, CommandArena& arena) {
  static_assert(std::is_trivially_destructible_v<Upcoming>);
  auto* upcoming = new (arena.allocate(sizeof(Upcoming))) Upcoming{this, &pipeline, dispatch};
  return {[](void* argument) {
            const auto& its = *static_cast<const Upcoming*>(argument);
            its.capture->write(its);
          },
          upcoming};
}

void Capture::write(const Upcoming& upcoming) {
  const backend::DispatchCommand& dispatch = upcoming.dispatch;
  const service::SpecializedFunction& function = upcoming.pipeline->function->function;
  backend::Device& device = upcoming.pipeline->device->backend;
  // The tool has buffers alone.
  if (upcoming.pipeline->info().handles > 0 || !upcoming.pipeline->linked.empty()) return;
  const std::string name = kernel_name(function);
  const backend::Extent grid = grid_of(dispatch, device);
  uint64_t threads = 1;
  for (const uint32_t size : grid) threads *= size;
  if (threads == 0) return;
  std::lock_guard lock(mutex_);
  const auto [kept, is_new] = threads_.try_emplace(name, threads);
  if (!is_new && kept->second <= threads) return;
  kept->second = threads;

  const fs::path folder = folder_ / name;
  fs::create_directories(folder);
  const service::LibrarySource& origin = *function.library->origin;
  const bool is_air = origin.form == service::LibrarySource::Form::air;
  const fs::path source = folder / (is_air ? "function.air" : "source.metal");
  write_file(source, origin.text);
  json buffers = json::array();
  std::array<uint64_t, ANVIL_MAX_BUFFERS> threadgroup_memory{};
  const std::vector<service::ArgumentInfo>& arguments = dispatch.kernel->info.arguments;
  for (size_t i = 0; i < arguments.size(); ++i) {
    const service::ArgumentInfo& argument = arguments[i];
    if (argument.kind == service::ArgumentInfo::Kind::threadgroup) {
      threadgroup_memory[argument.index] = dispatch.bindings[i].length;
      continue;
    }
    while (buffers.size() <= argument.index)
      buffers.push_back({{"path", "/dev/null"}, {"element", "bits8"}, {"ulps", 0}});
    const fs::path file = folder / std::to_string(argument.index);
    write_file(file, contents(dispatch.bindings[i], device));
    buffers[argument.index]["path"] = file.string();
    buffers[argument.index]["element"] = element_of(argument.type, argument.element_size);
  }
  json constants = json::array();
  for (const service::ConstantValue& value : function.constants)
    constants.push_back(describe(value));
  const json description{{is_air ? "air" : "source", source.string()},
                         {"function", function.name},
                         {"math", "safe"},
                         {"grid", grid},
                         {"threadgroup", dispatch.threads_per_threadgroup},
                         {"threadgroup_memory", threadgroup_memory},
                         {"constants", constants},
                         {"buffers", buffers}};
  write_file(folder / "case.json", description.dump(1));
}

}  // namespace anvil::metal
