// All operations, by what they are for. An operation is bound, documented and tested because it is
// listed here.
#pragma once

#include "foundry/ops/activations.hpp"
#include "foundry/ops/append_token.hpp"
#include "foundry/ops/arange.hpp"
#include "foundry/ops/argmax.hpp"
#include "foundry/ops/attention.hpp"
#include "foundry/ops/causal_conv.hpp"
#include "foundry/ops/choose_experts.hpp"
#include "foundry/ops/clamp.hpp"
#include "foundry/ops/copy.hpp"
#include "foundry/ops/description.hpp"
#include "foundry/ops/elementwise.hpp"
#include "foundry/ops/embedding.hpp"
#include "foundry/ops/epilogues.hpp"
#include "foundry/ops/expert_gated_linear.hpp"
#include "foundry/ops/expert_linear.hpp"
#include "foundry/ops/fill.hpp"
#include "foundry/ops/gated_delta_net.hpp"
#include "foundry/ops/gated_linear.hpp"
#include "foundry/ops/gemm.hpp"
#include "foundry/ops/gemv.hpp"
#include "foundry/ops/gemv_columns.hpp"
#include "foundry/ops/gemv_tiled.hpp"
#include "foundry/ops/group_experts.hpp"
#include "foundry/ops/head_stages.hpp"
#include "foundry/ops/kv_rearrange.hpp"
#include "foundry/ops/kv_write.hpp"
#include "foundry/ops/latent_write.hpp"
#include "foundry/ops/layer_norm.hpp"
#include "foundry/ops/linear.hpp"
#include "foundry/ops/log_probabilities.hpp"
#include "foundry/ops/qkv_linear.hpp"
#include "foundry/ops/random.hpp"
#include "foundry/ops/repeat_kv.hpp"
#include "foundry/ops/rms_norm.hpp"
#include "foundry/ops/rope.hpp"
#include "foundry/ops/sample.hpp"
#include "foundry/ops/sandwich_norm.hpp"
#include "foundry/ops/softmax.hpp"
#include "foundry/ops/ssm_scan.hpp"

namespace foundry::ops {

using ProductOperations =
    OperationList<Gemv, Gemm, Linear, GatedLinear, QkvLinear, GemvColumns, TileWeights, GemvTiled>;
using ExpertOperations =
    OperationList<ChooseExperts, GroupExperts, ExpertGatedLinear, ExpertLinear>;
using AttentionOperations =
    OperationList<Attention, Rope, RopeKvWrite, LatentWrite, KvWrite, KvRearrange, RepeatKv>;
using RecurrentOperations = OperationList<CausalConv, GatedDeltaNet, SsmScan>;
using RowOperations = OperationList<RmsNorm, LayerNorm, Softmax>;
using ElementOperations = OperationList<Add, Multiply, SwiGlu, GeGlu, Clamp, Copy, Fill, Arange,
                                        RandomUniform, RandomNormal>;
using TokenOperations =
    OperationList<Embedding, Argmax, Sample, AppendToken, CountTokens, LogProbabilities>;
using StageOperations = OperationList<SandwichNorm, Bias, Residual, Scale, TokenScale, SoftCap,
                                      Silu, Gelu, GeluErf, GeluQuick, Sigmoid, Relu, ReluSquared,
                                      Xielu, ClampedSwiGlu, HeadNorm, HeadLayerNorm, CacheWrite>;

using AllOperations =
    JoinedLists<ProductOperations, ExpertOperations, AttentionOperations, RecurrentOperations,
                RowOperations, ElementOperations, TokenOperations, StageOperations>::Type;

}  // namespace foundry::ops
