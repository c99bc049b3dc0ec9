// What the tensors of a kernel of experts must be, beside what every fused kernel's must.
#include <limits>

#include "foundry/core/error.hpp"
#include "foundry/fusion/expert_params.hpp"
#include "foundry/fusion/linear_plan.hpp"

namespace foundry::detail {
namespace {

void check_count(const LentFusedKernel& kernel, const char* what, const AnyTensor& tensor,
                 DType dtype, std::uint64_t wanted) {
  if (tensor.dtype() != dtype) {
    throw DTypeError(concat(label_of(kernel), ": ", what, " takes ", name_of(dtype), ", got ",
                            tensor.describe()));
  }
  if (tensor.count() != wanted) {
    fail_shape(kernel, concat(what, " is ", to_string(tensor.extents()), ": ", tensor.count(),
                              " elements where ", wanted, " are needed"));
  }
}

}  // namespace

void check_routing(const LentFusedKernel& kernel, LinearShape& x) {
  const AnyTensor& ids = *kernel.experts->ids;
  const AnyTensor& weights = *kernel.products[0].weights;
  if (weights.rank() != 3) {
    fail_shape(kernel, concat("weights are ", to_string(weights.extents()),
                              ", not (experts, rows, columns)"));
  }
  x.experts = weights.extents()[0];
  x.used = ids.extents().inner();
  x.slots = ids.count();
  const std::uint64_t tokens = x.slots / x.used;
  if (x.tokens != tokens && x.tokens != x.slots) {
    fail_shape(kernel, concat("x is ", to_string(kernel.x->extents()), ", ids are ",
                              to_string(ids.extents()), ": ", x.tokens, " rows where there are ",
                              tokens, " tokens and ", x.slots, " choices of experts"));
  }
  if (kernel.prologue != nullptr && kernel.prologue->type != nullptr) {
    for (const StageOperand& operand : kernel.prologue->type->tensors) {
      if (operand.shape != StageTensor::input) continue;
      throw ArgumentError(
          concat(label_of(kernel), ": ", kernel.prologue->type->name,
                 " has a tensor of the input's shape, which experts have each their "
                 "rows of; run it by itself"));
    }
  }
  const bool is_grouped = kernel.experts->groups != nullptr;
  const LinearForm form = kernel.options.form;
  if (form != LinearForm::automatic && is_grouped == (form == LinearForm::gemv)) {
    throw ArgumentError(concat(label_of(kernel), ": ",
                               is_grouped ? "a gemv takes no groups" : "a gemm needs groups"));
  }
  if (form == LinearForm::gemm_tiles) {
    throw ArgumentError(concat(label_of(kernel),
                               ": products of experts run by gemv, gemm_lanes or gemm_matrices, "
                               "not by gemm_tiles"));
  }
  if (is_grouped) {
    check_count(kernel, "groups", *kernel.experts->groups, DType::u32,
                elements_of_groups(x.slots, x.experts));
  }
  if (kernel.experts->shares != nullptr) {
    check_count(kernel, "shares", *kernel.experts->shares, DType::f32, x.slots);
  }
  x.results = kernel.experts->shares != nullptr && !is_grouped ? tokens : x.slots;
}

void check_expert_weights(const LentFusedKernel& kernel, const LinearShape& x, const char* what,
                          const AnyTensor& weights) {
  const auto& extents = weights.extents();
  if (weights.rank() != 3 || extents[0] != x.experts) {
    fail_shape(kernel,
               concat(what, " are ", to_string(extents), ", not (", x.experts, ", rows, columns)"));
  }
  if (weights.strides()[2] != 1 || weights.strides()[1] != extents[2]) {
    fail_shape(kernel,
               concat(what, " must have no gaps within an expert; got ", to_string(weights)));
  }
}

std::uint32_t row_stride(const LentFusedKernel& kernel, const char* what, const AnyTensor& rows) {
  const Extents& extents = rows.extents();
  const auto& strides = rows.strides();
  const std::size_t inner = extents.rank() - 1;
  std::uint64_t stride = extents[inner];
  std::uint64_t counted = 1;
  bool is_even = strides[inner] == 1 || extents[inner] == 1;
  for (std::size_t i = inner; i-- > 0;) {
    if (extents[i] == 1) continue;
    if (counted == 1) stride = strides[i];
    is_even = is_even && strides[i] == stride * counted;
    counted *= extents[i];
  }
  if (!is_even || stride * counted > std::numeric_limits<std::uint32_t>::max()) {
    fail_shape(kernel, concat(what, " must have whole rows at one distance, within 2^32 - 1 ",
                              "elements; got ", to_string(rows)));
  }
  return static_cast<std::uint32_t>(stride);
}

void check_expert_rows(const LentFusedKernel& kernel) {
  static_cast<void>(row_stride(kernel, "x", *kernel.x));
  if (!kernel.x->is_contiguous() && kernel.prologue != nullptr) {
    fail_shape(kernel, concat("x must be contiguous for ", kernel.prologue->type->name, "; ",
                              to_string(*kernel.x), " has gaps"));
  }
  for (const LentProduct& product : kernel.products) {
    static_cast<void>(row_stride(kernel, "y", *product.y));
    if (product.y->is_contiguous()) continue;
    for (const Stage& stage : product.epilogues) {
      for (const StageOperand& operand : stage.type->tensors) {
        if (operand.shape != StageTensor::result) continue;
        fail_shape(kernel, concat("y must be contiguous for ", stage.type->name, "; ",
                                  to_string(*product.y), " has gaps"));
      }
    }
  }
}

}  // namespace foundry::detail
