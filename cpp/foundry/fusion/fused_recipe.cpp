#include "foundry/fusion/fused_recipe.hpp"

#include <algorithm>

#include "foundry/core/concat.hpp"
#include "foundry/fusion/expert_params.hpp"
#include "foundry/fusion/policy.hpp"

namespace foundry::detail {
namespace {

/// Instantiates the main stage's skeleton (shaders/stages) for a recipe: collects the arguments,
/// the shader files, and one call for each product.
class FusedSource : StageSource {
 public:
  explicit FusedSource(const FusedRecipe& recipe)
      : StageSource(*recipe.name), recipe_(recipe), plan_(recipe.plan) {}

  KernelDescription generate() {
    tensor(by_tiles() ? "planes" : "x", Access::read, recipe_.x);
    description_.arguments.back().strided = recipe_.experts.has_value();
    if (!by_tiles()) {
      prologue_ = prologue_expression(
          recipe_.prologue, recipe_.x,
          by_choice() ? "x + slot / experts.slots_of_input * experts.x_stride" : "x",
          recipe_.experts ? "experts.x_stride" : "params.columns");
    }
    begin();
    if (recipe_.experts) begin_experts();
    if (!sums() && !by_tiles()) input();
    for (std::size_t i = 0; i < recipe_.products.size(); ++i) product(i);
    line("}");
    if (recipe_.has_places) tensor("places", Access::read, DType::u32);
    description_.arguments.push_back(
        ArgumentDescription::value("params", struct_layout<LinearParams>()));
    if (has_heads()) {
      description_.arguments.push_back(
          ArgumentDescription::value("heads", struct_layout<HeadParams>()));
    }
    if (recipe_.experts) {
      description_.arguments.push_back(
          ArgumentDescription::value("experts", struct_layout<ExpertParams>()));
    }
    return std::move(description_);
  }

 private:
  bool has_heads() const { return plan_.unit != 0; }
  bool by_tiles() const { return plan_.form == LinearForm::gemm_tiles; }
  /// Where the tokens of heads stand (lib/places.metal).
  const char* places() const {
    return recipe_.has_places ? "Placed{places}" : "Following{heads.start}";
  }
  /// Whether an expert's tokens are taken together, or a choice at a time, or a token's summed.
  bool is_grouped() const { return recipe_.experts && plan_.form != LinearForm::gemv; }
  bool by_choice() const { return recipe_.experts && plan_.form == LinearForm::gemv; }
  bool sums() const { return recipe_.experts && recipe_.experts->sums; }
  /// Whether it takes the choices that a gemm has left over.
  bool takes_few() const { return by_choice() && plan_.few_tokens != 0; }
  bool has_integer_form(DType weights) const {
    return plan_.form == LinearForm::gemv && plan_.input_in_memory &&
           policy_of(weights, *recipe_.name).has_integer_form;
  }
  template <class Condition>
  bool any_product(const Condition& condition) const {
    return std::any_of(recipe_.products.begin(), recipe_.products.end(), condition);
  }

