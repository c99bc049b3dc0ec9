#include "foundry/memory/lease.hpp"

#include <mutex>

#include "foundry/core/checked.hpp"
#include "foundry/core/error.hpp"
#include "foundry/memory/arena_state.hpp"

namespace foundry {

LeaseRecord::LeaseRecord(Buffer owned, std::uint64_t offset, std::uint64_t length, Label label)
    : owned_(std::move(owned)), offset_(offset), length_(length), label_(std::move(label)) {}

SpinLock& LeaseRecord::lock() const noexcept {
  return arena_ ? arena_->lock() : own_lock_;
}

bool LeaseRecord::keep(Holder by) noexcept {
  const std::lock_guard guard(lock());
  std::uint32_t& count = count_of(by.kind);
  if (by.kind == Holder::Kind::command_buffer) {
    if (count != 0 && command_buffer_ == by.number) return false;
    command_buffer_ = by.number;
  } else {
    ++range_holders_;
  }
  ++count;
  return true;
}

void LeaseRecord::release(Holder by) noexcept {
  SpinLock& guard = lock();
  guard.lock();
  const bool had_range_holder = has_range_holder();
  --count_of(by.kind);
  if (by.kind != Holder::Kind::command_buffer) --range_holders_;
  if (!arena_) {
    const bool is_last = !is_held();
    guard.unlock();
    if (is_last) delete this;
    return;
  }
  detail::ArenaState* arena = arena_;
  if (had_range_holder && !has_range_holder()) arena->drop_range_locked(*this);
  const bool is_last_of_arena = !is_held() && arena->recycle_locked(*this);
  guard.unlock();
  if (is_last_of_arena) delete arena;
}

bool LeaseRecord::is_in_use() const noexcept {
  const std::lock_guard guard(lock());
  return has_range_holder();
}

Label LeaseRecord::label() const {
  const std::lock_guard guard(lock());
  return label_locked();
}

Label LeaseRecord::label_locked() const {
  Label label = label_;
  if (!label.type_name) {
    label.dimensions.clear();
    label.dimensions.push_back(length_);
  }
  return label;
}

void LeaseRecord::set_label(Label label) {
  const std::lock_guard guard(lock());
  std::swap(label_, label);
}

std::string LeaseRecord::describe() const {
  return label().to_string();
}

Lease Lease::of(Buffer buffer, std::uint64_t offset, std::uint64_t length, Label label) {
  if (length == 0 || !range_fits(offset, length, buffer.length())) {
    throw ShapeError(concat("lease of bytes [", offset, ", ", offset, " + ", length, ") of ",
                            buffer.describe(), " (", buffer.length(), " bytes)"));
  }
  auto* record = new LeaseRecord(std::move(buffer), offset, length, std::move(label));
  record->keep(Holder::tensor());
  return Lease(record, Adopt{});
}

}  // namespace foundry
