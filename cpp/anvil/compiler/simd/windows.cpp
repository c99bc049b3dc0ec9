#include "anvil/compiler/simd/windows.hpp"

#include <algorithm>
#include <bit>

namespace anvil::compiler::simd {
namespace {

/// Windows may hold this many times the bytes that are wanted.
constexpr int64_t kMaxSpread = 4;
/// Beyond it one access per lane is as good.
constexpr size_t kMost = 8;
/// Between two lanes, bytes that are accessed along rather than skipped.
constexpr int64_t kMaxGap = 16;
constexpr int64_t kSmallestPage = 4096;

std::vector<Window> cover(const LaneOffsets& sorted, int64_t size, int64_t gap) {
  std::vector<Window> windows;
  for (const int64_t offset : sorted) {
    if (windows.empty() || offset - windows.back().end > gap)
      windows.push_back({offset, offset + size});
    windows.back().end = std::max(windows.back().end, offset + size);
  }
  return windows;
}

}  // namespace

std::vector<Window> windows_of(const Shape& form, int64_t size, int64_t unit) {
  LaneOffsets offsets;
  for (unsigned lane = 0; lane < kLanes; ++lane) offsets[lane] = form.offset(lane);
  std::ranges::sort(offsets);
  const int64_t most = kMaxSpread * kLanes * size;
  std::vector<Window> windows = cover(offsets, size, most);
  if (windows.size() > 1 || windows[0].end - windows[0].begin > most)
    windows = cover(offsets, size, kMaxGap);
  if (windows.size() > kMost) return {};
  int64_t bytes = 0;
  for (const Window& window : windows) {
    bytes += window.end - window.begin;
    if (window.end - window.begin > kSmallestPage) return {};
    if (windows.size() > 1 && !std::has_single_bit(uint64_t(window.end - window.begin))) return {};
  }
  if (bytes > most) return {};
  for (const int64_t offset : offsets)
    if ((offset - windows[window_of(windows, offset)].begin) % unit) return {};
  return windows;
}

unsigned window_of(const std::vector<Window>& windows, int64_t offset) {
  const auto after = std::ranges::upper_bound(windows, offset, {}, &Window::begin);
  return unsigned(after - windows.begin()) - 1;
}

}  // namespace anvil::compiler::simd