  /// Memory, and which tile of which tokens this simdgroup or threadgroup takes.
  void begin() {
    const bool by_simdgroup = plan_.form == LinearForm::gemv && !has_heads();
    const std::string head = concat("kernel void ", *recipe_.name, "(FOUNDRY_ARGUMENTS) {");
    switch (plan_.form) {
      case LinearForm::gemm_lanes:
        include("stages/gemm.metal");
        line(concat("static_assert(kGemmTokens == ", kLanesTile.tokens,
                    " && kGemmRows == ", kLanesTile.rows, ", \"as on the host\");"));
        line(head);
        line("  threadgroup GemmMemory memory;");
        break;
      case LinearForm::gemm_matrices:
        include("stages/gemm_matrices.metal");
        line(concat("static_assert(kMatrixTokens == ", kMatrixTile.tokens,
                    " && kMatrixRows == ", kMatrixTile.rows,
                    " && kMatrixSimdgroups == ", kMatrixTile.simdgroups, ", \"as on the host\");"));
        line(head);
        line("  threadgroup MatrixMemory memory;");
        if (any_product([](const auto& product) { return product.gate.has_value(); })) {
          line("  threadgroup float gates[kMatrixTokens * kMatrixRows];");
        }
        break;
      case LinearForm::gemm_tiles:
        include("stages/gemm_tiles.metal");
        line(concat("static_assert(kTilesTokens == ", kTilesTile.tokens,
                    " && kTilesRows == ", kTilesTile.rows, ", \"as on the host\");"));
        line(head);
        line("  threadgroup TilesMemory memory;");
        break;
      default:
        include("stages/gemv.metal");
        if (has_heads()) include("lib/heads.metal");
        line(head);
        if (has_heads()) {
          const std::uint32_t tokens = std::max(1u, plan_.tokens_together);
          line(concat("  threadgroup float values[", tokens * plan_.unit, "];"));
        }
        if (plan_.input_in_memory) line("  threadgroup GemvInput input;");
    }
    line("  const uint simdgroup = simdgroup_index_in_threadgroup;");
    line("  const uint lane = thread_index_in_simdgroup;");
    const std::string place =
        concat("threadgroup_position_in_grid.", takes_few() || plan_.tokens_together ? "y" : "x");
    line(concat("  uint tile = ", place,
                by_simdgroup && !takes_few() ? " * simdgroups_per_threadgroup + simdgroup;" : ";"));
    if (plan_.form == LinearForm::gemv) {
      line(plan_.tokens_together ? concat("  const FewTokens<", plan_.tokens_together,
                                          "> tokens = {threadgroup_position_in_grid.x * ",
                                          plan_.tokens_together, ", params.tokens};")
                                 : "  const OneToken tokens = {0};");
    }
    if (plan_.form != LinearForm::gemv && !is_grouped()) {
      line(concat("  const uint token = threadgroup_position_in_grid.y * ",
                  tile_of(plan_.form).tokens, ";"));
    }
  }

  /// The choice of an expert, or the choices, that this threadgroup takes.
  void begin_experts() {
    if (is_grouped()) {
      tensor("groups", Access::read, DType::u32);
      include("lib/expert_groups.metal");
      line(concat("  const ExpertBlock block = expert_block<", tile_of(plan_.form).tokens, ", ",
                  plan_.few_tokens,
                  ">(groups, experts.count, threadgroup_position_in_grid.y, lane);"));
      line("  if (block.begin == block.end) return;");
      line("  const uint expert = block.expert;");
      line("  const uint token = block.begin;");
      return line("  const Gathered places = {slots_of(groups, experts.count), experts.y_stride};");
    }
    include("stages/gemv_experts.metal");
    tensor("ids", Access::read, recipe_.experts->ids);
    if (sums()) return tensor("shares", Access::read, DType::f32);
    if (takes_few()) {
      tensor("groups", Access::read, DType::u32);
      include("lib/expert_groups.metal");
      line("  const uint place = threadgroup_position_in_grid.x;");
      line("  const uint slot = slots_of(groups, experts.count)[place];");
    } else {
      line("  const uint slot = threadgroup_position_in_grid.y;");
    }
    line("  const uint expert = uint(ids[slot]);");
    if (!takes_few()) return;
    line(concat("  if (!is_left_over<", plan_.few_tokens,
                ">(groups, experts.count, expert, place)) return;"));
  }

  void store_result(const char* prologue) {
    const std::string tokens =
        plan_.form == LinearForm::gemv
            ? "first_of(tokens), end_of(tokens)"
            : concat("token, min(params.tokens, token + ", tile_of(plan_.form).tokens, ")");
    line(concat("  if (threadgroup_position_in_grid.", plan_.tokens_together ? "y" : "x",
                " == 0) {"));
    line(concat("    store_result(", prologue, ", ", tokens, ", params.columns, simdgroup,\n",
                "                 simdgroups_per_threadgroup, lane);"));
    line("  }");
  }

  /// `prologue`, from which the products take their input: the stage itself, or its result.
  void input() {
    if (!plan_.input_in_memory) {
      const std::string own =
          is_grouped() ? concat("gathered(", prologue_, ", groups + experts.input_places)")
                       : prologue_;
      line(concat("  const auto prologue = ", own, ";"));
      if (writes_result(recipe_.prologue)) store_result("prologue");
      if (plan_.form == LinearForm::gemv) return;
      return line(concat("  threadgroup decltype(prologue.scale(0, 0)) scales[",
                         tile_of(plan_.form).tokens, "];"));
    }
    include("lib/gemv_input.metal");
    if (writes_result(recipe_.prologue)) {
      line(concat("  const auto written = ", prologue_, ";"));
      store_result("written");
    }
    line(concat("  prepare_floats(", writes_result(recipe_.prologue) ? "written" : prologue_, ",\n",
                "                 tokens, params.columns, input, simdgroup, "
                "simdgroups_per_threadgroup, lane);"));
    if (any_product([this](const auto& product) {
          return has_integer_form(product.weights) ||
                 (product.gate && has_integer_form(*product.gate));
        })) {
      include("stages/gemv_pairs.metal");
      line(
          "  prepare_pairs(tokens, params.columns, input, simdgroup, simdgroups_per_threadgroup, "
          "lane);");
    }
    line("  const auto prologue = in_memory(input, tokens);");
  }

