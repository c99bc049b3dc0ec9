#include "foundry/ops/fill.hpp"

#include "foundry/ops/element_run.hpp"
#include "foundry/ops/kernel_file.hpp"
#include "foundry/ops/operands.hpp"

namespace foundry::ops {
namespace {

/// The unsigned type as wide as an element.
const char* bits_type(DType dtype) {
  switch (info(dtype).block_bytes) {
    case 1:
      return "uchar";
    case 2:
      return "ushort";
    case 4:
      return "uint";
    default:
      return "ulong";
  }
}

struct FillRecipe {
  DType y;

  KernelDescription describe() const {
    auto kernel = kernel_file("fill");
    kernel.arguments = {ArgumentDescription::buffer("y", Access::write, y),
                        ArgumentDescription::value("params", struct_layout<FillParams>())};
    kernel.aliases = {{"Bits", bits_type(y)}};
    return kernel;
  }
};

}  // namespace

void Fill::encode(Encoder& encoder) const {
  require_operands(*this);
  const DType dtype = y.dtype();
  const auto bits = encode_scalar(value.value, 0, dtype);
  if (!bits) {
    throw ArgumentError(concat("Fill: ", to_string(value.value), " is no ", name_of(dtype),
                               "; expected ", describe_range(dtype)));
  }
  const FillParams params{in_32_bits("Fill", "the number of elements", y.count()), *bits};
  const auto kernel = encoder.kernel(FillRecipe{.y = dtype});
  encoder.dispatch(*kernel, {y, Argument::value(params)}, element_runs(params.count));
}

Traffic Fill::traffic() const {
  return traffic_of(*this);
}

}  // namespace foundry::ops
