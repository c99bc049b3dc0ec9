// oracle.hpp: runs a kernel on Anvil and in the interpreter, and compares every byte they wrote.
#pragma once

#include <array>
#include <cstddef>
#include <cstring>
#include <span>
#include <string>
#include <vector>

#include "anvil/service/compiler_service.hpp"

namespace anvil::oracle {

/// How a buffer is compared. Floats: a NaN equals a NaN, zeros are equal, and `ulps` may lie
/// between.
enum class Element { bits8, bits16, bits32, bits64, half, bfloat, float32 };

struct Buffer {
  std::vector<std::byte> bytes;
  Element element = Element::bits32;
  uint32_t ulps = 0;

  template <typename T>
  static Buffer of(std::span<const T> values, Element element = Element::bits32,
                   uint32_t ulps = 0) {
    const auto bytes = std::as_bytes(values);
    return {{bytes.begin(), bytes.end()}, element, ulps};
  }
  template <typename T>
  static Buffer of(const std::vector<T>& values, Element element = Element::bits32,
                   uint32_t ulps = 0) {
    return of(std::span<const T>(values), element, ulps);
  }
  template <typename T>
  std::vector<T> as() const {
    std::vector<T> values(bytes.size() / sizeof(T));
    if (!values.empty()) std::memcpy(values.data(), bytes.data(), values.size() * sizeof(T));
    return values;
  }
};

struct Case {
  std::string source, function;
  bool air = false;             // the source is a function's bitcode, as Apple's compiler writes it
  std::vector<Buffer> buffers;  // by index
  std::array<uint32_t, 3> grid{32, 1, 1}, threadgroup{32, 1, 1};
  std::vector<service::ConstantValue> constants;
  std::array<uint32_t, 31> threadgroup_memory_length{};
  std::string math = "safe";  // with anything looser, sums need not be what the source says
  std::vector<std::string> processors;  // that Anvil compiles for besides, as $ANVIL_CPU names them
};

struct Comparison {
  std::string difference;  // empty: they agree; else where they do not, or what went wrong in which
  std::vector<Buffer> buffers;  // as Anvil left them
  std::string reflection;       // a line for each argument and constant, of run_on_anvil() alone
};

/// Compiles with the compiler that the service finds; the interpreter runs the `any` variant's IR
/// as it is before any optimisation, Anvil the variants that the executor picks.
Comparison compare_with_oracle(const Case& test);
/// Anvil alone: what there is to say is what went wrong.
Comparison run_on_anvil(const Case& test);

}  // namespace anvil::oracle

/// doctest: fails with the difference.
#define CHECK_AGAINST_ORACLE(...) \
  CHECK(anvil::oracle::compare_with_oracle(__VA_ARGS__).difference == "")
