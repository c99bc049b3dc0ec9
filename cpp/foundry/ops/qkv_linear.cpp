#include "foundry/ops/qkv_linear.hpp"

#include <array>

#include "foundry/ops/checks.hpp"
#include "foundry/ops/epilogues.hpp"
#include "foundry/ops/head_stages.hpp"
#include "foundry/ops/kv_cache.hpp"

namespace foundry::ops {
namespace {

/// The stages of one product; at most bias, norm, rope and cache write.
class Stages {
 public:
  void add(Stage stage) { values_.at(size_++) = std::move(stage); }
  std::span<const Stage> span() const { return std::span(values_).first(size_); }

 private:
  std::array<Stage, 4> values_;
  std::size_t size_ = 0;
};

/// Owns the stages that its kernel lends.
struct Parts {
  Stages query;
  Stages key;
  Stages value;
  LentFusedKernel kernel;

  explicit Parts(const QkvLinear& op) {
    static const std::string& name = intern("qkv_linear");
    if (!op.k_cache || !op.v_cache)
      static_cast<void>(cache_pair("QkvLinear", op.k_cache, op.v_cache));
    const Stage rope = Rope{{}, {}, 0, op.settings};
    finish(query, op.query_bias, op.query_norm, op.norm_epsilon, &rope, false);
    finish(key, op.key_bias, op.key_norm, op.norm_epsilon, &rope, true);
    finish(value, op.value_bias, {}, 0.0f, nullptr, true);
    kernel = {.name = &name,
              .label = "QkvLinear",
              .x = &op.x,
              .prologue = pointer_to(op.prologue),
              .options = {.form = LinearForm::gemv},
              .start = op.start};
    kernel.products.push_back({.weights = &op.query, .y = &op.q, .epilogues = query.span()});
    kernel.products.push_back({.weights = &op.key, .y = &op.k_cache, .epilogues = key.span()});
    kernel.products.push_back({.weights = &op.value, .y = &op.v_cache, .epilogues = value.span()});
  }
  Parts(const Parts&) = delete;
  Parts& operator=(const Parts&) = delete;

 private:
  static void finish(Stages& stages, const AnyTensor& bias, const AnyTensor& norm, float epsilon,
                     const Stage* rope, bool to_cache) {
    if (bias) stages.add(Bias{bias});
    if (norm) stages.add(HeadNorm{norm, epsilon});
    if (rope) stages.add(*rope);
    if (to_cache) stages.add(CacheWrite{});
  }
};

}  // namespace

void QkvLinear::encode(Encoder& encoder) const {
  Parts(*this).kernel.encode(encoder);
}

Traffic QkvLinear::traffic() const {
  return Parts(*this).kernel.traffic();
}

KernelDescription QkvLinear::describe(const Device& device) const {
  return Parts(*this).kernel.describe(device);
}

}  // namespace foundry::ops
