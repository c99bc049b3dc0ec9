#include "foundry/fusion/linear_source.hpp"

#include <algorithm>

#include "foundry/core/concat.hpp"
#include "foundry/fusion/policy.hpp"

namespace foundry::detail {
namespace {

/// Collects arguments and source of one kernel.
class LinearSource {
 public:
  explicit LinearSource(const FusedRecipe& recipe) : recipe_(recipe), plan_(recipe.plan) {
    description_.name = *recipe.name;
  }

  KernelDescription generate() {
    tensor("x", Access::read, recipe_.x);
    const std::string prologue = prologue_expression();
    include(main_file());
    if (plan_.unit != 0) include("lib/heads.metal");
    open(prologue);
    for (std::size_t i = 0; i < recipe_.products.size(); ++i) {
      part(i);
      if (i + 1 < recipe_.products.size()) next_part(i);
    }
    line("}");
    description_.arguments.push_back(
        ArgumentDescription::value("params", struct_layout<LinearParams>()));
    if (plan_.unit != 0) {
      description_.arguments.push_back(
          ArgumentDescription::value("heads", struct_layout<HeadParams>()));
    }
    return std::move(description_);
  }

 private:
  void line(const std::string& text) { description_.source.text += text + "\n"; }
  void include(std::string_view path) { description_.includes.emplace_back(path); }
  void tensor(const std::string& name, Access access, DType dtype) {
    description_.arguments.push_back(ArgumentDescription::buffer(name, access, dtype));
  }

  std::string prologue_expression() {
    const std::string x = msl_type(recipe_.x);
    if (!recipe_.prologue) {
      include("stages/direct.metal");
      return concat("const Direct<", x, "> prologue = {x, params.columns};");
    }
    const StageType& type = *recipe_.prologue->type;
    include(type.file);
    std::string types = x;
    std::string members = "x";
    if (type.tensor != StageTensor::none) {
      const std::string name = concat("prologue_", type.argument);
      tensor(name, Access::read, *recipe_.prologue->tensor);
      types += ", " + msl_type(*recipe_.prologue->tensor);
      members += ", " + name;
    }
    if (type.has_scalar) {
      description_.arguments.push_back(ArgumentDescription::value("prologue_scalar", DType::f32));
      members += ", prologue_scalar";
    }
    return concat("const ", type.name, "<", types, "> prologue = {", members, ", params.columns};");
  }

  /// "Bias<half>{bias0_0}", its tensor and scalar becoming arguments.
  std::string stage_expression(const StageRecipe& stage, const std::string& suffix) {
    const StageType& type = *stage.type;
    include(type.file);
    std::string types;
    std::string members;
    if (type.tensor != StageTensor::none && !stage.tensor) {
      types = "<float>";
      members = "nullptr";
    } else if (type.tensor != StageTensor::none) {
      const std::string name = concat(type.argument, suffix);
      tensor(name, Access::read, *stage.tensor);
      types = concat("<", msl_type(*stage.tensor), ">");
      members = name;
    }
    if (type.has_scalar) {
      const std::string name = concat(type.argument, "_scalar", suffix);
      description_.arguments.push_back(ArgumentDescription::value(name, DType::f32));
      members += (members.empty() ? "" : ", ") + name;
    }
    return concat(type.name, types, "{", members, "}");
  }

  std::string weights_argument(const char* name, std::size_t part, DType weights) {
    const std::string argument = concat(name, part);
    tensor(argument, Access::read, weights);
    include(policy_of(weights, *recipe_.name).file);
    return argument;
  }

  std::uint32_t width(DType weights) const {
    return policy_width(policy_of(weights, *recipe_.name), plan_.narrow);
  }
  std::string policy(DType weights) const {
    return msl_policy(policy_of(weights, *recipe_.name), plan_.narrow);
  }

