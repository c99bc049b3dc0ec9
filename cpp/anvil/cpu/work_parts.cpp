#include "anvil/cpu/work_parts.hpp"

#include <algorithm>

namespace anvil::cpu {
namespace {

constexpr uint64_t pack(uint64_t begin, uint64_t end) {
  return begin | end << 32;
}

}  // namespace

void WorkParts::divide(uint32_t count) {
  const size_t used = std::min<size_t>(count, parts_.size());
  used_.store(used, std::memory_order_relaxed);
  for (size_t i = 0; i < used; ++i) {
    parts_[i].range.store(pack(uint64_t{count} * i / used, uint64_t{count} * (i + 1) / used),
                          std::memory_order_release);
  }
}

WorkParts::Range WorkParts::claim(size_t thread) {
  const size_t used = used_.load(std::memory_order_relaxed);
  if (thread < used) {
    const Range own = take(parts_[thread], Side::front, 4);
    if (own.count > 0) return own;
  }
  for (size_t i = 1; i <= used; ++i) {
    const Range other = take(parts_[(thread + i) % used], Side::back, 2);
    if (other.count > 0) return other;
  }
  return {};
}

WorkParts::Range WorkParts::take(Part& part, Side side, uint32_t share) {
  uint64_t range = part.range.load(std::memory_order_relaxed);
  for (;;) {
    const auto begin = static_cast<uint32_t>(range), end = static_cast<uint32_t>(range >> 32);
    if (begin >= end) return {};
    const uint32_t count = std::max((end - begin) / share, 1u);
    const bool front = side == Side::front;
    const uint64_t rest = front ? pack(begin + count, end) : pack(begin, end - count);
    if (part.range.compare_exchange_weak(range, rest, std::memory_order_acquire,
                                         std::memory_order_relaxed))
      return {front ? begin : end - count, count};
  }
}

}  // namespace anvil::cpu
