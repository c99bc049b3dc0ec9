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
      static_cast<void>(cache_pair("QkvLinear", op.k_cache, op.v_cache, op.places));
    const Stage rope = Rope{{}, {}, 0, op.settings};
    const QkNormSettings& norms = op.norms;
    if (norms.norm == QkNorm::row && (norms.query_norm || norms.key_norm)) {
      throw ArgumentError(
          "QkvLinear: unsupported norm 'row', which needs the whole row of results; supported: "
          "head, head_layer; RopeKvWrite has it");
    }
    finish(query, op.query_bias, norm_of(norms, norms.query_norm), &rope, norms.norm_after_rope);
    finish(key, op.key_bias, norm_of(norms, norms.key_norm), &rope, norms.norm_after_rope);
    key.add(CacheWrite{});
    const std::optional<Stage> value_norm =
        norms.norm_values ? std::optional<Stage>(HeadNorm{{}, norms.norm_epsilon}) : std::nullopt;
    finish(value, op.value_bias, value_norm, nullptr, false);
    value.add(CacheWrite{});
    kernel = {.name = &name,
              .label = "QkvLinear",
              .x = &op.x,
              .prologue = pointer_to(op.prologue),
              .options = {.form = LinearForm::gemv},
              .start = op.start,
              .ring = op.ring,
              .places = &op.places};
    kernel.products.push_back({.weights = &op.query, .y = &op.q, .epilogues = query.span()});
    kernel.products.push_back({.weights = &op.key, .y = &op.k_cache, .epilogues = key.span()});
    kernel.products.push_back({.weights = &op.value, .y = &op.v_cache, .epilogues = value.span()});
  }
  Parts(const Parts&) = delete;
  Parts& operator=(const Parts&) = delete;

 private:
  static std::optional<Stage> norm_of(const QkNormSettings& norms, const AnyTensor& weight) {
    if (!weight) return std::nullopt;
    if (norms.norm == QkNorm::head_layer) return HeadLayerNorm{weight, norms.norm_epsilon};
    return HeadNorm{weight, norms.norm_epsilon};
  }

  static void finish(Stages& stages, const AnyTensor& bias, const std::optional<Stage>& norm,
                     const Stage* rope, bool norm_comes_last) {
    if (bias) stages.add(Bias{bias});
    if (norm && !norm_comes_last) stages.add(*norm);
    if (rope) stages.add(*rope);
    if (norm && norm_comes_last) stages.add(*norm);
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