  /// "FloatProduct<Q4_0<8>, 8, 4, 4>{weights0}".
  std::string product_expression(const char* name, std::size_t index, DType weights) {
    const std::string argument = concat(name, index);
    tensor(argument, Access::read, weights);
    description_.arguments.back().strided = recipe_.experts.has_value();
    const Policy& policy = policy_of(weights, *recipe_.name);
    include(policy.file);
    const std::string msl = msl_policy(policy, plan_.narrow);
    const bool is_gated = recipe_.products[index].gate.has_value();
    std::string type;
    if (by_tiles()) {
      type = concat("TilesProduct<", msl, ", ", plan_.rows_together, ">");
    } else if (plan_.form == LinearForm::gemm_matrices) {
      type = concat("MatrixProduct<", msl, ">");
    } else if (plan_.form == LinearForm::gemm_lanes) {
      type = concat("LanesProduct<", msl, ", ", rows_of_tile(plan_, is_gated), ", ",
                    plan_.rows_together, ">");
    } else if (has_integer_form(weights)) {
      type = concat("IntegerProduct<", msl, ", ", policy.name, "Integer, ",
                    policy_width(policy, plan_.narrow), ", ", plan_.rows_per_simdgroup, ">");
    } else {
      type = concat("FloatProduct<", msl, ", ", policy_width(policy, plan_.narrow), ", ",
                    plan_.rows_together, ", ", plan_.rows_per_simdgroup, ">");
    }
    if (!recipe_.experts) return concat(type, "{", argument, "}");
    return concat(type, "{", argument, " + ulong(expert) * experts.", name, "_stride}");
  }

  /// "Bias<half>{gate_bias0}", or nothing.
  std::string bias_expression(const char* name, std::size_t index, std::optional<DType> dtype) {
    if (!dtype) return {};
    include("stages/bias.metal");
    const std::string argument = concat(name, index);
    tensor(argument, Access::read, *dtype);
    return concat("Bias<", msl_type(*dtype), ">{", argument,
                  recipe_.experts ? concat(" + expert * params.rows[", index, "]}") : "}");
  }

  /// "gated_by(FloatProduct<...>{gate0}, Silu{})".
  std::string gate_expression(std::size_t index) {
    const ProductRecipe& product = recipe_.products[index];
    if (!product.gate) return "NoGate{}";
    const std::string other = product_expression("gate", index, *product.gate);
    const std::string bias = bias_expression("gate_bias", index, product.gate_bias);
    std::string activation =
        product.activation ? stage_expression({.type = product.activation}, concat("_gate", index))
                           : "Unchanged{}";
    std::string value = bias_expression("up_bias", index, product.up_bias);
    if (product.activation && product.activation->kind == StageKind::gating) {
      // The same scalars behind another name.
      std::string half = activation;
      half.insert(product.activation->name.size(), "Value");
      value = value.empty() ? half : concat("then(", value, ", ", half, ")");
    }
    if (!bias.empty()) activation = concat("then(", bias, ", ", activation, ")");
    return concat("gated_by(", other, ", ", activation, value.empty() ? "" : ", ", value, ")");
  }

  /// "then(Bias<half>{bias0_0}, Silu{})".
  std::string epilogue_expression(std::size_t index) {
    const auto stages = recipe_.stages_of(index);
    const auto end = std::find_if(stages.begin(), stages.end(), [](const StageRecipe& stage) {
      return is_head_stage(*stage.type);
    });
    const auto count = static_cast<std::size_t>(end - stages.begin());
    if (count == 0) return "Unchanged{}";
    std::string text;
    for (std::size_t e = 0; e < count; ++e) {
      const std::string stage = stage_expression(stages[e], concat(index, "_", e));
      text += e + 1 < count ? concat("then(", stage, ", ") : stage;
    }
    return text + std::string(count - 1, ')');
  }

