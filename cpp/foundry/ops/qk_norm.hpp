// QkNorm: which norm queries and keys have, and when.
#pragma once

#include "foundry/ops/description.hpp"

namespace foundry::ops {

enum class QkNorm : std::uint8_t { head, row, head_layer };
template <>
inline constexpr auto kChoices<QkNorm> = choices<QkNorm>(
    "Which norm queries and keys have.",
    {{QkNorm::head, "head",
      "RMSNorm of every head by itself, with (head_dim,) weights (Qwen 3, Gemma 3)"},
     {QkNorm::row, "row",
      "RMSNorm of all heads at once, with (heads * head_dim,) weights (OLMo 2)"},
     {QkNorm::head_layer, "head_layer",
      "LayerNorm of every head by itself, with (heads * head_dim,) weights (Command R+)"}});

/// Of an operation that turns queries and keys.
struct QkNormSettings {
  AnyTensor query_norm = {};
  AnyTensor key_norm = {};
  float norm_epsilon = 1e-6f;
  QkNorm norm = QkNorm::head;
  bool norm_after_rope = false;
  bool norm_values = false;

  static constexpr auto fields =
      std::tuple(optional_read<&QkNormSettings::query_norm>(
                     Elements::floats, "(head_dim,), or (heads * head_dim,) as `norm` says"),
                 optional_read<&QkNormSettings::key_norm>(Elements::floats,
                                                          "(head_dim,), or (kv_heads * head_dim,)"),
                 setting<&QkNormSettings::norm_epsilon>("of the norms"),
                 setting<&QkNormSettings::norm>("which norm it is"),
                 setting<&QkNormSettings::norm_after_rope>("the norms follow RoPE (Hunyuan)"),
                 setting<&QkNormSettings::norm_values>(
                     "every head of the values gets RMSNorm, too, without weights (Gemma 4)"));
};

}  // namespace foundry::ops
