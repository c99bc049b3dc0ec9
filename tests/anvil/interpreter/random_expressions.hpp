// random_expressions.hpp: random MSL expressions over the variables of a random kernel.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace anvil::oracle {

// SplitMix64 (Steele, Lea & Flood, 2014): unlike the distributions of <random>, the same
// everywhere.
class Chance {
 public:
  explicit Chance(uint64_t seed) : state_(seed * 0x9e3779b97f4a7c15 + 1) {}
  uint64_t bits() {
    uint64_t z = state_ += 0x9e3779b97f4a7c15;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
    z = (z ^ z >> 27) * 0x94d049bb133111eb;
    return z ^ z >> 31;
  }
  uint32_t below(uint32_t n) { return static_cast<uint32_t>(bits() % n); }
  bool once_in(uint32_t n) { return below(n) == 0; }
  template <typename... Text>
  std::string one_of(Text... choices) {
    const std::string list[] = {choices...};
    return list[below(sizeof...(choices))];
  }

 private:
  uint64_t state_;
};

/// What a random expression can refer to, and the expressions. Each gives one answer on every
/// machine: no fused operations but fma(), no conversion out of range, no index outside.
class Expressions {
 public:
  static constexpr uint32_t kInputs = 256;  // elements of the input buffers, a power of 2

  explicit Expressions(uint64_t seed) : chance(seed) {}

  std::string uint(int depth);
  std::string real(int depth);
  std::string condition(int depth);

  Chance chance;
  std::vector<std::string> uints, floats;  ///< variables in scope
  std::vector<std::string> functions;      ///< uint f(uint, uint), declared before
  bool arrays = false;                     ///< uint a[8], half h[8] and Item s[4] are in scope
  bool threads = true;                     ///< gid, lane, lid, sg, in and inf are in scope

 private:
  std::string any_of(const std::vector<std::string>& names) {
    return names[chance.below(static_cast<uint32_t>(names.size()))];
  }
  std::string narrow(int depth);
  std::string wide(int depth);
  std::string vector(int depth);
};

}  // namespace anvil::oracle
