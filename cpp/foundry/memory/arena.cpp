#include "foundry/memory/arena.hpp"

#include <cstddef>
#include <limits>
#include <utility>

#include "foundry/core/error.hpp"
#include "foundry/memory/arena_state.hpp"

namespace foundry {

Arena::Arena(Device device, ArenaOptions options) {
  if (options.mode == StorageMode::borrowed) {
    throw ArgumentError(
        concat("arena '", options.name, "': its storage is shared or private, not borrowed"));
  }
  if (options.chunk_bytes < kAlignment) {
    throw ArgumentError(concat("arena '", options.name, "': chunks of ", options.chunk_bytes,
                               " bytes, the least is ", kAlignment));
  }
  state_ = new detail::ArenaState(std::move(device), std::move(options));
}

Arena::~Arena() {
  if (state_) state_->orphan();
}

Arena::Arena(Arena&& other) noexcept : state_(std::exchange(other.state_, nullptr)) {}

Arena& Arena::operator=(Arena&& other) noexcept {
  if (this != &other) {
    if (state_) state_->orphan();
    state_ = std::exchange(other.state_, nullptr);
  }
  return *this;
}

Lease Arena::allocate(std::uint64_t bytes) {
  return state_->allocate(bytes, nullptr);
}

Lease Arena::allocate(std::uint64_t bytes, Label label) {
  return state_->allocate(bytes, &label);
}

ArenaMark Arena::mark() const noexcept {
  return state_->mark();
}

void Arena::rewind(const ArenaMark& mark) noexcept {
  state_->rewind(mark);
}

void Arena::reset() {
  state_->reset();
}

void Arena::trim() {
  state_->trim();
}

const std::string& Arena::name() const noexcept {
  return state_->options().name;
}

StorageMode Arena::mode() const noexcept {
  return state_->options().mode;
}

const Device& Arena::device() const noexcept {
  return state_->device();
}

ArenaStatistics Arena::statistics() const {
  return state_->statistics();
}

std::vector<ArenaHolder> Arena::holders() const {
  return state_->holders(std::numeric_limits<std::size_t>::max());
}

std::string to_string(const Arena& arena) {
  const ArenaStatistics s = arena.statistics();
  return concat("arena '", arena.name(), "': ", format_bytes(s.leased_bytes), " in ", s.leases,
                s.leases == 1 ? " lease" : " leases", " (peak ", format_bytes(s.peak_leased_bytes),
                "), ", format_bytes(s.waste_bytes()), " wasted, ", format_bytes(s.reserved_bytes),
                " reserved in ", s.chunks, s.chunks == 1 ? " chunk" : " chunks",
                s.cap_bytes ? ", cap " + format_bytes(s.cap_bytes) : "");
}

std::string to_string(const ArenaHolder& holder) {
  std::string text = holder.label.to_string();
  // Raw memory's label is its length.
  if (holder.label.type_name) text += ", " + format_bytes(holder.bytes);
  if (holder.is_retired) text += ", retired";
  text += ", by " + describe(holder.holder);
  return holder.claims == 1 ? text : concat(text, " (", holder.claims, " claims)");
}

}  // namespace foundry
