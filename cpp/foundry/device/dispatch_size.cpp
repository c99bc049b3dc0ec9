#include "foundry/device/dispatch_size.hpp"

#include <limits>

#include "foundry/core/error.hpp"

namespace foundry {

namespace {

struct Size {
  std::uint32_t x, y, z;
};

Size checked(const char* what, std::uint64_t x, std::uint64_t y, std::uint64_t z) {
  constexpr std::uint64_t kMost = std::numeric_limits<std::uint32_t>::max();
  if (x == 0 || y == 0 || z == 0 || x > kMost || y > kMost || z > kMost) {
    throw DispatchError(
        concat(what, " (", x, ", ", y, ", ", z, "): each size must be 1 to ", kMost));
  }
  return {static_cast<std::uint32_t>(x), static_cast<std::uint32_t>(y),
          static_cast<std::uint32_t>(z)};
}

std::string triple(std::uint32_t x, std::uint32_t y, std::uint32_t z) {
  return concat("(", x, ", ", y, ", ", z, ")");
}

}  // namespace

ThreadgroupSize ThreadgroupSize::d3(std::uint64_t x, std::uint64_t y, std::uint64_t z) {
  const Size size = checked("threadgroup", x, y, z);
  return {size.x, size.y, size.z};
}

GridSize GridSize::threads(std::uint64_t x, std::uint64_t y, std::uint64_t z) {
  const Size size = checked("grid of threads", x, y, z);
  return {size.x, size.y, size.z, Unit::threads};
}

GridSize GridSize::threadgroups(std::uint64_t x, std::uint64_t y, std::uint64_t z) {
  const Size size = checked("grid of threadgroups", x, y, z);
  return {size.x, size.y, size.z, Unit::threadgroups};
}

std::string to_string(const ThreadgroupSize& size) {
  return triple(size.x, size.y, size.z);
}

std::string to_string(const GridSize& size) {
  return triple(size.x, size.y, size.z) +
         (size.unit == GridSize::Unit::threads ? " threads" : " threadgroups");
}

}  // namespace foundry
