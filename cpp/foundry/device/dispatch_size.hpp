// GridSize and ThreadgroupSize: what a dispatch covers, never zero in any dimension.
#pragma once

#include <cstdint>
#include <string>

namespace foundry {

/// Threads in one threadgroup. The factories throw DispatchError on a zero.
struct ThreadgroupSize {
  std::uint32_t x = 1, y = 1, z = 1;

  [[nodiscard]] static ThreadgroupSize d1(std::uint64_t x) { return d3(x, 1, 1); }
  [[nodiscard]] static ThreadgroupSize d2(std::uint64_t x, std::uint64_t y) { return d3(x, y, 1); }
  [[nodiscard]] static ThreadgroupSize d3(std::uint64_t x, std::uint64_t y, std::uint64_t z);

  [[nodiscard]] std::uint64_t count() const noexcept { return std::uint64_t{x} * y * z; }
  friend bool operator==(const ThreadgroupSize&, const ThreadgroupSize&) = default;
};

/// The grid, in threads (ragged edges are allowed) or in whole threadgroups. The factories throw
/// DispatchError on a zero and on a dimension past 2^32 - 1, with the figure.
struct GridSize {
  enum class Unit : std::uint8_t { threads, threadgroups };
  std::uint32_t x = 1, y = 1, z = 1;
  Unit unit = Unit::threads;

  [[nodiscard]] static GridSize d1(std::uint64_t x) { return threads(x); }
  [[nodiscard]] static GridSize d2(std::uint64_t x, std::uint64_t y) { return threads(x, y); }
  [[nodiscard]] static GridSize d3(std::uint64_t x, std::uint64_t y, std::uint64_t z) {
    return threads(x, y, z);
  }
  [[nodiscard]] static GridSize threads(std::uint64_t x, std::uint64_t y = 1, std::uint64_t z = 1);
  [[nodiscard]] static GridSize threadgroups(std::uint64_t x, std::uint64_t y = 1,
                                             std::uint64_t z = 1);

  friend bool operator==(const GridSize&, const GridSize&) = default;
};

/// "(128, 1, 1)"; a grid adds its unit: "(4096, 1, 1) threads".
[[nodiscard]] std::string to_string(const ThreadgroupSize& size);
[[nodiscard]] std::string to_string(const GridSize& size);

}  // namespace foundry
