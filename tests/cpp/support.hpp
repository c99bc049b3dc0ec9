// What the tests of ops and fusion share: random tensors, float64 references.
#pragma once

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <random>
#include <string>
#include <vector>

#include "blocks.hpp"
#include "foundry/foundry.hpp"
#include "foundry/fusion/linear_plan.hpp"
#include "foundry/fusion/policy.hpp"

namespace foundry::test {

inline Foundry& runtime() {
  static Foundry instance;
  return instance;
}

/// Of a table every TEST_SAMPLE-th case, or all; TEST_SEED says which is the first. As
/// tests/conftest.py does.
template <typename T>
std::vector<T> sampled(const std::vector<T>& cases) {
  const auto number = [](const char* name, std::size_t otherwise) {
    const char* text = std::getenv(name);
    return text ? static_cast<std::size_t>(std::atoll(text)) : otherwise;
  };
  const std::size_t step = std::max<std::size_t>(number("TEST_SAMPLE", 1), 1);
  std::vector<T> chosen;
  if (cases.empty()) return chosen;
  for (std::size_t i = number("TEST_SEED", 0) % std::min(step, cases.size()); i < cases.size();
       i += step)
    chosen.push_back(cases[i]);
  return chosen;
}

/// What matrices of weights may be.
inline std::vector<DType> weight_dtypes() {
  std::vector<DType> dtypes;
  for (const Policy& policy : policies()) dtypes.push_back(policy.dtype);
  return dtypes;
}

/// Reproducible: a test's own seed decides.
class Random {
 public:
  explicit Random(unsigned seed) : engine_(seed) {}
  double uniform(double low, double high) {
    return std::uniform_real_distribution<double>(low, high)(engine_);
  }
  double normal() { return std::normal_distribution<double>()(engine_); }
  std::uint32_t below(std::uint32_t n) {
    return std::uniform_int_distribution<std::uint32_t>(0, n - 1)(engine_);
  }
  Values normals(std::size_t count, double scale = 1.0) {
    Values values(count);
    for (auto& value : values) value = scale * normal();
    return values;
  }
  std::mt19937& engine() { return engine_; }

