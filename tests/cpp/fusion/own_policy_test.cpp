// A policy added by an app: a shader file and a descriptor. A program of its own, because
// a policy is there for the whole process.
#include "foundry/fusion/registered.hpp"
#include "support.hpp"

using namespace foundry;
using namespace foundry::test;

namespace {

/// ggml's Q8_1: 32 codes, their scale, and a sum that is not needed here.
struct Q8_1 {
  f16 scale;
  f16 sum;
  std::int8_t codes[32];
};

constexpr const char* kShader = R"(
#pragma once
#include "lib/policy.metal"

struct Q8_1Block {
  half scale;
  half sum;
  char codes[32];
};
static_assert(sizeof(Q8_1Block) == 36, "Q8_1Block must match GGUF's layout");

template <uint Width>
struct Q8_1 {
  static_assert(Width == 8, "Q8_1 takes 8 weights a lane");
  using Block = Q8_1Block;
  FOUNDRY_CONSTANT uint kBlock = 32;

  static uint position(uint lane, uint j) { return lane * 8 + j; }

  static float dot(device const Block* step, uint lane, thread const float* x) {
    device const Block& block = step[lane / 4];
    float sum = 0.0f;
    for (uint j = 0; j < 8; ++j) sum += float(block.codes[lane % 4 * 8 + j]) * x[j];
    return float(block.scale) * sum;
  }

  static float value(device const Block& block, uint i) {
    return float(block.scale) * float(block.codes[i]);
  }
};
)";

AnyTensor random_q8_1(const Extents& extents, Random& random, Values& values) {
  std::vector<Q8_1> blocks(extents.count() / 32);
  values.clear();
  for (Q8_1& block : blocks) {
    block.scale = f16(static_cast<float>(random.uniform(-0.02, 0.02)));
    for (auto& code : block.codes) code = static_cast<std::int8_t>(random.below(256) - 128);
    for (const auto code : block.codes) values.push_back(number(block.scale) * code);
  }
  return runtime().tensor(extents, DType::q8_1, bytes_of(blocks));
}

/// A format that GGUF does not have: a power of two, and 64 signed bytes.
struct Own8 {
  std::uint8_t exponent;
  std::int8_t codes[64];
};
constexpr const char* kOwnShader = R"(
#pragma once
#include "lib/policy.metal"

struct Own8Block {
  uchar exponent;
  char codes[64];
};

template <uint Width>
struct Own8 {
  using Block = Own8Block;
  FOUNDRY_CONSTANT uint kBlock = 64;

  static uint position(uint lane, uint j) { return lane * Width + j; }

  static float dot(device const Block* step, uint lane, thread const float* x) {
    float sum = 0.0f;
    for (uint j = 0; j < Width; ++j) {
      sum += value(step[position(lane, j) / 64], position(lane, j) % 64) * x[j];
    }
    return sum;
  }

  static float value(device const Block& block, uint i) {
    return as_type<float>(uint(block.exponent) << 23) * float(block.codes[i]);
  }
};
)";

}  // namespace

template <>
struct foundry::DTypeOf<Q8_1> {
  static constexpr DType kDType = DType::q8_1;
};
template <>
struct foundry::DTypeOf<Own8> {
  static inline const DType kDType =
      register_dtype({.name = "own8", .block_elements = 64, .block_bytes = sizeof(Own8)});
};