  std::string output_argument(std::size_t index) {
    const std::string name = concat("y", index);
    const auto stages = recipe_.stages_of(index);
    const bool is_cache = !stages.empty() && stages.back().type->kind == StageKind::store;
    const bool is_part = is_cache || plan_.few_tokens != 0;
    tensor(name, is_part ? Access::write_some : Access::write, recipe_.products[index].y);
    description_.arguments.back().strided = is_head_product(index) || recipe_.experts;
    // The thread that stores a result is the one that reads its epilogues' values for it.
    for (std::size_t e = 0; e < stages.size(); ++e) {
      for (const StageOperand& operand : stages[e].type->tensors) {
        if (operand.shape != StageTensor::result) continue;
        allow_in_place(description_, name, concat(operand.argument, index, "_", e));
      }
    }
    return name;
  }

  /// Whether y has heads, and strides of its own for them.
  bool is_head_product(std::size_t index) const {
    const auto stages = recipe_.stages_of(index);
    return !stages.empty() && is_head_stage(*stages.back().type);
  }

  /// HeadUnit and the arguments of head_unit() between the epilogue and y.
  struct HeadStages {
    std::string unit;
    std::string stages;
  };
  static constexpr const char* kNoTurn = "NoHeadTurn{}";
  HeadStages head_stages(std::size_t index) {
    std::string norm = "NoHeadNorm{}";
    std::string turn = kNoTurn;
    std::string store = is_head_product(index)
                            ? concat("HeadStore{heads.position_stride[", index,
                                     "], heads.head_stride[", index, "]}")
                            : concat("HeadStore{params.rows[", index, "], ", plan_.head_dim, "}");
    bool interleaved = false;
    std::uint32_t dims = plan_.head_dim;
    const auto stages = recipe_.stages_of(index);
    for (std::size_t e = 0; e < stages.size(); ++e) {
      const StageType& type = *stages[e].type;
      if (!is_head_stage(type)) continue;
      if (type.kind == StageKind::store) {
        include(type.file);
        if (is_block(recipe_.products[index].y)) include("lib/cache_blocks.metal");
        store = concat(type.name, recipe_.has_places ? "<Placed>{" : "<Following>{", places(),
                       ", heads.slots[", index, "], heads.sequence_stride[", index,
                       "],\n        heads.position_stride[", index, "], heads.head_stride[", index,
                       "]}");
        continue;
      }
      const std::string stage = stage_expression(stages[e], concat(index, "_", e));
      if (type.kind == StageKind::head_turn) {
        turn = stage;
      } else {
        norm = turn == kNoTurn ? stage : concat("after_turn(", stage, ")");
      }
      interleaved |= type.is_interleaved;
      if (stages[e].dims != 0) dims = stages[e].dims;
    }
    return {.unit = concat("HeadUnit<", plan_.head_dim, ", ", plan_.unit, ", ",
                           plan_.rows_per_simdgroup, ", ", interleaved ? "true" : "false",
                           dims == plan_.head_dim ? "" : concat(", ", dims), ">"),
            .stages = concat(norm, ", ", turn, ", ", store)};
  }

  /// A tile of the product of a choice, or of the sum of a token's.
  void expert_product(const std::string& product, const std::string& epilogue, const std::string& y,
                      const std::string& rows) {
    const std::string tile = sums() ? concat("tile * ", plan_.tiles, " + t") : "tile";
    const std::string value = concat("expert_value(", product, ", prologue,\n        ", rows,
                                     ", params.columns, ", tile, ", lane)");
    const auto store = [&](const char* result, const std::string& stages, const char* place) {
      return concat("store_result<", plan_.rows_per_simdgroup, ">(", result, ", ", stages, ", ", y,
                    ", experts.y_stride, ", place, ", ", rows, ", ", tile, ", lane);");
    };
    const std::string each = concat("for (uint t = 0; t < ", plan_.tiles, "; ++t) ");
    if (!sums()) {
      line("    if (expert >= experts.count) {");
      line("      " + store("NAN", "Unchanged{}", "slot"));
      line("      return;\n    }");
      line(concat("    const float value = ", value, ";"));
      return line("    " + store("value", epilogue, "slot"));
    }
    line("    const uint token = threadgroup_position_in_grid.y;");
    line(concat("    float sums[", plan_.tiles, "];"));
    line(concat("    ", each, "sums[t] = 0.0f;"));
    line("    for (uint use = 0; use < experts.used; ++use) {");
    line("      const uint slot = token * experts.used + use;");
    line("      const uint expert = uint(ids[slot]);");
    line("      if (expert >= experts.count) {");
    line(concat("        ", each, "sums[t] = NAN;"));
    line("        continue;\n      }");
    if (plan_.input_in_memory) line("      threadgroup_barrier(mem_flags::mem_threadgroup);");
    input();
    line(concat("      ", each, "sums[t] += shares[slot] * ", value, ";"));
    line("    }");
    line(concat("    ", each, store("sums[t]", epilogue, "token")));
  }

