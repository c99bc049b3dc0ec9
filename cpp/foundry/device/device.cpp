#include "foundry/device/device.hpp"

#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <charconv>
#include <mutex>
#include <stdexcept>

#include "foundry/core/ascii.hpp"
#include "foundry/core/checked.hpp"
#include "foundry/core/error.hpp"
#include "foundry/core/fork_guard.hpp"
#include "foundry/device/failed_ranges.hpp"
#include "foundry/device/metal_state.hpp"

namespace foundry {

using detail::DeviceState;

namespace {

std::size_t page_size() {
  static const auto size = static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
  return size;
}

/// Hazard addresses of private buffers: the upper half of the line, where no host page can be.
std::uint64_t reserve_private_range(std::uint64_t length) {
  static std::atomic<std::uint64_t> next{std::uint64_t{1} << 63};
  return next.fetch_add((length + 4095) & ~std::uint64_t{4095}, std::memory_order_relaxed);
}

std::shared_ptr<DeviceState> make_state(MTL::Device* metal) {
  auto state = std::make_shared<DeviceState>();
  state->metal = NS::RetainPtr(metal);
  state->name = detail::text_of(metal->name(), "unnamed device");
  const MTL::Size most = metal->maxThreadsPerThreadgroup();
  state->limits.max_threads_per_threadgroup =
      ThreadgroupSize::d3(most.width, most.height, most.depth);
  state->limits.max_threadgroup_memory = metal->maxThreadgroupMemoryLength();
  state->limits.max_buffer_length = metal->maxBufferLength();
  state->limits.recommended_working_set = metal->recommendedMaxWorkingSetSize();
  state->traits = detail::traits_of(metal);
  return state;
}

/// A software device that cannot be says why by an exception: an environment variable, the
/// processor.
MTL::Device* open_default() {
  try {
    return MTL::CreateSystemDefaultDevice();
  } catch (const std::runtime_error& error) {
    throw DeviceError(error.what());
  }
}

/// One state per device for the life of the process, so that handles compare. Never destroyed:
/// objects with static storage may still hold handles at exit.
const std::vector<std::shared_ptr<DeviceState>>& devices() {
  check_not_forked("opening a device");
  static const auto* const list = [] {
    const detail::AutoreleaseScope scope;
    auto* states = new std::vector<std::shared_ptr<DeviceState>>;
    const auto first = NS::TransferPtr(open_default());
    if (first) states->push_back(make_state(first.get()));
    const auto all = NS::TransferPtr(MTL::CopyAllDevices());
    for (NS::UInteger i = 0; all && i < all->count(); ++i) {
      auto* metal = all->object<MTL::Device>(i);
      if (first && metal->registryID() == first->registryID()) continue;
      states->push_back(make_state(metal));
    }
    arm_fork_guard();
    return states;
  }();
  return *list;
}

std::string lower(std::string_view text) {
  std::string result(text);
  std::transform(result.begin(), result.end(), result.begin(), to_lower);
  return result;
}

bool has_word(std::string_view name, std::string_view word) {
  std::size_t begin = 0;
  while (begin < name.size()) {
    const std::size_t end = std::min(name.find(' ', begin), name.size());
    if (name.substr(begin, end - begin) == word) return true;
    begin = end + 1;
  }
  return false;
}

[[noreturn]] void fail_find(std::string_view name) {
  std::string there;
  for (const auto& state : devices())
    there += concat(there.empty() ? "'" : ", '", state->name, "'");
  throw DeviceError(
      concat("no device '", name, "'; there ", there.empty() ? "is none" : "are " + there));
}

}  // namespace

Device Device::system_default() {
  if (devices().empty()) throw DeviceError("this system has no Metal device");
  return Device(devices().front());
}

std::vector<Device> Device::all() {
  std::vector<Device> all;
  for (const auto& state : devices()) all.push_back(Device(state));
  return all;
}

Device Device::find(std::string_view name) {
  for (const auto& state : devices()) {
    if (state->name == name) return Device(state);
  }
  const std::size_t colon = name.find(':');
  std::size_t index = 0;
  if (colon != name.npos) {
    const std::string_view digits = name.substr(colon + 1);
    const auto [end, code] = std::from_chars(digits.begin(), digits.end(), index);
    if (code != std::errc() || end != digits.end()) fail_find(name);
  }
  const std::string type = lower(name.substr(0, colon));
  for (const auto& state : devices()) {
    if (has_word(lower(state->name), type) && index-- == 0) return Device(state);
  }
  fail_find(name);
}

const std::string& Device::name() const noexcept {
  return state_->name;
}

const DeviceLimits& Device::limits() const noexcept {
  return state_->limits;
}

const DeviceTraits& Device::traits() const noexcept {
  return state_->traits;
}

std::uint64_t Device::allocated_bytes() const {
  check_not_forked("allocated_bytes");
  return state_->metal->currentAllocatedSize();
}

void Device::set_memory_limit(std::uint64_t bytes) const noexcept {
  state_->memory_limit.store(bytes, std::memory_order_relaxed);
}

std::uint64_t Device::memory_limit() const noexcept {
  return state_->memory_limit.load(std::memory_order_relaxed);
}

Buffer Device::make_buffer(std::uint64_t length, StorageMode mode, std::string label) const {
  check_not_forked("make_buffer");
  if (length == 0) throw ArgumentError("a buffer of 0 bytes cannot be made");
  if (mode == StorageMode::borrowed) {
    throw ArgumentError("a borrowed buffer needs host memory: use borrow()");
  }
  if (length > state_->limits.max_buffer_length) {
    throw OutOfMemoryError(concat("buffer '", label, "': ", format_bytes(length),
                                  " asked, a buffer of '", state_->name, "' has at most ",
                                  format_bytes(state_->limits.max_buffer_length)));
  }
  if (const std::uint64_t limit = memory_limit()) {
    const std::uint64_t allocated = allocated_bytes();
    const std::uint64_t left = limit > allocated ? limit - allocated : 0;
    if (length > left) {
      throw OutOfMemoryError(concat("buffer '", label, "': ", format_bytes(length), " asked, ",
                                    format_bytes(left), " of the limit of ", format_bytes(limit),
                                    " on '", state_->name, "' left"));
    }
  }
  const detail::AutoreleaseScope scope;
  auto state = std::make_shared<detail::BufferState>();
  state->metal = NS::TransferPtr(state_->metal->newBuffer(
      length, mode == StorageMode::shared ? MTL::ResourceStorageModeShared
                                          : MTL::ResourceStorageModePrivate));
  if (!state->metal) {
    throw OutOfMemoryError(concat("buffer '", label, "': ", format_bytes(length), " asked, '",
                                  state_->name, "' refused; it has ",
                                  format_bytes(allocated_bytes()), " allocated"));
  }
  state->length = length;
  state->mode = mode;
  state->label = std::move(label);
  if (mode == StorageMode::shared) {
    state->host = unsafe::HostMemory::writable(
        {static_cast<std::byte*>(state->metal->contents()), static_cast<std::size_t>(length)});
    state->hazard_address = state->host.address();
  } else {
    state->hazard_address = reserve_private_range(length);
  }
  state->begin = state->hazard_address;
  state->end = state->begin + length;
  // A command buffer may have failed after its buffers had gone, whose bytes these were.
  detail::FailedRanges::all().remove(state->begin, state->end);
  return Buffer(std::move(state));
}

Buffer Device::borrow(const unsafe::HostMemory& memory, KeepAlive owner, std::string label,
                      HostWindow window) const {
  check_not_forked("borrow");
  if (memory.length() == 0) throw ArgumentError("0 bytes of host memory cannot be borrowed");
  const unsafe::HostMemory pages = memory.enclosing_pages(page_size());
  if (pages.length() > state_->limits.max_buffer_length) {
    throw OutOfMemoryError(concat("borrowed buffer '", label, "': ", format_bytes(pages.length()),
                                  " asked, a buffer of '", state_->name, "' has at most ",
                                  format_bytes(state_->limits.max_buffer_length)));
  }
  const detail::AutoreleaseScope scope;
  auto state = std::make_shared<detail::BufferState>();
  state->metal = NS::TransferPtr(state_->metal->newBuffer(
      unsafe::raw_pointer(pages), pages.length(), MTL::ResourceStorageModeShared, nullptr));
  if (!state->metal) {
    throw StorageError(concat("'", state_->name, "' cannot borrow ", format_bytes(pages.length()),
                              " of host memory for '", label, "'"));
  }
  state->owner = std::move(owner);
  state->length = pages.length();
  state->mode = StorageMode::borrowed;
  state->is_read_only = pages.is_read_only();
  state->host = pages;
  state->window = std::move(window);
  state->hazard_address = pages.address();
  state->begin = memory.address();
  state->end = state->begin + memory.length();
  state->label = std::move(label);
  return Buffer(std::move(state));
}

std::uint64_t Device::borrow_offset(const unsafe::HostMemory& memory) noexcept {
  return memory.address() & (page_size() - 1);
}

std::string to_string(const Device& device) {
  return concat("device '", device.name(), "' (",
                device.traits().has_unified_memory ? "unified memory, " : "",
                device.limits().max_threads_per_threadgroup.x, " threads a threadgroup, ",
                format_bytes(device.limits().max_threadgroup_memory), " threadgroup memory)");
}

}  // namespace foundry
