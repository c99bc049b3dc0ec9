#include "foundry/memory/arena_state.hpp"

#include <algorithm>
#include <cstddef>
#include <exception>
#include <limits>
#include <span>
#include <utility>

#include "foundry/core/checked.hpp"
#include "foundry/core/error.hpp"
#include "foundry/device/failed_ranges.hpp"

namespace foundry::detail {

namespace {

/// Bytes that a range of `length` takes: it fits, as it was allocated.
constexpr std::uint64_t padded(std::uint64_t length) {
  return (length + Arena::kAlignment - 1) & ~(Arena::kAlignment - 1);
}

}  // namespace

ArenaState::ArenaState(Device device, ArenaOptions options)
    : device_(std::move(device)), options_(std::move(options)) {}

Lease ArenaState::allocate(std::uint64_t bytes, Label* label) {
  if (bytes == 0) throw ShapeError(concat("arena '", options_.name, "': 0 bytes asked"));
  const auto rounded = checked_align(bytes, Arena::kAlignment);
  if (!rounded) fail_out_of_memory(bytes);
  for (;;) {
    LeaseRecord* record = nullptr;
    std::size_t chunks = 0;
    bool has_failures = false;
    {
      const std::lock_guard guard(lock_);
      has_failures = !FailedRanges::none();  // asked here, the answer takes no time of its own
      if (free_ && find_room_locked(*rounded)) {
        record = take_locked(bytes, *rounded);
        // The old label leaves with the caller's variable, outside the lock.
        if (label) std::swap(record->label_, *label);
      }
      chunks = chunks_added_;
    }
    if (record) {
      // What failed to be written to the range's last holder is nothing to this one.
      if (has_failures) [[unlikely]]
        forget_failures({record->buffer_, record->offset_, record->length_});
      return Lease(record, Lease::Adopt{});
    }
    const std::lock_guard growing(grow_);
    lock_.lock();
    const bool needs_slab = free_ == nullptr;
    const bool has_grown = chunks != chunks_added_;  // by another thread meanwhile
    lock_.unlock();
    if (needs_slab) {
      add_slab();
    } else if (!has_grown) {
      add_chunk(bytes, *rounded);
    }
  }
}

bool ArenaState::find_room_locked(std::uint64_t rounded) noexcept {
  if (rounded <= cursor_.room()) return true;
  const Cursor before = cursor_;
  while (advance_locked(rounded)) {
    if (rounded <= cursor_.room()) return true;
  }
  cursor_ = before;  // what is too large for one must not cost the next ones their room
  return false;
}

LeaseRecord* ArenaState::take_locked(std::uint64_t bytes, std::uint64_t rounded) noexcept {
  LeaseRecord* record = std::exchange(free_, free_->next_);
  record->buffer_ = &cursor_.chunk->buffer;
  record->offset_ = cursor_.offset;
  record->length_ = bytes;
  record->chunk_ = cursor_.index;
  record->sequence_ = ++sequence_;
  record->count_of(Holder::Kind::tensor) = record->range_holders_ = 1;
  record->previous_ = newest_;
  record->next_ = nullptr;
  (newest_ ? newest_->next_ : oldest_) = record;
  newest_ = record;
  cursor_.offset += rounded;
  ++cursor_.chunk->records;
  ++records_;
  ++leases_;
  leased_ += bytes;
  padding_ += rounded - bytes;
  peak_leased_ = std::max(peak_leased_, leased_);
  return record;
}

/// Moves the cursor past the next island, or to a chunk further on. False: nothing further on can
/// hold `rounded`.
bool ArenaState::advance_locked(std::uint64_t rounded) noexcept {
  if (cursor_.next_island && cursor_.next_island->chunk_ == cursor_.index) {
    const LeaseRecord& island = *cursor_.next_island;
    set_cursor_locked(cursor_.index, island.offset_ + padded(island.length_));
    return true;
  }
  const std::uint32_t next = cursor_.chunk ? cursor_.index + 1 : 0;
  for (std::uint32_t i = next; i < chunks_.size(); ++i) {
    const bool is_free = chunks_[i]->records == 0;
    if (is_free && chunks_[i]->length < rounded) continue;
    // A free chunk may change places, as no record knows its index: smaller free ones that it
    // overtakes stay in line for later.
    if (is_free && chunks_[next]->records == 0) {
      std::swap(chunks_[i], chunks_[next]);
      set_cursor_locked(next, 0);
    } else {
      set_cursor_locked(i, 0);
    }
    return true;
  }
  return false;
}

/// Moves forwards only: rewind() and reset() set next_island anew first.
void ArenaState::set_cursor_locked(std::uint32_t index, std::uint64_t offset) noexcept {
  LeaseRecord*& island = cursor_.next_island;
  while (island &&
         (island->chunk_ < index || (island->chunk_ == index && island->offset_ < offset))) {
    island = island->next_island_;
  }
  cursor_.index = index;
  cursor_.chunk = chunks_[index].get();
  update_limit_locked();
  cursor_.offset = std::min(offset, cursor_.limit);
}

void ArenaState::update_limit_locked() noexcept {
  const LeaseRecord* island = cursor_.next_island;
  cursor_.limit =
      island && island->chunk_ == cursor_.index ? island->offset_ : cursor_.chunk->length;
}

void ArenaState::drop_range_locked(LeaseRecord& record) noexcept {
  --leases_;
  leased_ -= record.length_;
  padding_ -= padded(record.length_) - record.length_;
  if (record.is_island_) unlink_island_locked(record);
}

bool ArenaState::recycle_locked(LeaseRecord& record) noexcept {
  (record.previous_ ? record.previous_->next_ : oldest_) = record.next_;
  (record.next_ ? record.next_->previous_ : newest_) = record.previous_;
  --chunks_[record.chunk_]->records;
  record.label_.name.clear();  // keeps its memory: nothing is freed under the lock
  record.label_.type_name = nullptr;
  record.is_retired_ = false;
  record.command_buffer_ = 0;
  record.next_ = std::exchange(free_, &record);
  return --records_ == 0 && is_orphaned_;
}

void ArenaState::unlink_island_locked(LeaseRecord& record) noexcept {
  if (record.previous_island_) record.previous_island_->next_island_ = record.next_island_;
  (record.next_island_ ? record.next_island_->previous_island_ : islands_tail_) =
      record.previous_island_;
  if (cursor_.next_island == &record) {
    cursor_.next_island = record.next_island_;
    update_limit_locked();
  }
  record.is_island_ = false;
  --islands_;
  island_bytes_ -= record.length_;
}

/// Retires what was allocated after `after_sequence`. Walked from the newest, positions mostly
/// descend, as the island list does from its tail: a merge of two lists.
void ArenaState::insert_islands_locked(std::uint64_t after_sequence) noexcept {
  const auto is_before = [](const LeaseRecord& a, const LeaseRecord& b) {
    return a.chunk_ != b.chunk_ ? a.chunk_ < b.chunk_ : a.offset_ < b.offset_;
  };
  LeaseRecord* above = nullptr;  // the new island goes before it; null: at the tail
  for (LeaseRecord* record = newest_; record && record->sequence_ > after_sequence;
       record = record->previous_) {
    if (record->is_retired_) continue;
    record->is_retired_ = true;
    if (!record->has_range_holder()) continue;
    if (above && is_before(*above, *record)) above = nullptr;
    LeaseRecord* below = above ? above->previous_island_ : islands_tail_;
    while (below && is_before(*record, *below)) {
      above = below;
      below = below->previous_island_;
    }
    record->previous_island_ = below;
    record->next_island_ = above;
    if (below) below->next_island_ = record;
    (above ? above->previous_island_ : islands_tail_) = record;
    record->is_island_ = true;
    ++islands_;
    island_bytes_ += record->length_;
    above = record;
  }
}

ArenaMark ArenaState::mark() const noexcept {
  const std::lock_guard guard(lock_);
  return {cursor_.index, cursor_.offset, sequence_, resets_};
}

void ArenaState::rewind(const ArenaMark& mark) noexcept {
  const std::lock_guard guard(lock_);
  if (!cursor_.chunk || mark.resets != resets_ || mark.chunk > cursor_.index ||
      (mark.chunk == cursor_.index && mark.offset > cursor_.offset)) {
    return;
  }
  insert_islands_locked(mark.sequence);
  // The first island at or after the mark, found from the last one.
  cursor_.next_island = nullptr;
  LeaseRecord* island = islands_tail_;
  for (; island && (island->chunk_ > mark.chunk ||
                    (island->chunk_ == mark.chunk && island->offset_ >= mark.offset));
       island = island->previous_island_) {
    cursor_.next_island = island;
  }
  // The island before it may reach past the mark, if an outer mark was returned to meanwhile.
  std::uint64_t offset = mark.offset;
  if (island && island->chunk_ == mark.chunk) {
    offset = std::max(offset, island->offset_ + padded(island->length_));
  }
  set_cursor_locked(mark.chunk, offset);
}

void ArenaState::reset() {
  constexpr std::size_t kMostNamed = 8;
  std::uint32_t count = 0;
  std::vector<ArenaHolder> named;
  while (named.empty()) {  // again if the last one let go between the two looks
    {
      const std::lock_guard guard(lock_);
      count = records_;
      if (count == 0) {
        ++resets_;
        cursor_.next_island = nullptr;
        if (cursor_.chunk) set_cursor_locked(0, 0);
        return;
      }
    }
    named = holders(kMostNamed);
  }
  std::string text;
  std::uint32_t ranges = 0;
  std::uint64_t last = 0;
  for (const ArenaHolder& holder : named) {
    if (holder.allocation == last) {
      text += " and ";
    } else {
      text += concat(text.empty() ? "" : "; ", holder.label.to_string(), " by ");
      ++ranges;
    }
    text += describe(holder.holder);
    last = holder.allocation;
  }
  if (count > ranges) text += concat("; and ", count - ranges, " more");
  throw ArenaInUseError(concat("cannot reset arena '", options_.name, "': ", count,
                               count == 1 ? " lease" : " leases", " held (", text, ")"));
}

std::vector<ArenaHolder> ArenaState::holders(std::size_t most_ranges) const {
  std::vector<ArenaHolder> holders;
  for (;;) {
    std::size_t needed = 0;
    {
      const std::lock_guard guard(lock_);
      std::size_t ranges = 0;
      for (const LeaseRecord* record = oldest_; record && ranges < most_ranges;
           record = record->next_, ++ranges) {
        for (const std::uint32_t count : record->counts_) needed += count != 0;
      }
      if (needed <= holders.capacity()) {
        ranges = 0;
        for (const LeaseRecord* record = oldest_; record && ranges < most_ranges;
             record = record->next_, ++ranges) {
          append_holders(*record, holders);
        }
        return holders;
      }
    }
    holders.reserve(needed + 8);  // some, as it may grow meanwhile
  }
}

void ArenaState::append_holders(const LeaseRecord& record, std::vector<ArenaHolder>& holders) {
  for (std::size_t i = 0; i < Holder::kKinds; ++i) {
    const auto kind = static_cast<Holder::Kind>(i);
    const std::uint32_t claims = record.count_of(kind);
    if (claims == 0) continue;
    ArenaHolder& holder = holders.emplace_back();
    holder.label = record.label_locked();
    holder.bytes = record.length_;
    holder.holder = {kind, kind == Holder::Kind::command_buffer ? record.command_buffer_ : 0};
    holder.claims = claims;
    holder.allocation = record.sequence_;
    holder.is_retired = record.is_retired_;
  }
}

void ArenaState::drop_chunk_locked(Chunk& chunk, std::vector<Buffer>& dropped) noexcept {
  reserved_ -= chunk.length;
  dropped.push_back(std::exchange(chunk.buffer, Buffer()));  // the caller reserved the room
  chunk.length = 0;
  if (cursor_.chunk == &chunk) cursor_.offset = cursor_.limit = 0;
}

void ArenaState::trim() {
  const std::lock_guard growing(grow_);
  std::vector<Buffer> dropped;  // freed outside the spin lock
  dropped.reserve(chunks_.size());
  const std::lock_guard guard(lock_);
  for (const auto& chunk : chunks_) {
    if (chunk->records == 0 && chunk->length != 0 && chunk.get() != cursor_.chunk &&
        chunk != chunks_.front()) {
      drop_chunk_locked(*chunk, dropped);
    }
  }
}

void ArenaState::add_slab() {
  std::unique_ptr<LeaseRecord[]> slab(new LeaseRecord[kRecordsPerSlab]);
  const std::span<LeaseRecord> records(slab.get(), kRecordsPerSlab);
  slabs_.push_back(std::move(slab));
  const std::lock_guard guard(lock_);
  for (LeaseRecord& record : records) {
    record.arena_ = this;
    record.next_ = std::exchange(free_, &record);
  }
}

void ArenaState::add_chunk(std::uint64_t bytes, std::uint64_t rounded) {
  const std::uint64_t cap =
      options_.cap_bytes ? options_.cap_bytes : std::numeric_limits<std::uint64_t>::max();
  std::vector<Buffer> dropped;
  dropped.reserve(chunks_.size());
  std::uint64_t left = 0;
  {
    const std::lock_guard guard(lock_);
    // Free chunks that are too small give way when the cap is near.
    for (auto chunk = chunks_.begin(); chunk != chunks_.end() && cap - reserved_ < rounded;
         ++chunk) {
      if ((*chunk)->records == 0 && (*chunk)->length) drop_chunk_locked(**chunk, dropped);
    }
    left = cap - reserved_;
  }
  dropped.clear();
  if (left < rounded) fail_out_of_memory(bytes);

  const std::uint64_t wanted = std::max(rounded, options_.chunk_bytes);
  Chunk chunk;
  chunk.length = std::min(wanted, left) & ~(Arena::kAlignment - 1);
  try {
    chunk.buffer = device_.make_buffer(chunk.length, options_.mode,
                                       concat("chunk of arena '", options_.name, "'"));
  } catch (const OutOfMemoryError&) {
    std::throw_with_nested(
        OutOfMemoryError(concat("arena '", options_.name, "': ", format_bytes(bytes),
                                " asked, the device gave "
                                "no chunk of ",
                                format_bytes(chunk.length))));
  }
  const std::uint64_t length = chunk.length;
  auto slot = std::make_unique<Chunk>();
  const std::lock_guard guard(lock_);
  const auto empty = std::find_if(chunks_.begin(), chunks_.end(),
                                  [&](const auto& candidate) { return candidate->length == 0; });
  // An empty slot at or before the cursor would not be found by the cursor, which moves forwards.
  if (empty != chunks_.end() && empty - chunks_.begin() > std::ptrdiff_t{cursor_.index}) {
    **empty = std::move(chunk);
  } else {
    *slot = std::move(chunk);
    chunks_.push_back(std::move(slot));
  }
  reserved_ += length;  // counted once nothing can fail
  ++chunks_added_;
}

void ArenaState::fail_out_of_memory(std::uint64_t bytes) const {
  std::uint64_t reserved = 0, room = 0;
  {
    const std::lock_guard guard(lock_);
    reserved = reserved_;
    room = cursor_.room();
  }
  const std::uint64_t cap = options_.cap_bytes;
  if (cap == 0) {
    throw OutOfMemoryError(concat("arena '", options_.name, "': ", format_bytes(bytes),
                                  " asked, more than any buffer has"));
  }
  const std::uint64_t left = cap - reserved + room;
  std::string text = concat("arena '", options_.name, "': ", format_bytes(bytes), " asked, ",
                            format_bytes(left), " of ", format_bytes(cap), " left");
  if (left >= bytes) {
    text += concat(", in pieces of at most ", format_bytes(std::max(cap - reserved, room)));
  }
  throw OutOfMemoryError(text);
}

/// What the cursor can still reach: all behind it that is free waits for a rewind.
std::uint64_t ArenaState::available_locked() const noexcept {
  std::uint64_t bytes = 0;
  const std::size_t first = cursor_.chunk ? cursor_.index : 0;
  for (std::size_t i = first; i < chunks_.size(); ++i) bytes += chunks_[i]->length;
  if (cursor_.chunk) bytes -= cursor_.offset;
  for (const LeaseRecord* island = cursor_.next_island; island; island = island->next_island_) {
    bytes -= padded(island->length_);
  }
  return bytes;
}

ArenaStatistics ArenaState::statistics() const {
  ArenaStatistics statistics;
  statistics.cap_bytes = options_.cap_bytes;
  const std::lock_guard guard(lock_);
  statistics.reserved_bytes = reserved_;
  statistics.leased_bytes = leased_;
  statistics.peak_leased_bytes = peak_leased_;
  statistics.alignment_bytes = padding_;
  statistics.available_bytes = available_locked();
  statistics.stranded_bytes = reserved_ - leased_ - padding_ - statistics.available_bytes;
  statistics.retired_bytes = island_bytes_;
  statistics.allocations = sequence_;
  statistics.leases = leases_;
  statistics.retired = islands_;
  for (const auto& chunk : chunks_) statistics.chunks += chunk->length != 0;
  return statistics;
}

void ArenaState::orphan() noexcept {
  lock_.lock();
  is_orphaned_ = true;
  const bool is_unused = records_ == 0;
  lock_.unlock();
  if (is_unused) delete this;
}

}  // namespace foundry::detail