  /// `value = ...;` for the activation's product and each epilogue of a part.
  std::string epilogue_lines(std::size_t index, const std::string& gate, const std::string& token,
                             const std::string& row, const std::string& indent) {
    const ProductRecipe& part = recipe_.products[index];
    const std::string place = concat(token, ", ", row, ", params.rows[", index, "])");
    std::string text;
    if (part.gate) {
      const std::string activation =
          part.activation ? concat(stage_expression({part.activation, {}}, concat("_gate", index)),
                                   ".apply(", gate, ", ", place)
                          : gate;
      text += concat(indent, "value *= ", activation, ";\n");
    }
    const auto stages = recipe_.stages_of(index);
    for (std::size_t e = 0; e < stages.size(); ++e) {
      if (is_head_stage(*stages[e].type)) break;
      text += concat(indent, "value = ", stage_expression(stages[e], concat(index, "_", e)),
                     ".apply(value, ", place, ";\n");
    }
    return text;
  }

  std::string output_argument(std::size_t index) {
    const std::string name = concat("y", index);
    const auto stages = recipe_.stages_of(index);
    const bool is_cache = !stages.empty() && stages.back().type->kind == StageKind::store;
    tensor(name, is_cache ? Access::write_some : Access::write, recipe_.products[index].y);
    // The thread that stores a result is the one that reads its epilogues' values for it.
    for (std::size_t e = 0; e < stages.size(); ++e) {
      if (stages[e].type->tensor != StageTensor::result) continue;
      allow_in_place(description_, name, concat(stages[e].type->argument, index, "_", e));
    }
    return name;
  }

  const char* main_file() const {
    switch (plan_.form) {
      case LinearForm::gemm_lanes:
        return "stages/gemm.metal";
      case LinearForm::gemm_matrices:
        return "stages/gemm_matrices.metal";
      default:
        return "stages/gemv.metal";
    }
  }

  /// Tiles of all parts follow one another in the grid.
  std::string tiles_of(std::size_t index) const {
    const std::uint32_t rows = rows_of_tile(plan_, recipe_.products[index].gate.has_value());
    return concat("(params.rows[", index, "] + ", rows - 1, ") / ", rows);
  }

  void open(const std::string& prologue) {
    const bool by_simdgroup = plan_.form == LinearForm::gemv && plan_.unit == 0;
    const bool gated = std::any_of(recipe_.products.begin(), recipe_.products.end(),
                                   [](const auto& part) { return part.gate.has_value(); });
    if (plan_.form == LinearForm::gemm_lanes) {
      line(concat("static_assert(kGemmTokens == ", kLanesTile.tokens,
                  " && kGemmRows == ", kLanesTile.rows, ", \"as on the host\");"));
    }
    if (plan_.form == LinearForm::gemm_matrices) {
      line(concat("static_assert(kMatrixTokens == ", kMatrixTile.tokens,
                  " && kMatrixRows == ", kMatrixTile.rows,
                  " && kMatrixSimdgroups == ", kMatrixTile.simdgroups, ", \"as on the host\");"));
    }
    line(concat("kernel void ", *recipe_.name, "(FOUNDRY_ARGUMENTS) {"));
    if (plan_.unit != 0) line(concat("  threadgroup float values[", plan_.unit, "];"));
    if (plan_.form == LinearForm::gemm_lanes) line("  threadgroup GemmMemory memory;");
    if (plan_.form == LinearForm::gemm_matrices) {
      line("  threadgroup MatrixMemory memory;");
      if (gated) line("  threadgroup float gates[kMatrixTokens * kMatrixRows];");
    }
    line("  const uint lane = thread_index_in_simdgroup;");
    if (by_simdgroup) {
      line(
          "  uint tile = threadgroup_position_in_grid.x * simdgroups_per_threadgroup +\n"
          "              simdgroup_index_in_threadgroup;");
    } else {
      line("  const uint simdgroup = simdgroup_index_in_threadgroup;");
      line("  uint tile = threadgroup_position_in_grid.x;");
    }
    if (plan_.form != LinearForm::gemv) {
      line(concat("  const uint token = threadgroup_position_in_grid.y * ",
                  tile_of(plan_.form).tokens, ";"));
    }
    if (plan_.form == LinearForm::gemv) {
      declare_input(prologue);
    } else {
      line("  " + prologue);
    }
  }