 private:
  std::mt19937 engine_;
};

template <class T>
std::vector<std::byte> bytes_of(const std::vector<T>& values) {
  std::vector<std::byte> bytes(values.size() * sizeof(T));
  std::memcpy(bytes.data(), values.data(), bytes.size());
  return bytes;
}

/// The values rounded to `dtype`, as bytes, and what they are then worth.
template <class T>
std::vector<std::byte> rounded(Values& values) {
  std::vector<T> typed;
  for (auto& value : values) {
    typed.push_back(T(static_cast<float>(value)));
    value = static_cast<float>(typed.back());
  }
  return bytes_of(typed);
}

/// A tensor of `dtype` on the device; `values` become what it is worth.
inline AnyTensor upload(const Extents& extents, DType dtype, Values& values) {
  const auto bytes = dtype == DType::f16    ? rounded<f16>(values)
                     : dtype == DType::bf16 ? rounded<bf16>(values)
                     : dtype == DType::f32  ? rounded<float>(values)
                     : dtype == DType::u32  ? rounded<std::uint32_t>(values)
                                            : rounded<std::int32_t>(values);
  return runtime().tensor(extents, dtype, bytes);
}

/// As kernels read them; tests/python/test_policies.py compares that with the `gguf` package.
inline Values element_values(const AnyTensor& tensor) {
  const Extents row{1, tensor.count()};
  const AnyTensor y = runtime().empty(row, DType::f32);
  Values first{0};
  runtime().run(ops::Embedding{tensor.reshape(row), upload({1}, DType::i32, first), y});
  const auto span = y.host<float>();
  return {span.begin(), span.end()};
}

/// Random normal values of a plain or quantised dtype; `values` become what they are worth.
inline AnyTensor random_tensor(const Extents& extents, DType dtype, Random& random, Values& values,
                               double scale = 1.0) {
  if (!scale_bytes(dtype).empty()) {
    const auto bytes = random_codes(dtype, extents.count(), random.engine());
    const AnyTensor tensor = runtime().tensor(extents, dtype, bytes);
    values = element_values(tensor);
    return tensor;
  }
  if (is_block(dtype)) {
    const auto bytes = random_blocks(dtype, extents.count(), random.engine(), values);
    return runtime().tensor(extents, dtype, bytes);
  }
  values = random.normals(extents.count(), scale);
  return upload(extents, dtype, values);
}

/// A tensor full of NaN, so that what a kernel leaves unwritten shows.
inline AnyTensor output(const Extents& extents, DType dtype) {
  Values nan(extents.count(), std::nan(""));
  if (!info(dtype).is_float) nan.assign(extents.count(), 12345.0);
  return upload(extents, dtype, nan);
}

inline Values download(const AnyTensor& tensor) {
  Values values;
  const auto collect = [&](auto span) { values.assign(span.begin(), span.end()); };
  switch (tensor.dtype()) {
    case DType::f16:
      for (const f16 value : tensor.host<f16>()) values.push_back(static_cast<float>(value));
      break;
    case DType::bf16:
      for (const bf16 value : tensor.host<bf16>()) values.push_back(static_cast<float>(value));
      break;
    case DType::f32:
      collect(tensor.host<float>());
      break;
    case DType::u32:
      collect(tensor.host<std::uint32_t>());
      break;
    default:
      collect(tensor.host<std::int32_t>());
      break;
  }
  return values;
}

/// Half an ulp of the type that a result is stored in, relative.
inline double storage_error(DType dtype) {
  return dtype == DType::f16 ? 0x1p-11 : dtype == DType::bf16 ? 0x1p-8 : 0x1p-24;
}

/// |a - b| <= absolute + relative |b| for all elements; says where it fails worst.
inline void check_close(const Values& have, const Values& want, double relative, double absolute) {
  REQUIRE(have.size() == want.size());
  std::size_t worst = 0;
  double excess = -1.0;
  for (std::size_t i = 0; i < want.size(); ++i) {
    const double error = std::abs(have[i] - want[i]) - absolute - relative * std::abs(want[i]);
    if (!(error <= excess)) {
      excess = error;
      worst = i;
      if (std::isnan(error)) break;
    }
  }
  INFO("element ", worst, " is ", have[worst], ", the reference is ", want[worst]);
  CHECK(excess <= 0.0);
}

/// y[t, r] = sum over k of w[r, k] x[t, k].
inline Values product(const Values& weights, const Values& x, std::size_t tokens, std::size_t rows,
                      std::size_t columns) {
  Values y(tokens * rows);
  for (std::size_t t = 0; t < tokens; ++t) {
    for (std::size_t r = 0; r < rows; ++r) {
      double sum = 0.0;
      for (std::size_t k = 0; k < columns; ++k)
        sum += weights[r * columns + k] * x[t * columns + k];
      y[t * rows + r] = sum;
    }
  }
  return y;
}

/// What the integer form of a gemv may cost: inputs become 16-bit multiples of a step per block of
/// 32 (shaders/lib/gemv_input.metal), each off by half a step, and every error at its worst.
inline double input_rounding_error(const Values& weights, const Values& x, std::size_t rows,
                                   std::size_t columns) {
  double worst = 0.0;
  for (std::size_t r = 0; r < rows; ++r) {
    double sum = 0.0;
    for (std::size_t first = 0; first + 32 <= columns; first += 32) {
      double largest = 0.0;
      double size = 0.0;
      for (std::size_t k = first; k < first + 32; ++k) {
        largest = std::max(largest, std::abs(x[k]));
        size += std::abs(weights[r * columns + k]);
      }
      sum += size * largest / 32767.0 / 2.0;
    }
    worst = std::max(worst, sum);
  }
  return worst;
}

/// What f32 accumulation may cost a sum of products: float's epsilon times the sum of magnitudes,
/// times a small constant for the depth of the additions (Higham, "Accuracy and Stability", 4.2).
/// A gemv's inputs may be rounded for codes of `type`, where its policy has an integer form.
inline double product_error(const Values& weights, const Values& x, std::size_t tokens,
                            std::size_t rows, std::size_t columns, DType type = DType::f32) {
  double largest = 0.0;
  for (std::size_t t = 0; t < tokens; ++t) {
    for (std::size_t r = 0; r < rows; ++r) {
      double sum = 0.0;
      for (std::size_t k = 0; k < columns; ++k) {
        sum += std::abs(weights[r * columns + k] * x[t * columns + k]);
      }
      largest = std::max(largest, sum);
    }
  }
  double rounding = 0.0;
  if (tokens <= detail::kGemvTokens && policy_of(type, "product_error").has_integer_form) {
    for (std::size_t t = 0; t < tokens; ++t) {
      const auto first = x.begin() + static_cast<std::ptrdiff_t>(t * columns);
      const Values token(first, first + static_cast<std::ptrdiff_t>(columns));
      rounding = std::max(rounding, input_rounding_error(weights, token, rows, columns));
    }
  }
  return 0x1p-24 * 16.0 * largest + rounding;
}

inline Values rms_norm(const Values& x, const Values& weight, double epsilon) {
  Values y(x.size());
  const std::size_t columns = weight.size();
  for (std::size_t row = 0; row < x.size() / columns; ++row) {
    double sum = 0.0;
    for (std::size_t k = 0; k < columns; ++k) sum += x[row * columns + k] * x[row * columns + k];
    const double scale = 1.0 / std::sqrt(sum / static_cast<double>(columns) + epsilon);
    for (std::size_t k = 0; k < columns; ++k) {
      y[row * columns + k] = x[row * columns + k] * scale * weight[k];
    }
  }
  return y;
}

inline double silu(double x) {
  return x / (1.0 + std::exp(-x));
}
inline double gelu(double x) {
  return 0.5 * x * (1.0 + std::tanh(std::sqrt(2.0 / M_PI) * (x + 0.044715 * x * x * x)));
}

}  // namespace foundry::test
