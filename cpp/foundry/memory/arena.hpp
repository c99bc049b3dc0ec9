// Arena: bump allocation in growable chunks, never reused under a live lease; ArenaScope.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "foundry/device/device.hpp"
#include "foundry/memory/lease.hpp"

namespace foundry {

struct ArenaOptions {
  std::string name = "arena";
  StorageMode mode = StorageMode::shared;               ///< shared or private
  std::uint64_t chunk_bytes = std::uint64_t{16} << 20;  ///< the least that a new chunk has
  std::uint64_t cap_bytes = 0;                          ///< of all chunks; 0: no cap
};

/// A moment's accounts, in bytes:
/// reserved = leased + alignment + stranded + available.
struct ArenaStatistics {
  std::uint64_t reserved_bytes = 0;     ///< in chunks
  std::uint64_t leased_bytes = 0;       ///< in use: in ranges that anyone but command buffers holds
  std::uint64_t peak_leased_bytes = 0;  ///< the high water of it
  std::uint64_t alignment_bytes = 0;    ///< that pad leased ranges to kAlignment
  std::uint64_t stranded_bytes = 0;   ///< passed by and leased no longer: free at a rewind or reset
  std::uint64_t available_bytes = 0;  ///< ahead: free now, without another chunk
  std::uint64_t retired_bytes = 0;    ///< of the leased ones, left behind by a scope
  std::uint64_t cap_bytes = 0;        ///< 0: none
  std::uint64_t allocations = 0;
  std::uint32_t chunks = 0;
  std::uint32_t leases = 0;   ///< ranges that anyone but command buffers holds
  std::uint32_t retired = 0;  ///< of these, left behind by a scope

  /// Reserved bytes that serve nobody and cannot be allocated now.
  [[nodiscard]] std::uint64_t waste_bytes() const noexcept {
    return alignment_bytes + stranded_bytes;
  }
  friend bool operator==(const ArenaStatistics&, const ArenaStatistics&) = default;
};

/// Who holds what: one kind of holder of one range.
struct ArenaHolder {
  Label label;
  std::uint64_t bytes = 0;       ///< of the range
  Holder holder;                 ///< of several command buffers, the last that claimed the range
  std::uint32_t claims = 0;      ///< how many of this kind hold it
  std::uint64_t allocation = 0;  ///< the range's number, in order of allocation
  bool is_retired = false;       ///< left behind by a scope
};

/// A position to return to. Made by Arena::mark(), good until the next reset().
struct ArenaMark {
  std::uint32_t chunk = 0;
  std::uint64_t offset = 0;
  std::uint64_t sequence = 0;
  std::uint64_t resets = 0;  ///< of the arena, before the mark
};

/// Thread-safe; allocation is O(1) and takes no system call while the chunk lasts. The memory
/// outlives the arena object as long as leases do. Long-lived tensors belong in an arena of their
/// own, so that they pin no short-lived chunk.
class Arena {
 public:
  static constexpr std::uint64_t kAlignment = 256;  ///< of every range; enough for any MSL type

  explicit Arena(Device device, ArenaOptions options = {});
  ~Arena();
  Arena(Arena&&) noexcept;
  Arena& operator=(Arena&&) noexcept;

  /// A range of `bytes` (> 0, else ShapeError), held as a tensor. The bytes are whatever they were.
  /// Throws OutOfMemoryError "arena 'activations': 512.0 MiB asked, 448.0 MiB of 2.0 GiB left".
  Lease allocate(std::uint64_t bytes);
  Lease allocate(std::uint64_t bytes, Label label);

  /// Where the next allocation would go.
  [[nodiscard]] ArenaMark mark() const noexcept;
  /// Returns to `mark`: what was allocated since is free, except ranges that a tensor, a view or a
  /// numpy array still holds; these stay retired until the last of them lets go. Ranges that only
  /// command buffers hold are reused at once: the device orders the reuse. Never throws or waits.
  /// A mark from before a reset(), or past the current position, changes nothing.
  void rewind(const ArenaMark& mark) noexcept;
  /// Makes everything free. Throws ArenaInUseError, and changes nothing, while any lease is held,
  /// one by a running command buffer included: "cannot reset arena 'activations': 2 leases held
  /// (y (14336,) f16 by a numpy array; x (4096,) f16 by command buffer 17, still running)".
  void reset();
  /// Gives chunks without a lease back to the device, except the first and the current one.
  void trim();

  [[nodiscard]] const std::string& name() const noexcept;
  [[nodiscard]] StorageMode mode() const noexcept;
  [[nodiscard]] const Device& device() const noexcept;
  [[nodiscard]] ArenaStatistics statistics() const;
  /// Every holder of every range, in order of allocation. What is held may change meanwhile.
  [[nodiscard]] std::vector<ArenaHolder> holders() const;

 private:
  detail::ArenaState* state_ = nullptr;
};

/// Rewinds the arena to where it was when the scope was entered. The arena must outlive it.
class [[nodiscard]] ArenaScope {
 public:
  explicit ArenaScope(Arena& arena) noexcept : arena_(&arena), mark_(arena.mark()) {}
  ~ArenaScope() { arena_->rewind(mark_); }
  ArenaScope(const ArenaScope&) = delete;
  ArenaScope& operator=(const ArenaScope&) = delete;

 private:
  Arena* arena_;
  ArenaMark mark_;
};

/// "arena 'activations': 12.5 MiB in 40 leases (peak 14.0 MiB), 1.2 KiB wasted, 16.0 MiB reserved
/// in 1 chunk, cap 2.0 GiB".
[[nodiscard]] std::string to_string(const Arena& arena);
/// "y (14336,) f16, 28.0 KiB, by a numpy array", "x (64,) f32, 256 B, retired, by a view
/// (2 claims)".
[[nodiscard]] std::string to_string(const ArenaHolder& holder);

}  // namespace foundry
