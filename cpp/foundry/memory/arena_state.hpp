// ArenaState: chunks, the bump cursor and the records of an Arena. Included by memory/*.cpp
// only.
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "foundry/core/spin_lock.hpp"
#include "foundry/memory/arena.hpp"
#include "foundry/memory/lease.hpp"

namespace foundry::detail {

/// Positions are (chunk, offset), in order. Invariant: every record that is held and not retired
/// lies before the cursor; a retired one that a tensor, view or array holds is an island, which the
/// cursor jumps over. rewind() keeps it: what was allocated after the mark becomes retired, and
/// what was allocated before it lay before the mark's position. Functions ending in _locked need
/// lock_.
class ArenaState {
 public:
  ArenaState(Device device, ArenaOptions options);

  Lease allocate(std::uint64_t bytes, Label* label);
  ArenaMark mark() const noexcept;
  void rewind(const ArenaMark& mark) noexcept;
  void reset();
  void trim();
  ArenaStatistics statistics() const;
  /// The holders of the first `most_ranges` ranges that are held.
  std::vector<ArenaHolder> holders(std::size_t most_ranges) const;
  const Device& device() const noexcept { return device_; }
  const ArenaOptions& options() const noexcept { return options_; }
  /// The arena object is gone: the state goes with its last record.
  void orphan() noexcept;

  // For LeaseRecord.
  SpinLock& lock() const noexcept { return lock_; }
  void drop_range_locked(LeaseRecord& record) noexcept;
  /// Puts a record that nobody holds back. True: the caller must unlock and destroy the state.
  bool recycle_locked(LeaseRecord& record) noexcept;

 private:
  struct Chunk {
    Buffer buffer;              // empty once dropped; the slot stays, as records know its index
    std::uint64_t length = 0;   // a multiple of kAlignment
    std::uint32_t records = 0;  // held ranges in it
  };
  static constexpr std::size_t kRecordsPerSlab = 128;

  /// Where the next range starts, and what ends the run of free bytes there.
  struct Cursor {
    Chunk* chunk = nullptr;  // null before the first chunk
    std::uint32_t index = 0;
    std::uint64_t offset = 0;
    std::uint64_t limit = 0;             // the next island's start, or the chunk's length
    LeaseRecord* next_island = nullptr;  // the first at or after the cursor, in any chunk
    [[nodiscard]] std::uint64_t room() const noexcept { return limit - offset; }
  };

  LeaseRecord* take_locked(std::uint64_t bytes, std::uint64_t rounded) noexcept;
  bool find_room_locked(std::uint64_t rounded) noexcept;
  bool advance_locked(std::uint64_t rounded) noexcept;
  void set_cursor_locked(std::uint32_t index, std::uint64_t offset) noexcept;
  void update_limit_locked() noexcept;
  void insert_islands_locked(std::uint64_t after_sequence) noexcept;
  void unlink_island_locked(LeaseRecord& record) noexcept;
  static void append_holders(const LeaseRecord& record, std::vector<ArenaHolder>& holders);
  std::uint64_t available_locked() const noexcept;
  void add_slab();
  void add_chunk(std::uint64_t bytes, std::uint64_t rounded);
  void drop_chunk_locked(Chunk& chunk, std::vector<Buffer>& dropped) noexcept;
  [[noreturn]] void fail_out_of_memory(std::uint64_t bytes) const;

  const Device device_;
  const ArenaOptions options_;
  std::mutex grow_;  // one thread grows at a time; taken before lock_, never inside it
  mutable SpinLock lock_;

  std::vector<std::unique_ptr<Chunk>> chunks_;
  Cursor cursor_;
  LeaseRecord* islands_tail_ = nullptr;  // islands are linked in order of position
  LeaseRecord* newest_ = nullptr;        // held records are linked in order of sequence
  LeaseRecord* oldest_ = nullptr;
  LeaseRecord* free_ = nullptr;  // linked by next_
  std::vector<std::unique_ptr<LeaseRecord[]>> slabs_;

  std::uint64_t chunks_added_ = 0;
  std::uint64_t sequence_ = 0;
  std::uint64_t resets_ = 0;
  std::uint64_t reserved_ = 0;
  std::uint64_t leased_ = 0;
  std::uint64_t peak_leased_ = 0;
  std::uint64_t padding_ = 0;  // of leased ranges
  std::uint64_t island_bytes_ = 0;
  std::uint32_t leases_ = 0;
  std::uint32_t islands_ = 0;
  std::uint32_t records_ = 0;  // held, by command buffers alone too
  bool is_orphaned_ = false;
};

}  // namespace foundry::detail