  void part(std::size_t index) {
    line(concat("  if (tile < ", tiles_of(index), ") {"));
    if (plan_.unit != 0) {
      head_part(index);
    } else if (plan_.form == LinearForm::gemv) {
      gemv_part(index);
    } else if (plan_.form == LinearForm::gemm_lanes) {
      lanes_part(index);
    } else {
      matrices_part(index);
    }
    line("    return;\n  }");
  }
  void next_part(std::size_t index) { line(concat("  tile -= ", tiles_of(index), ";")); }

  /// `prologue`, from which the products take their input: the stage itself, or its result.
  void declare_input(const std::string& prologue) {
    if (!plan_.input_in_memory) return line("  " + prologue);
    include("lib/gemv_input.metal");
    line("  threadgroup GemvInput input;");
    line("  {\n    " + prologue);
    line(
        "    prepare_floats(prologue, params.columns, input, simdgroup_index_in_threadgroup,\n"
        "                   simdgroups_per_threadgroup, lane);\n  }");
    const bool integer = std::any_of(
        recipe_.products.begin(), recipe_.products.end(), [&](const ProductRecipe& part) {
          return has_integer_form(part.weights) || (part.gate && has_integer_form(*part.gate));
        });
    if (integer) {
      include("stages/gemv_pairs.metal");
      line(
          "  prepare_pairs(params.columns, input, simdgroup_index_in_threadgroup,\n"
          "                simdgroups_per_threadgroup, lane);");
    }
    line("  const InMemory prologue = in_memory(input);");
  }

  bool has_integer_form(DType weights) const {
    return plan_.input_in_memory && policy_of(weights, *recipe_.name).has_integer_form;
  }

  /// The rows of a simdgroup, one per lane.
  std::string gemv_product(std::size_t index, DType weights, const std::string& argument,
                           const std::string& tile) const {
    const std::string place = concat("params.rows[", index, "],\n                        ",
                                     "params.columns, ", tile, ", lane)");
    if (has_integer_form(weights)) {
      return concat("gemv_rows_of_pairs<", policy(weights), ", ",
                    policy_of(weights, *recipe_.name).name, "Integer, ", width(weights), ", ",
                    plan_.rows_per_simdgroup, ">(", argument, ", prologue, ", place);
    }
    return concat("gemv_rows<", policy(weights), ", ", width(weights), ", ", plan_.rows_together,
                  ", ", plan_.rows_per_simdgroup, ">(", argument, ", prologue, scale, ", place);
  }

  void gemv_part(std::size_t index) {
    const ProductRecipe& part = recipe_.products[index];
    const std::uint32_t rows = plan_.rows_per_simdgroup;
    const auto product = [&](DType weights, const std::string& argument) {
      return gemv_product(index, weights, argument, "NeighbourRows{row}");
    };
    const std::string weights = weights_argument("weights", index, part.weights);
    const std::string gate = part.gate ? weights_argument("gate", index, *part.gate) : "";
    const std::string epilogues = epilogue_lines(index, "gate_value", "0", "row + lane", "      ");
    const std::string y = output_argument(index);
    line("    const float scale = prologue.scale(0, lane);");
    line(concat("    const uint row = tile * ", rows, ";"));
    if (part.gate) line(concat("    const float gate_value = ", product(*part.gate, gate), ";"));
    line(concat("    float value = ", product(part.weights, weights), ";"));
    line(concat("    if (lane < ", rows, " && row + lane < params.rows[", index, "]) {"));
    description_.source.text += epilogues;
    line(concat("      ", y, "[row + lane] = ", msl_type(part.y), "(value);"));
    line("    }");
  }

  /// Whether y has heads, and strides of its own for them.
  bool has_heads(std::size_t index) const {
    const auto stages = recipe_.stages_of(index);
    return !stages.empty() && is_head_stage(*stages.back().type);
  }

  /// The head stages of a part as expressions; empty where it has none.
  struct HeadStages {
    std::string norm;
    std::string turn;
    std::string store;
    bool interleaved = false;
  };