  /// Results of ids that are no experts.
  void no_expert(const std::string& y, const std::string& rows, std::uint32_t tile_rows) {
    const GemmTile& tile = tile_of(plan_.form);
    line("    if (expert == experts.count) {");
    line(concat("      store_no_expert<", tile.tokens, ", ", tile_rows, ">(", y,
                ", places, block, ", rows, ", tile, simdgroup * 32 + lane, ",
                tile.simdgroups * kSimdWidth, ");"));
    line("      return;\n    }");
  }

  /// The skeleton's call that computes and stores a tile, if the tile is the product's.
  void product(std::size_t index) {
    const ProductRecipe& product = recipe_.products[index];
    const std::string rows = concat("params.rows[", index, "]");
    const std::string weights = product_expression("weights", index, product.weights);
    const std::string gate = gate_expression(index);
    const std::string bias =
        product.gate ? std::string() : bias_expression("up_bias", index, product.up_bias);
    std::string epilogue = epilogue_expression(index);
    if (!bias.empty() && !by_choice()) epilogue = concat("then(", bias, ", ", epilogue, ")");
    const std::uint32_t tile_rows = rows_of_tile(plan_, product.gate.has_value());
    line(concat("  if (takes_tile<", tile_rows, ">(tile, ", rows, ")) {"));
    if (by_choice()) {
      expert_product(concat(weights, ", ", gate, ", ", bias.empty() ? "Unchanged{}" : bias),
                     epilogue, output_argument(index), rows);
    } else if (has_heads()) {
      const HeadStages heads = head_stages(index);
      line(concat("    head_unit<", heads.unit, ">(\n        ", weights, ", ", epilogue, ", ",
                  heads.stages, ", ", output_argument(index), ", prologue, tokens, ", rows,
                  ",\n        params.columns, tile, ", places(),
                  ", values, simdgroup, simdgroups_per_threadgroup, lane);"));
    } else if (by_tiles()) {
      line(concat("    tiles_tile(", weights, ", ", gate, ", ", epilogue, ", ",
                  output_argument(index), ", planes,\n               params.tokens, ", rows,
                  ", params.columns, tile, token, memory, lane);"));
    } else {
      const std::string y = output_argument(index);
      const std::string operands =
          concat(weights, ", ", gate, ", ", epilogue, ", ", y, ", prologue");
      const std::string places = is_grouped() ? ", places" : ", InOrder{}";
      const std::string tokens = is_grouped() ? "block.end" : "params.tokens";
      if (is_grouped()) no_expert(y, rows, tile_rows);
      if (plan_.form == LinearForm::gemv) {
        line(concat("    gemv_tile(", operands, ", tokens,\n              ", rows,
                    ", params.columns, tile, lane);"));
      } else if (plan_.form == LinearForm::gemm_lanes) {
        line(concat("    gemm_tile(", operands, places, ",\n              ", tokens, ", ", rows,
                    ", params.columns, tile, token, memory, scales, lane);"));
      } else {
        line(concat("    matrix_tile(", operands, places, ",\n                ", tokens, ", ", rows,
                    ", params.columns, tile, token, memory, scales, ",
                    product.gate ? "gates" : "memory.values", ", simdgroup, lane);"));
      }
    }
    line("    return;\n  }");
  }

  const FusedRecipe& recipe_;
  const LinearPlan& plan_;
  std::string prologue_;
};

}  // namespace

std::span<const StageRecipe> FusedRecipe::stages_of(std::size_t product) const {
  std::size_t first = 0;
  for (std::size_t i = 0; i < product; ++i) first += products[i].stages;
  return std::span(stages.data(), stages.size()).subspan(first, products[product].stages);
}

KernelDescription FusedRecipe::describe() const {
  return FusedSource(*this).generate();
}

}  // namespace foundry::detail
