#include "foundry/ops/arange.hpp"

#include <bit>
#include <cmath>

#include "foundry/kernel/whole_number.hpp"
#include "foundry/ops/element_run.hpp"
#include "foundry/ops/kernel_file.hpp"
#include "foundry/ops/operands.hpp"

namespace foundry::ops {

using detail::whole_number;
using detail::WideInteger;

namespace {

struct ArangeRecipe {
  DType y;

  KernelDescription describe() const {
    auto kernel = kernel_file("arange");
    kernel.arguments = {ArgumentDescription::buffer("y", Access::write, y),
                        ArgumentDescription::value("params", struct_layout<ArangeParams>())};
    kernel.aliases = {{"Y", msl_type(y)}};
    kernel.constants = {{"integral", !is_float(y)}};
    return kernel;
  }
};

[[noreturn]] void refuse(const std::string& value, DType dtype, const std::string& place) {
  throw ArgumentError(concat("Arange: ", value, " is no ", name_of(dtype), "; ", place, " is ",
                             describe_range(dtype)));
}

/// `value` in f32, what a float type computes in.
float rounded(const Number& value, const std::string& place) {
  const auto bits = encode_scalar(value.value, 0, DType::f32);
  if (!bits) refuse(to_string(value.value), DType::f32, place);
  return std::bit_cast<float>(static_cast<std::uint32_t>(*bits));
}

/// Decimal digits of what no 64 bits may hold.
std::string text_of(WideInteger value) {
  const bool negative = value < 0;
  std::string digits;
  do {
    const int digit = static_cast<int>(value % 10);
    digits.insert(digits.begin(), static_cast<char>('0' + (negative ? -digit : digit)));
    value /= 10;
  } while (value != 0);
  return negative ? "-" + digits : digits;
}

/// start and step modulo 2^64, once every result is known to be an element.
void check_integers(const Arange& op, ArangeParams& params) {
  const DType dtype = op.y.dtype();
  const auto start = encode_scalar(op.start.value, 0, dtype);
  if (!start) refuse(to_string(op.start.value), dtype, "a start");
  const auto step = whole_number(op.step.value);
  const double* real = std::get_if<double>(&op.step.value);
  if (!step || (real != nullptr && std::abs(*real) >= 0x1p63)) {
    refuse(to_string(op.step.value), DType::i64, "a step");
  }
  const std::uint64_t steps = params.count == 0 ? 0 : params.count - 1;
  const WideInteger last = *whole_number(op.start.value) + *step * static_cast<WideInteger>(steps);
  // The results lie between the first and the last.
  const bool fits = last >= std::numeric_limits<std::int64_t>::min() &&
                    last <= std::numeric_limits<std::uint64_t>::max();
  const ParameterValue value = last < 0 ? ParameterValue(static_cast<std::int64_t>(last))
                                        : ParameterValue(static_cast<std::uint64_t>(last));
  if (!fits || !encode_scalar(value, 0, dtype)) {
    refuse(text_of(last), dtype, concat("element ", steps));
  }
  params.integer_start = static_cast<std::uint64_t>(*whole_number(op.start.value));
  params.integer_step = static_cast<std::uint64_t>(*step);
}

}  // namespace

void Arange::encode(Encoder& encoder) const {
  require_operands(*this);
  const DType dtype = y.dtype();
  if (dtype == DType::bool_) {
    throw DTypeError(concat("Arange: y takes numbers, got ", y.describe()));
  }
  ArangeParams params{in_32_bits("Arange", "the number of elements", y.count()), 0.0f, 0.0f, 0, 0};
  if (is_float(dtype)) {
    params.start = rounded(start, "a start");
    params.step = rounded(step, "a step");
  } else {
    check_integers(*this, params);
  }
  const auto kernel = encoder.kernel(ArangeRecipe{.y = dtype});
  encoder.dispatch(*kernel, {y, Argument::value(params)}, element_runs(params.count));
}

Traffic Arange::traffic() const {
  return traffic_of(*this);
}

}  // namespace foundry::ops
