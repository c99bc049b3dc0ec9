#include "foundry/core/content_hash.hpp"

#include <array>
#include <bit>
#include <cstring>

namespace foundry {

namespace {

constexpr std::size_t kLanes = 4;
constexpr std::size_t kStripe = kLanes * sizeof(std::uint64_t);
// Odd, with bits spread evenly; the fractional parts of golden ratio and square roots.
constexpr std::uint64_t kSpread = 0x9E3779B97F4A7C15;
constexpr std::uint64_t kMix = 0xBB67AE8584CAA73B;

std::uint64_t finish(std::uint64_t x) noexcept {
  x = (x ^ (x >> 32)) * kMix;
  x = (x ^ (x >> 29)) * kSpread;
  return x ^ (x >> 32);
}

void absorb(std::array<std::uint64_t, kLanes>& lanes, std::span<const std::byte> stripe) noexcept {
  std::array<std::uint64_t, kLanes> words{};
  std::memcpy(words.data(), stripe.data(), stripe.size());
  for (std::size_t i = 0; i < kLanes; ++i) {
    lanes[i] = std::rotl(lanes[i] + words[i] * kMix, 31) * kSpread;
  }
}

}  // namespace

std::uint64_t content_hash(std::span<const std::byte> bytes) noexcept {
  std::array<std::uint64_t, kLanes> lanes{kSpread, kMix, kSpread ^ kMix, ~kSpread};
  const std::uint64_t length = bytes.size();
  for (; bytes.size() >= kStripe; bytes = bytes.subspan(kStripe)) {
    absorb(lanes, bytes.first(kStripe));
  }
  // The rest is filled up with zeros, which the length tells from zeros of the input.
  if (!bytes.empty()) absorb(lanes, bytes);
  std::uint64_t hash = length * kSpread;
  for (const std::uint64_t lane : lanes) hash = finish(hash ^ lane) + std::rotl(hash, 27);
  return finish(hash);
}

}  // namespace foundry