  HeadStages head_stages(std::size_t index) {
    const auto stages = recipe_.stages_of(index);
    HeadStages found;
    for (std::size_t e = 0; e < stages.size(); ++e) {
      const StageType& type = *stages[e].type;
      if (!is_head_stage(type)) continue;
      if (type.kind == StageKind::store) {
        include(type.file);
        found.store = concat(type.name, "{heads.start, heads.position_stride[", index,
                             "], heads.head_stride[", index, "]}");
        continue;
      }
      (type.kind == StageKind::head_norm ? found.norm : found.turn) =
          stage_expression(stages[e], concat(index, "_", e));
      found.interleaved |= type.is_interleaved;
    }
    if (found.store.empty()) {
      found.store = has_heads(index) ? concat("HeadStore{heads.head_stride[", index, "]}")
                                     : concat("HeadStore{", plan_.head_dim, "}");
    }
    return found;
  }

  void head_part(std::size_t index) {
    const ProductRecipe& part = recipe_.products[index];
    const std::uint32_t rows = plan_.rows_per_simdgroup;
    const std::string weights = weights_argument("weights", index, part.weights);
    const std::string epilogues = epilogue_lines(index, "", "0", "rows.row(lane)", "        ");
    const HeadStages stages = head_stages(index);
    const std::string y = output_argument(index);
    if (has_heads(index)) description_.arguments.back().strided = true;
    const std::string unit = concat("HeadUnit<", plan_.head_dim, ", ", plan_.unit, ", ", rows, ", ",
                                    stages.interleaved ? "true" : "false", ">");
    line("    const float scale = prologue.scale(0, lane);");
    line(concat("    for (uint t = simdgroup; t < ", unit,
                "::kTiles; t += simdgroups_per_threadgroup) {"));
    line(concat("      const ", unit, " rows = {tile, t};"));
    line(concat("      float value = ", gemv_product(index, part.weights, weights, "rows"), ";"));
    line("      if (lane < " + std::to_string(rows) + " && rows.inside(lane)) {");
    description_.source.text += epilogues;
    line("        values[rows.slot(lane)] = value;");
    line("      }\n    }");
    line("    threadgroup_barrier(mem_flags::mem_threadgroup);");
    line("    if (simdgroup != 0) return;");
    if (!stages.norm.empty()) {
      line(concat("    const auto norm = ", stages.norm, ";"));
      line(concat("    const float norm_scale = norm.scale(values, ", plan_.head_dim, ", lane);"));
    }
    if (!stages.turn.empty()) line(concat("    const auto turn = ", stages.turn, ";"));
    line(concat("    const auto store = ", stages.store, ";"));
    line(concat("    for (uint p = lane; p < ", plan_.unit / 2, "; p += 32) {"));
    line(concat("      const ", unit, " at = {tile, 0};"));
    line("      const RopePair elements = at.elements(p);");
    line(concat("      float2 pair = float2(values[p], values[", plan_.unit / 2, " + p]);"));
    if (!stages.norm.empty()) line("      pair = norm.apply(pair, elements, norm_scale);");
    if (!stages.turn.empty()) {
      line(concat("      pair = turn.apply(pair, at.pair(p), ", plan_.head_dim, ", heads.start);"));
    }
    const std::string type = msl_type(part.y);
    for (const char* which : {"first", "second"}) {
      line(concat("      ", y, "[store.at(at.head(), elements.", which, ")] = ", type, "(pair.",
                  which[0] == 'f' ? "x" : "y", ");"));
    }
    line("    }");
  }

