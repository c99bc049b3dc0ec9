// Intervals and hazards against a model: one flag per byte.
#include "foundry/device/interval_set.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <bitset>
#include <random>

using namespace foundry;

namespace {
constexpr std::size_t kLine = 256;
using Line = std::bitset<kLine>;

Line range(std::uint64_t begin, std::uint64_t end) {
  Line line;
  for (std::uint64_t i = begin; i < end; ++i) line.set(i);
  return line;
}

std::size_t runs(const Line& line) {
  std::size_t count = 0;
  for (std::size_t i = 0; i < kLine; ++i) count += line[i] && (i == 0 || !line[i - 1]);
  return count;
}
}  // namespace

TEST_CASE("random intervals merge and meet as their bytes do") {
  std::mt19937 random(5);
  for (int round = 0; round < 400; ++round) {
    IntervalSet set;
    Line line;
    for (int step = 0; step < 60; ++step) {
      const std::uint64_t begin = random() % kLine;
      const std::uint64_t end = begin + random() % std::min<std::uint64_t>(kLine - begin + 1, 24);
      REQUIRE(set.overlaps(begin, end) == (line & range(begin, end)).any());
      if (random() % 3) {
        set.add(begin, end);
        line |= range(begin, end);
      }
      REQUIRE(set.size() == runs(line));
    }
    set.clear();
    CHECK(set.empty());
  }
}

TEST_CASE("hazards are read after write, write after read and write after write, and no other") {
  std::mt19937 random(6);
  for (int round = 0; round < 400; ++round) {
    HazardTracker tracker;
    Line reads, writes;
    for (int step = 0; step < 40; ++step) {
      const std::uint64_t begin = random() % (kLine - 16), end = begin + random() % 16;
      const bool is_read = random() % 2, is_write = !is_read || random() % 3 == 0;
      const Line touched = range(begin, end);
      const bool expected =
          (is_read && (touched & writes).any()) || (is_write && (touched & (reads | writes)).any());
      REQUIRE(tracker.conflicts(begin, end, is_read, is_write) == expected);
      if (expected) {
        tracker.clear();
        reads.reset();
        writes.reset();
      }
      tracker.record(begin, end, is_read, is_write);
      if (is_read) reads |= touched;
      if (is_write) writes |= touched;
    }
  }
}
