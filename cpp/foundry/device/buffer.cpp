#include "foundry/device/buffer.hpp"

#include "foundry/core/error.hpp"
#include "foundry/device/failed_ranges.hpp"
#include "foundry/device/metal_state.hpp"

namespace foundry {

namespace {
const std::string kNoLabel;
}

detail::BufferState::~BufferState() {
  FailedRanges::all().remove(begin, end);
}

const std::string& Buffer::label() const noexcept {
  return state_ ? detail::BufferState::of(*this).label : kNoLabel;
}

unsafe::HostMemory Buffer::host() const {
  if (!state_) throw StorageError("this buffer is empty");
  if (mode() == StorageMode::private_) {
    throw StorageError(concat(describe(), ": its storage is private to the GPU"));
  }
  const auto& state = detail::BufferState::of(*this);
  return state.window ? state.window() : state.host;
}

std::string Buffer::describe() const {
  if (!state_) return "empty buffer";
  const std::string name = label().empty() ? "" : concat("'", label(), "' ");
  return concat("buffer ", name, "of ", format_bytes(length()), ", ", name_of(mode()),
                is_read_only() ? ", read-only" : "");
}

}  // namespace foundry
