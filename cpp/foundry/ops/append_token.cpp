#include "foundry/ops/append_token.hpp"

#include <array>
#include <cstddef>

#include "foundry/ops/checks.hpp"
#include "foundry/ops/kernel_file.hpp"
#include "foundry/ops/operands.hpp"

namespace foundry::ops {
namespace {

struct AppendTokenRecipe {
  DType token;
  bool has_counts;

  KernelDescription describe() const {
    auto kernel = kernel_file("append_token");
    kernel.arguments = {
        ArgumentDescription::buffer("token", Access::read, token),
        ArgumentDescription::buffer("ring", Access::read_write, token),
        ArgumentDescription::optional_buffer("counts", Access::read_write, DType::u32, has_counts),
        ArgumentDescription::value("params", struct_layout<AppendTokenParams>())};
    return kernel;
  }
};

}  // namespace

void AppendToken::encode(Encoder& encoder) const {
  require_operands(*this);
  require_count("AppendToken", "token", token, 1);
  if (ring.dtype() != token.dtype()) {
    throw DTypeError(concat("AppendToken: token is ", name_of(token.dtype()), ", ring is ",
                            name_of(ring.dtype())));
  }
  if (counts && ring.count() <= window) {
    throw ShapeError(concat("AppendToken: ring is ", to_string(ring.extents()), ", a window of ",
                            window, " takes more than as many"));
  }
  const AppendTokenParams params{
      position.value(), in_32_bits("AppendToken", "the ring's capacity", ring.count()), window,
      counts ? in_32_bits("AppendToken", "the number of counts", counts.count()) : 0};
  const auto kernel = encoder.kernel(
      AppendTokenRecipe{.token = token.dtype(), .has_counts = static_cast<bool>(counts)});
  const std::array uses{parameter_use(offsetof(AppendTokenParams, position), position)};
  encoder.dispatch(*kernel, {token, ring, counts, Argument::value(params, uses)}, covering(1));
}

Traffic AppendToken::traffic() const {
  const Traffic appended{bytes_of(token), bytes_of(token)};
  if (!counts) return appended;
  // The token that leaves the window, and its count.
  const std::uint64_t count = info(counts.dtype()).block_bytes;
  return appended + Traffic{bytes_of(token) + count, count};
}

}  // namespace foundry::ops
