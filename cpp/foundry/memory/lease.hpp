// Lease: a counted claim on a byte range of a buffer; memory is reused only when no claim is left.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>

#include "foundry/core/keep_alive.hpp"
#include "foundry/core/spin_lock.hpp"
#include "foundry/device/binding.hpp"
#include "foundry/device/buffer.hpp"
#include "foundry/memory/label.hpp"

namespace foundry {

namespace detail {
class ArenaState;
}

/// The counted range itself. Lives until its last holder releases it. Thread-safe. A new holder
/// may join only while there is one.
class LeaseRecord final : public Keepable {
 public:
  bool keep(Holder by) noexcept override;
  void release(Holder by) noexcept override;
  bool is_in_use() const noexcept override;
  std::string describe() const override;

  const Buffer& buffer() const noexcept { return *buffer_; }
  std::uint64_t offset() const noexcept { return offset_; }
  std::uint64_t length() const noexcept { return length_; }
  bool is_pooled() const noexcept { return arena_ != nullptr; }
  Label label() const;
  void set_label(Label label);

 private:
  friend class detail::ArenaState;
  friend class Lease;
  LeaseRecord() = default;
  LeaseRecord(Buffer owned, std::uint64_t offset, std::uint64_t length, Label label);

  /// By anyone but command buffers.
  bool has_range_holder() const noexcept { return range_holders_ != 0; }
  bool is_held() const noexcept {
    return has_range_holder() || count_of(Holder::Kind::command_buffer) != 0;
  }
  std::uint32_t& count_of(Holder::Kind kind) noexcept {
    return counts_[static_cast<std::size_t>(kind)];
  }
  std::uint32_t count_of(Holder::Kind kind) const noexcept {
    return counts_[static_cast<std::size_t>(kind)];
  }
  SpinLock& lock() const noexcept;
  Label label_locked() const;

  detail::ArenaState* arena_ = nullptr;  // null: dedicated, the record owns its buffer
  const Buffer* buffer_ = &owned_;
  Buffer owned_;
  std::uint64_t offset_ = 0;
  std::uint64_t length_ = 0;
  mutable SpinLock own_lock_;  // guards the rest of a dedicated record
  std::array<std::uint32_t, Holder::kKinds> counts_{};
  std::uint32_t range_holders_ = 0;   // the sum of counts_ without command buffers
  std::uint64_t command_buffer_ = 0;  // the last that claimed it
  Label label_;
  // The arena's bookkeeping, guarded by its lock (memory/arena_state.hpp).
  LeaseRecord* previous_ = nullptr;  // in order of allocation
  LeaseRecord* next_ = nullptr;
  LeaseRecord* previous_island_ = nullptr;  // in order of position
  LeaseRecord* next_island_ = nullptr;
  std::uint64_t sequence_ = 0;
  std::uint32_t chunk_ = 0;
  bool is_retired_ = false;  // a scope was left, or its arena rewound, since it was allocated
  bool is_island_ = false;
};

/// A handle on a LeaseRecord, held as a tensor or as a view. Copying claims once more.
class [[nodiscard]] Lease {
 public:
  Lease() = default;
  /// A lease on a range of a buffer of its own, outside any arena. Throws ShapeError if the range
  /// leaves the buffer.
  [[nodiscard]] static Lease of(Buffer buffer, std::uint64_t offset, std::uint64_t length,
                                Label label = {});

  Lease(const Lease& other) noexcept : Lease(other.record_, other.kind_) {}
  Lease(Lease&& other) noexcept
      : record_(std::exchange(other.record_, nullptr)), kind_(other.kind_) {}
  Lease& operator=(Lease other) noexcept {
    std::swap(record_, other.record_);
    std::swap(kind_, other.kind_);
    return *this;
  }
  ~Lease() {
    if (record_) record_->release({kind_, 0});
  }

  explicit operator bool() const noexcept { return record_ != nullptr; }
  /// The same claim, held as a view.
  [[nodiscard]] Lease as_view() const noexcept { return Lease(record_, Holder::Kind::view); }
  /// The same claim, held as a tensor, a view or a program.
  [[nodiscard]] Lease held_as(Holder::Kind kind) const noexcept { return Lease(record_, kind); }
  /// The same range, held by `by` (a numpy array, a command buffer).
  [[nodiscard]] KeepAlive held_by(Holder by) const noexcept {
    return record_ ? KeepAlive(*record_, by) : KeepAlive();
  }
  /// What a Binding keeps.
  [[nodiscard]] Keepable* target() const noexcept { return record_; }

  [[nodiscard]] const Buffer& buffer() const noexcept { return record_->buffer(); }
  [[nodiscard]] std::uint64_t offset() const noexcept { return record_->offset(); }
  [[nodiscard]] std::uint64_t length() const noexcept { return record_->length(); }
  [[nodiscard]] bool is_pooled() const noexcept { return record_ && record_->is_pooled(); }
  [[nodiscard]] Label label() const { return record_ ? record_->label() : Label{}; }
  void set_label(Label label) const {
    if (record_) record_->set_label(std::move(label));
  }
  /// "y (14336,) f16".
  [[nodiscard]] std::string describe() const { return record_ ? record_->describe() : "no lease"; }

 private:
  friend class detail::ArenaState;
  struct Adopt {};
  Lease(LeaseRecord* record, Adopt) noexcept : record_(record) {}  // its claim was made already
  Lease(LeaseRecord* record, Holder::Kind kind) noexcept : record_(record), kind_(kind) {
    if (record_) record_->keep({kind_, 0});
  }
  LeaseRecord* record_ = nullptr;
  Holder::Kind kind_ = Holder::Kind::tensor;
};

}  // namespace foundry
