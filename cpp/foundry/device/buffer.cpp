#include "foundry/device/buffer.hpp"

#include "foundry/core/error.hpp"
#include "foundry/device/failed_ranges.hpp"
#include "foundry/device/metal_state.hpp"

namespace foundry {

namespace {
const std::string kNoLabel;

const detail::BufferState& present(const std::shared_ptr<const detail::BufferState>& state) {
  if (!state) throw StorageError("this buffer is empty");
  return *state;
}
}  // namespace

detail::BufferState::~BufferState() {
  FailedRanges::all().remove(begin, end);
}

std::uint64_t Buffer::length() const noexcept {
  return state_ ? state_->length : 0;
}

StorageMode Buffer::mode() const noexcept {
  return state_ ? state_->mode : StorageMode::shared;
}

bool Buffer::is_read_only() const noexcept {
  return state_ && state_->host.is_read_only();
}

const std::string& Buffer::label() const noexcept {
  return state_ ? state_->label : kNoLabel;
}

unsafe::HostMemory Buffer::host() const {
  const detail::BufferState& state = present(state_);
  if (state.mode == StorageMode::private_) {
    throw StorageError(concat(describe(), ": its storage is private to the GPU"));
  }
  return state.host;
}

std::uint64_t Buffer::hazard_address() const noexcept {
  return state_ ? state_->hazard_address : 0;
}

std::string Buffer::describe() const {
  if (!state_) return "empty buffer";
  const std::string name = state_->label.empty() ? "" : concat("'", state_->label, "' ");
  return concat("buffer ", name, "of ", format_bytes(state_->length), ", ", name_of(state_->mode),
                is_read_only() ? ", read-only" : "");
}

}  // namespace foundry
