// expressions.hpp: many MSL expressions in one kernel, each against its own C++ reference.
#pragma once

#include <cmath>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "program.hpp"

namespace language {

/// Inputs of one thread: the kernel sees `float x, y; int a, b; uint lane, i`, and every
/// expression may declare names of its own but not `count`, `out` and `inputs`.
struct Inputs {
  float x, y;
  int a, b;
  uint32_t i, lane;
};

/// `code` is an expression, or statements that set `r`; `want` gives the same number in double.
struct Expression {
  std::string code;
  std::function<double(const Inputs&)> want;
  double tolerance = 0;  // relative, or absolute below 1
};

/// Runs every expression over the threads and compares each result. `prologue` is MSL ahead of
/// them.
inline void check_expressions(std::span<const Expression> expressions,
                              const std::vector<Inputs>& inputs, const std::string& prologue = "",
                              MTL::MathMode math = MTL::MathModeSafe) {
  const auto n = static_cast<uint32_t>(inputs.size());
  std::string source =
      "#include <metal_stdlib>\nusing namespace metal;\n"
      "struct Inputs { float x, y; int a, b; uint i, lane; };\n" +
      prologue;
  source +=
      "\nkernel void probe(device const Inputs* inputs [[buffer(0)]], device float* out "
      "[[buffer(1)]], constant uint& count [[buffer(2)]], uint i [[thread_position_in_grid]],\n"
      "                  uint lane [[thread_index_in_simdgroup]]) {\n"
      "  const float x = inputs[i].x, y = inputs[i].y;\n"
      "  const int a = inputs[i].a, b = inputs[i].b;\n";
  for (size_t k = 0; k < expressions.size(); ++k) {
    const std::string& code = expressions[k].code;
    const bool statements = code.find(';') != std::string::npos;
    source += "  { float r; " + (statements ? code : "r = float(" + code + ");") + " out[" +
              std::to_string(k) + " * count + i] = r; }\n";
  }
  source += "}\n";
  std::vector<Inputs> given = inputs;
  std::vector<float> out(expressions.size() * n, -12345.0f);
  Program(source, math)
      .run("probe", {n}, {n < 256 ? n : 256}, {buffer(given), buffer(out), value(n)});
  for (size_t k = 0; k < expressions.size(); ++k) {
    const Expression& e = expressions[k];
    int wrong = 0;
    for (uint32_t t = 0; t < n; ++t) {
      Inputs in = inputs[t];
      in.i = t, in.lane = t % 32;
      const double want = e.want(in), got = out[k * n + t];
      const bool same = std::isnan(want)
                            ? std::isnan(got)
                            : got == want || std::fabs(got - want) <=
                                                 e.tolerance * std::fmax(1.0, std::fabs(want));
      if (!same && wrong++ == 0)
        CHECK_MESSAGE(same, e.code << " with x = " << in.x << ", y = " << in.y << ", a = " << in.a
                                   << ", b = " << in.b << ", thread " << t << ": " << got
                                   << ", not " << want);
    }
    CHECK_MESSAGE(wrong == 0, e.code << ": " << wrong << " of " << n << " threads");
  }
}

/// Values on both sides of 1 and 0, small integers among them.
inline std::vector<Inputs> usual_inputs(uint32_t n = 256) {
  std::vector<Inputs> inputs(n);
  for (uint32_t i = 0; i < n; ++i) {
    const auto s = static_cast<double>(i);
    inputs[i] = {static_cast<float>(4 * std::sin(s * 0.7)),
                 static_cast<float>(3 * std::cos(s * 1.3)),
                 static_cast<int>((i * 37) % 101) - 50,
                 static_cast<int>((i * 53) % 29) + 1,
                 i,
                 i % 32};
  }
  return inputs;
}

}  // namespace language