  void lanes_part(std::size_t index) {
    const ProductRecipe& part = recipe_.products[index];
    const std::uint32_t rows = rows_of_tile(plan_, part.gate.has_value());
    const auto round = [&](DType weights, const std::string& argument, std::uint32_t slot) {
      return concat("      gemm_round<", policy(weights), ", ", rows, ", ", plan_.rows_together,
                    ">(", argument, ", params.rows[", index,
                    "], params.columns, row, first,\n          token_blocks, ", slot,
                    ", memory, lane);");
    };
    const std::string weights = weights_argument("weights", index, part.weights);
    const std::string gate = part.gate ? weights_argument("gate", index, *part.gate) : "";
    const std::uint32_t own = part.gate ? rows : 0;  // the gate's sums come first
    const std::string epilogues =
        epilogue_lines(index, "memory.sums[gemm_place(r, t / 32) + t % 32 * 32 + lane]",
                       "token + t", "own_row", "        ");
    const std::string y = output_argument(index);
    line(concat("    const uint row = tile * ", rows, ";"));
    line("    const uint token_blocks = gemm_token_blocks(params.tokens, token);");
    line("    gemm_begin(prologue, params.tokens, token, memory, lane);");
    line("    for (uint first = 0; first < params.columns; first += kGemmDepth) {");
    line("      gemm_input(prologue, params.tokens, params.columns, token, first, memory, lane);");
    if (part.gate) line(round(*part.gate, gate, 0));
    line(round(part.weights, weights, own));
    line("    }");
    line("    gemm_end(token_blocks, memory, lane);");
    line(concat("    for (uint r = 0; r < ", rows, "; r += 32) {"));
    line("      const uint own_row = row + r + lane;");
    line(concat("      if (own_row >= params.rows[", index, "]) continue;"));
    line("      for (uint t = 0; t < min(kGemmTokens, params.tokens - token); ++t) {");
    line(concat("        float value = memory.sums[gemm_place(r + ", own,
                ", t / 32) + t % 32 * 32 + lane];"));
    description_.source.text += epilogues;
    line(concat("        ", y, "[(token + t) * params.rows[", index,
                "] + own_row] = ", msl_type(part.y), "(value);"));
    line("      }\n    }");
  }

  void matrices_part(std::size_t index) {
    const ProductRecipe& part = recipe_.products[index];
    const auto product = [&](DType weights, const std::string& argument, const char* results) {
      return concat("    gemm_matrices<", policy(weights), ">(", argument,
                    ", prologue, params.tokens, params.rows[", index,
                    "], params.columns, token, row,\n        memory, ", results,
                    ", simdgroup, lane);");
    };
    const std::string weights = weights_argument("weights", index, part.weights);
    const std::string gate = part.gate ? weights_argument("gate", index, *part.gate) : "";
    const std::string epilogues = epilogue_lines(index, "gates[i]", "at_token", "at_row", "      ");
    const std::string y = output_argument(index);
    line(concat("    const uint row = tile * ", kMatrixTile.rows, ";"));
    if (part.gate) line(product(*part.gate, gate, "gates"));
    line(product(part.weights, weights, "memory.values"));
    line("    for (uint i = simdgroup * 32 + lane; i < kMatrixTokens * kMatrixRows;");
    line("         i += kMatrixSimdgroups * 32) {");
    line("      const uint at_token = token + i / kMatrixRows;");
    line("      const uint at_row = row + i % kMatrixRows;");
    line(concat("      if (at_token >= params.tokens || at_row >= params.rows[", index,
                "]) continue;"));
    line("      float value = memory.values[i];");
    description_.source.text += epilogues;
    line(concat("      ", y, "[at_token * params.rows[", index, "] + at_row] = ", msl_type(part.y),
                "(value);"));
    line("    }");
  }

  const FusedRecipe& recipe_;
  const LinearPlan& plan_;
  KernelDescription description_;
};

}  // namespace

std::uint32_t rows_of_tile(const LinearPlan& plan, bool is_gated) {
  if (plan.form == LinearForm::gemm_lanes && is_gated) return kLanesTile.rows / 2;
  if (plan.form != LinearForm::gemv) return tile_of(plan.form).rows;
  return plan.unit != 0 ? plan.unit : plan.rows_per_simdgroup;
}

std::span<const StageRecipe> FusedRecipe::stages_of(std::size_t product) const {
  std::size_t first = 0;
  for (std::size_t i = 0; i < product; ++i) first += products[i].stages;
  return std::span(stages.data(), stages.size()).subspan(first, products[product].stages);
}

KernelDescription FusedRecipe::describe() const {
  return LinearSource(*this).generate();
}

}  // namespace foundry::detail
