// Number: what an operation is given as an element's value, before a dtype makes it one.
#pragma once

#include "foundry/kernel/parameter.hpp"

namespace foundry::ops {

/// Any integer or floating-point number; integers of 64 bits keep every one of them.
struct Number {
  ParameterValue value;

  template <class T>
    requires std::is_arithmetic_v<T>
  constexpr Number(T number) noexcept : value(parameter_value(number)) {}
  constexpr Number(const ParameterValue& number) noexcept : value(number) {}
};

}  // namespace foundry::ops
