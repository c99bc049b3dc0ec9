#include "foundry/kernel/recipe.hpp"

#include "foundry/core/error.hpp"

namespace foundry {

bool operator==(const KernelKey& a, const KernelKey& b) noexcept {
  return a.kind_ == b.kind_ && a.size_ == b.size_ &&
         std::memcmp(a.bytes_.data(), b.bytes_.data(), a.size_) == 0;
}

std::size_t KernelKey::hash() const noexcept {
  std::size_t hash = std::hash<const void*>()(kind_) ^ size_;
  const auto mix = [&](std::size_t at, std::size_t count) {
    std::uint64_t bits = 0;
    std::memcpy(&bits, &bytes_[at], count);
    hash = (hash ^ bits) * 0x9E3779B97F4A7C15u + (hash >> 29);
  };
  std::size_t at = 0;
  for (; at + 8 <= size_; at += 8) mix(at, 8);
  if (at < size_) mix(at, size_ - at);
  return hash;
}

void KernelKey::fail() {
  throw ArgumentError(concat("what a kernel is made from takes more than ", kCapacity, " bytes"));
}

}  // namespace foundry
