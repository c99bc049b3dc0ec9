// functions.hpp: MSL's functions of floats, what they compute, and how close they have to come.
#pragma once

#include <span>

#include "formats.hpp"

namespace accuracy {

/// What an error may come to, in ulp of the format.
struct Bounds {
  double precise;  ///< of float, in precise math: the specification's table 8.1
  /// Of float in fast math. Table 8.2 asks for less, often for nothing outside of a range; Anvil's
  /// functions are the precise ones, save those that say otherwise.
  double fast;
  double half;  ///< of half and bfloat, in every mode: table 8.3, which has no bfloat
};

struct Function {
  const char* name;
  /// MSL over `T x, y`; `NS` stands for a namespace of functions with a fast and a precise variant.
  const char* code;
  double (*want)(double x, double y, const Format&);
  Bounds bounds;
  /// Whether the result is specified.
  bool (*defined)(double x, double y) = nullptr;
  /// And in fast math.
  bool (*defined_fast)(double x, double y) = nullptr;
  bool zero_has_sign = true;  ///< of the result, in precise math
};

std::span<const Function> unary_functions();
std::span<const Function> binary_functions();

}  // namespace accuracy