TEST_CASE("a policy of an app's own works wherever a policy does") {
  CHECK_THROWS_AS(runtime().empty({2, 32}, DType::q8_1), DTypeError);
  register_shader("policies/q8_1.metal", kShader);
  const PolicyRegistration registration({.dtype = DType::q8_1,
                                         .name = "Q8_1",
                                         .file = "policies/q8_1.metal",
                                         .wide = 8,
                                         .narrow = 2});

  Random random(41);
  const std::size_t rows = 37, columns = 160;
  Values w, other, gamma;
  const AnyTensor weights = random_q8_1({rows, columns}, random, w);
  const AnyTensor gate = random_tensor({rows, columns}, DType::q5_1, random, other, 0.1);
  const AnyTensor norm = random_tensor({columns}, DType::f32, random, gamma);
  CHECK(weights.host<Q8_1>().size() == rows * columns / 32);

  for (const std::size_t tokens : {1, 33}) {
    CAPTURE(tokens);
    Values x;
    const AnyTensor input = random_tensor({tokens, columns}, DType::f32, random, x);
    const AnyTensor y = output({tokens, rows}, DType::f32);
    runtime().run(ops::Linear{weights, input, y, {}, {}});
    check_close(download(y), product(w, x, tokens, rows, columns), 0.0,
                product_error(w, x, tokens, rows, columns));

    // Beside a built-in policy, behind a prologue.
    const AnyTensor a = output({tokens, rows}, DType::f32);
    const AnyTensor b = output({tokens, rows}, DType::f32);
    runtime().run(FusedKernelBuilder("pair")
                      .prologue(ops::RmsNorm{norm, 1e-5f, {}, {}})
                      .main(ops::Linear{weights, {}, {}, {}, {}})
                      .main(ops::Linear{gate, {}, {}, {}, {}})
                      .build(input, {a, b}));
    const Values normed = rms_norm(x, gamma, 1e-5);
    check_close(download(a), product(w, normed, tokens, rows, columns), 0.0,
                product_error(w, normed, tokens, rows, columns));
    check_close(download(b), product(other, normed, tokens, rows, columns), 0.0,
                product_error(other, normed, tokens, rows, columns, DType::q5_1));
  }

  Values ids{36, 0, 7};
  const AnyTensor y = output({3, columns}, DType::f32);
  runtime().run(ops::Embedding{weights, upload({3}, DType::i32, ids), y});
  Values want;
  for (const double id : ids) {
    const auto row = w.begin() + static_cast<long>(id) * static_cast<long>(columns);
    want.insert(want.end(), row, row + static_cast<long>(columns));
  }
  CHECK(download(y) == want);  // an 11-bit scale times an 8-bit code is exact in f32
}

TEST_CASE("a dtype of an app's own is a type of tensors, and its policy works like every other") {
  const DType own = dtype_of<Own8>;
  CHECK_THROWS_WITH_AS((void)policy_of(own, "Gemv"), doctest::Contains("Gemv: no policy for own8"),
                       DTypeError);
  const Policy& policy =
      register_policy({.dtype = own, .name = "Own8", .wide = 4, .narrow = 2}, kOwnShader);
  CHECK(policy.file == "policies/own8.metal");
  CHECK(&policy_of(own, "test") == &policy);

  Random random(43);
  const std::size_t rows = 21, columns = 192;
  auto weights = runtime().dedicated<Own8>({rows, columns});
  Values w;
  for (Own8& block : weights.any().host_mutable<Own8>()) {
    block.exponent = static_cast<std::uint8_t>(115 + random.below(8));
    for (auto& code : block.codes) code = static_cast<std::int8_t>(random.below(256) - 128);
    for (const auto code : block.codes) w.push_back(std::ldexp(code, block.exponent - 127));
  }
  CHECK_THROWS_AS((void)weights.any().host<Q8_1>(), DTypeError);
  for (const std::size_t tokens : {1, 33}) {
    CAPTURE(tokens);
    Values x;
    const AnyTensor input = random_tensor({tokens, columns}, DType::f32, random, x);
    const AnyTensor y = output({tokens, rows}, DType::f32);
    runtime().run(ops::Linear{weights, input, y, {}, {}});
    check_close(download(y), product(w, x, tokens, rows, columns), 0.0,
                product_error(w, x, tokens, rows, columns));
  }
}

TEST_CASE("a descriptor that cannot work is refused") {
  CHECK_THROWS_WITH_AS(PolicyRegistration({.dtype = DType::i32,
                                           .name = "Int",
                                           .file = "policies/i32.metal",
                                           .wide = 1,
                                           .narrow = 1}),
                       "policy Int: i32 is no float type", ArgumentError);
  CHECK_THROWS_WITH_AS(PolicyRegistration({.dtype = DType::q8_k,
                                           .name = "Q8_K",
                                           .file = "policies/q8_k.metal",
                                           .wide = 8,
                                           .narrow = 4}),
                       "policy Q8_K: 32 lanes of 4 weights are not whole blocks of 256",
                       ArgumentError);
  CHECK_FALSE(is_supported(DType::q8_k));
}
