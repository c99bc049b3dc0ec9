// What a fused linear kernel's tensors and stages must be, each with its own message.
#include <algorithm>
#include <cmath>
#include <limits>

#include "foundry/core/error.hpp"
#include "foundry/fusion/linear_plan.hpp"
#include "foundry/fusion/policy.hpp"
#include "foundry/kernel/places.hpp"

namespace foundry::detail {
namespace {

std::string shape(const AnyTensor& tensor) {
  return to_string(tensor.extents());
}

bool is_missing(const AnyTensor* tensor) {
  return tensor == nullptr || !*tensor;
}

bool is_plain(const AnyTensor* tensor) {
  return !is_missing(tensor) && info(tensor->dtype()).is_float && !is_block(tensor->dtype());
}

void require_plain(const LentFusedKernel& kernel, std::string_view what, const AnyTensor* tensor) {
  if (is_plain(tensor)) return;
  if (is_missing(tensor)) throw ArgumentError(concat(label_of(kernel), ": ", what, " is missing"));
  throw DTypeError(
      concat(label_of(kernel), ": ", what, " takes f32, f16 or bf16, got ", tensor->describe()));
}

/// Stages index inputs and results with 32 bits.
void check_indices(const LentFusedKernel& kernel, const AnyTensor& tensor) {
  if (tensor.count() > std::numeric_limits<std::uint32_t>::max()) {
    fail_shape(kernel, concat(tensor.describe(), " has ", tensor.count(),
                              " elements, up to 2^32 - 1 are possible"));
  }
}

LinearShape input_shape(const LentFusedKernel& kernel) {
  require_plain(kernel, "x", kernel.x);
  const Extents& extents = kernel.x->extents();
  if (extents.rank() < 1 || extents.rank() > 2) {
    fail_shape(kernel, concat("x is ", shape(*kernel.x), ", not (columns,) or (tokens, columns)"));
  }
  check_indices(kernel, *kernel.x);
  LinearShape x{.tokens = extents.rank() == 2 ? extents[0] : 1, .columns = extents.inner()};
  x.results = x.tokens;
  return x;
}

void check_weights(const LentFusedKernel& kernel, const LinearShape& x, const char* what,
                   const AnyTensor* weights) {
  if (is_missing(weights)) throw ArgumentError(concat(label_of(kernel), ": ", what, " is missing"));
  static_cast<void>(policy_of(weights->dtype(), label_of(kernel)));
  if (kernel.experts != nullptr) {
    check_expert_weights(kernel, x, what, *weights);
  } else if (weights->rank() != 2) {
    fail_shape(kernel, concat(what, " are ", shape(*weights), ", not (rows, columns)"));
  }
  if (weights->extents().inner() != x.columns) {
    fail_shape(kernel,
               concat(what, " are ", shape(*weights), ", x is ", shape(*kernel.x), ": inner sizes ",
                      weights->extents().inner(), " and ", x.columns, " differ"));
  }
}

/// Elements of a stage's own tensor. `head_dim` is 0 for a product without heads.
std::uint64_t elements_of(StageTensor tensor, const Stage& stage, const LinearShape& x,
                          std::uint64_t rows, std::uint64_t head_dim) {
  switch (tensor) {
    case StageTensor::none:
      return 0;
    case StageTensor::columns:
      return x.columns;
    case StageTensor::input:
      return x.tokens * x.columns;
    case StageTensor::rows:
      return rows;
    case StageTensor::tokens:
      return x.results;
    case StageTensor::result:
      return x.results * rows;
    case StageTensor::head:
      return head_dim;
    case StageTensor::pairs:
      return (stage.dims != 0 ? stage.dims : head_dim) / 2;
  }
  return 0;
}

void check_scalars(const LentFusedKernel& kernel, const Stage& stage) {
  for (std::uint8_t i = 0; i < stage.type->scalars; ++i) {
    if (std::isfinite(stage.scalars.at(i))) continue;
    throw ArgumentError(
        concat(label_of(kernel), ": ", stage.type->name, "'s parameter is out of its range"));
  }
}

/// The stage's own tensors and scalars.
void check_values(const LentFusedKernel& kernel, const Stage& stage, const LinearShape& x,
                  std::uint64_t rows, std::uint64_t head_dim) {
  const StageType& type = *stage.type;
  check_scalars(kernel, stage);
  if (type.kind == StageKind::head_turn && (stage.dims % 2 != 0 || stage.dims > head_dim)) {
    fail_shape(kernel, concat(type.name, "'s dims is ", stage.dims,
                              "; even numbers up to the head's ", head_dim, " are possible"));
  }
  for (std::size_t i = 0; i < kMaxStageTensors; ++i) {
    const StageOperand& operand = type.tensors.at(i);
    const AnyTensor& tensor = stage.tensors.at(i);
    if (operand.shape == StageTensor::none || (operand.is_optional && !tensor)) continue;
    const std::uint64_t wanted = elements_of(operand.shape, stage, x, rows, head_dim);
    const auto what = [&] { return concat(type.name, "'s ", operand.argument); };
    if (!is_plain(&tensor)) require_plain(kernel, what(), &tensor);
    if (tensor.count() == wanted) continue;
    fail_shape(kernel, concat(what(), " is ", shape(tensor), ": ", tensor.count(),
                              " elements where ", wanted, " are needed"));
  }
}

void check_bias(const LentFusedKernel& kernel, const LinearShape& x, std::string_view what,
                const AnyTensor* bias, std::uint64_t rows) {
  if (is_missing(bias)) return;
  require_plain(kernel, what, bias);
  const std::uint64_t wanted = std::max<std::uint64_t>(1, x.experts) * rows;
  if (bias->count() == wanted) return;
  fail_shape(kernel, concat(what, " is ", shape(*bias), ": ", bias->count(), " elements where ",
                            wanted, " are needed"));
}

void check_gate(const LentFusedKernel& kernel, const LinearShape& x, const LentProduct& product,
                std::uint64_t rows) {
  check_weights(kernel, x, "gate weights", product.gate);
  if (rows_of(*product.gate) != rows) {
    fail_shape(kernel, concat("gate weights are ", shape(*product.gate), ", weights are ",
                              shape(*product.weights), ": ", rows_of(*product.gate), " and ", rows,
                              " rows differ"));
  }
  check_bias(kernel, x, "gate_bias", product.gate_bias, rows);
  if (product.activation == nullptr) return;
  const StageType* type = product.activation->type;
  if (type == nullptr || (type->kind != StageKind::epilogue && type->kind != StageKind::gating)) {
    throw ArgumentError(concat(label_of(kernel), ": ", type ? type->name : "an empty stage",
                               " is not an epilogue and cannot be a gate's activation"));
  }
  if (type->tensors[0].shape != StageTensor::none) {
    throw ArgumentError(concat(label_of(kernel), ": ", type->name,
                               " has a tensor and cannot be a gate's activation"));
  }
  check_scalars(kernel, *product.activation);
}

/// y of a product whose rows are heads, and the size of a head.
std::uint32_t check_heads(const LentFusedKernel& kernel, const LinearShape& x,
                          const LentProduct& product, std::uint64_t rows) {
  const Stage& first = *std::find_if(product.epilogues.begin(), product.epilogues.end(),
                                     [](const Stage& s) { return is_head_stage(*s.type); });
  const std::string_view needs = first.type->name;
  const bool to_cache = product.epilogues.back().type->kind == StageKind::store;
  if (product.gate != nullptr) {
    throw ArgumentError(
        concat(label_of(kernel), ": ", needs, " needs heads, which a gated product has not"));
  }
  const AnyTensor& y = *product.y;
  const bool of_sequences = to_cache && !is_missing(kernel.places);
  const std::size_t own = of_sequences ? 1 : 0;  // dimension of one sequence's
  if (y.rank() != own + 3) {
    fail_shape(kernel, concat("y is ", shape(y), "; ", needs, " needs ",
                              of_sequences ? "a cache (sequences, capacity, heads, head_dim)"
                              : to_cache   ? "a cache (capacity, heads, head_dim)"
                                           : "heads (tokens, heads, head_dim)"));
  }
  const std::uint64_t heads = y.extents()[own + 1];
  const std::uint64_t head_dim = y.extents()[own + 2];
  if (heads * head_dim != rows) {
    fail_shape(kernel, concat("y is ", shape(y), ", ", heads, " heads of ", head_dim,
                              "; the weights have ", rows, " rows"));
  }
  if (head_dim % 2 != 0) {
    fail_shape(kernel, concat("heads of ", head_dim, " elements do not pair"));
  }
  if (y.strides()[own + 2] != 1) {
    fail_shape(kernel, concat("y must have its innermost dimension contiguous; ", to_string(y),
                              " has stride ", y.strides()[own + 2]));
  }
  const std::uint64_t last = kernel.start.value() + x.tokens - 1;
  if (to_cache && !of_sequences && !kernel.ring && last >= y.extents()[0]) {
    fail_shape(kernel, concat("position ", last, ", the cache has ", y.extents()[0]));
  }
  if (!to_cache && y.extents()[0] != x.tokens) {
    fail_shape(kernel, concat("y is ", shape(y), ", the result has ", x.tokens, " tokens"));
  }
  return static_cast<std::uint32_t>(head_dim);
}

void check_places(const LentFusedKernel& kernel, const LinearShape& x) {
  if (is_missing(kernel.places)) return;
  if (x.head_dim == 0) {
    throw ArgumentError(concat(label_of(kernel), ": places are given, and no stage takes them"));
  }
  require_places(label_of(kernel), *kernel.places, x.tokens, kernel.start);
}

void check_result(const LentFusedKernel& kernel, const LinearShape& x, const AnyTensor& y,
                  std::uint64_t rows) {
  if (y.count() != x.results * rows || y.extents().inner() != rows) {
    fail_shape(kernel,
               concat("y is ", shape(y), ", the result is ", to_string(Extents{x.results, rows})));
  }
}

/// What shaders/lib/cache_blocks.metal encodes.
bool is_cache_of_blocks(const LentProduct& product) {
  const bool is_stored =
      !product.epilogues.empty() && product.epilogues.back().type->kind == StageKind::store;
  return is_stored && !is_missing(product.y) &&
         (product.y->dtype() == DType::q8_0 || product.y->dtype() == DType::q4_0);
}

void check_product(const LentFusedKernel& kernel, LinearShape& x, const LentProduct& product) {
  check_weights(kernel, x, "weights", product.weights);
  const std::uint64_t rows = rows_of(*product.weights);
  if (product.gate != nullptr) check_gate(kernel, x, product, rows);
  check_bias(kernel, x, product.gate != nullptr ? "up_bias" : "bias", product.up_bias, rows);
  if (!is_cache_of_blocks(product)) require_plain(kernel, "y", product.y);
  check_indices(kernel, *product.y);
  for (std::size_t i = 0; i < product.epilogues.size(); ++i) {
    const std::string why = refusal(product.epilogues.first(i), product.epilogues[i]);
    if (!why.empty()) throw ArgumentError(concat(label_of(kernel), ": ", why));
  }
  std::uint32_t head_dim = 0;
  if (!product.epilogues.empty() && is_head_stage(*product.epilogues.back().type)) {
    head_dim = check_heads(kernel, x, product, rows);
    if (x.head_dim != 0 && x.head_dim != head_dim) {
      fail_shape(kernel, concat("heads of ", x.head_dim, " and of ", head_dim,
                                " elements; one kernel takes one size"));
    }
    x.head_dim = head_dim;
  } else {
    check_result(kernel, x, *product.y, rows);
  }
  for (const Stage& stage : product.epilogues) {
    check_values(kernel, stage, x, rows, head_dim);
    x.takes_whole_heads |= stage.type->kind == StageKind::head_norm || is_block(product.y->dtype());
  }
}

void check_head_kernel(const LentFusedKernel& kernel, const LinearShape& x) {
  if (x.tokens > kGemvTokens ||
      (kernel.options.form != LinearForm::automatic && kernel.options.form != LinearForm::gemv)) {
    throw ArgumentError(concat(label_of(kernel), ": head stages and stores take up to ",
                               kGemvTokens, " tokens by Gemv, got ", x.tokens,
                               "; for more, let the products write plain results, and run RmsNorm "
                               "on the heads and RopeKvWrite"));
  }
  for (const LentProduct& product : kernel.products) {
    if (product.gate != nullptr) {
      throw ArgumentError(
          concat(label_of(kernel), ": a gated product cannot share a kernel with heads"));
    }
    const std::uint64_t rows = product.weights->extents()[0];
    if (rows % x.head_dim != 0) {
      fail_shape(kernel, concat("weights are ", shape(*product.weights), ": ", rows,
                                " rows are no whole heads of ", x.head_dim));
    }
  }
}

void check_scratch(const LentFusedKernel& kernel, const LinearShape& x) {
  if (is_missing(kernel.scratch)) {
    if (kernel.options.form != LinearForm::gemm_tiles) return;
    throw ArgumentError(concat(label_of(kernel), ": scratch, which gemm_tiles needs, is missing"));
  }
  if (kernel.scratch->dtype() != DType::bf16) {
    throw DTypeError(
        concat(label_of(kernel), ": scratch takes bf16, got ", kernel.scratch->describe()));
  }
  const std::uint64_t needed = linear_scratch(x.tokens, x.columns);
  if (kernel.scratch->count() < needed) {
    fail_shape(kernel, concat("scratch is ", shape(*kernel.scratch), ": ", kernel.scratch->count(),
                              " elements where ", needed, " are needed"));
  }
}

}  // namespace

void fail_shape(const LentFusedKernel& kernel, const std::string& what) {
  throw ShapeError(concat(label_of(kernel), ": ", what));
}

LinearShape check_linear(const LentFusedKernel& kernel) {
  if (kernel.name == nullptr) throw ArgumentError("a fused kernel without a name");
  LinearShape x = input_shape(kernel);
  if (kernel.products.empty()) {
    throw ArgumentError(concat(label_of(kernel), ": ", kernel.products.size(), " products, 1 to ",
                               kMaxProducts, " are possible"));
  }
  if (kernel.options.form == LinearForm::gemv && x.tokens > kGemvTokens &&
      kernel.experts == nullptr) {
    fail_shape(kernel, concat("x is ", shape(*kernel.x), ": a gemv takes up to ", kGemvTokens,
                              " tokens, got ", x.tokens));
  }
  if (kernel.experts != nullptr) check_routing(kernel, x);
  if (kernel.prologue != nullptr) {
    const StageType* type = kernel.prologue->type;
    if (type == nullptr || type->kind != StageKind::prologue) {
      throw ArgumentError(concat(label_of(kernel), ": ", type ? type->name : "an empty stage",
                                 " is not a prologue"));
    }
    check_values(kernel, *kernel.prologue, x, 0, 0);
  }
  for (const LentProduct& product : kernel.products) check_product(kernel, x, product);
  if (x.head_dim != 0) check_head_kernel(kernel, x);
  check_places(kernel, x);
  if (kernel.experts != nullptr) check_expert_rows(kernel);
  check_scratch(kernel, x);
  return x;
}

}  // namespace foundry::detail
