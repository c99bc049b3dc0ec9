#include "foundry/ops/attention.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>

#include "foundry/fusion/policy.hpp"
#include "foundry/kernel/places.hpp"
#include "foundry/ops/checks.hpp"
#include "foundry/ops/kernel_file.hpp"
#include "foundry/ops/kv_cache.hpp"

namespace foundry::ops {
namespace {

constexpr std::uint32_t kMaxHeadDim = 576;
constexpr std::uint32_t kMostOfManyPositions = 512;  // head and value sizes of a tile of 8 or more
constexpr std::uint32_t kDecodeSimdgroups = 8;
constexpr std::uint32_t kPrefillSimdgroups = 4;
constexpr std::uint32_t kMostDecodeTokens = 8;       // as many as a gemv takes
constexpr std::uint32_t kMostDecodeElements = 32;    // of all heads of a threadgroup, per lane
constexpr std::uint32_t kLeastDecodeHeadsOnCpu = 4;  // where they lie in its cache instead
constexpr std::uint32_t kDecodeOutputs = 16384 / 4;  // floats of threadgroup memory for merging
// Of one part, at least. On a CPU a part is there to balance a few threads, on a GPU to have work
// for all of it; merging costs a dispatch.
constexpr std::uint32_t kPositionsWorthASplit = 256;
constexpr std::uint32_t kPositionsWorthASplitOnCpu = 1024;
// What the key-value heads have of a position lies side by side, and a processor that reads one
// head's share fetches lines of its neighbours'. So on a CPU no part is longer than half of a
// core's second cache can hold for all heads: there the next threadgroups, which take the other
// heads, find it. 4096 positions of 8 heads of 128, cold, on two cores of a Sapphire Rapids, whose
// second cache has 2 MiB: 10.1 GB/s whole, 13.9 in 8 parts, 13.6 in 16.
constexpr std::uint64_t kBytesOfASplitOnCpu = 1 << 20;    // where the device does not tell
constexpr std::uint32_t kThreadgroupsThatFillAGpu = 128;  // of 8 simdgroups; Metal does not tell

/// What the shape and the device make of a decoding attention.
struct DecodePlan {
  std::uint32_t simdgroups = 1;  ///< of a threadgroup
  std::uint32_t heads = 1;       ///< query heads of a threadgroup, all of one kv head
  std::uint32_t together = 1;    ///< of these, whose sums are in registers at once
  std::uint32_t keys = 1;        ///< that are multiplied at once
  std::uint32_t splits = 1;
};

std::uint32_t possible_splits(std::uint64_t splits) {
  return static_cast<std::uint32_t>(std::clamp<std::uint64_t>(splits, 1, kMaxAttentionSplits));
}

/// As many parts as fit the cache, and more where that spreads the threadgroups evenly over the
/// threads. `bytes_a_position`: keys and values of all heads.
std::uint32_t splits_on_cpu(const DeviceTraits& traits, std::uint64_t threadgroups,
                            std::uint64_t positions, std::uint64_t bytes_a_position) {
  const std::uint64_t second_cache = traits.cache_bytes[1];
  const std::uint64_t of_a_split = second_cache ? second_cache / 2 : kBytesOfASplitOnCpu;
  const std::uint64_t bytes = positions * bytes_a_position;
  const std::uint32_t least = possible_splits((bytes + of_a_split - 1) / of_a_split);
  const std::uint32_t most =
      std::max(least, possible_splits(positions / kPositionsWorthASplitOnCpu));
  const std::uint64_t threads = std::max(1u, traits.threads);
  for (std::uint32_t splits = least; splits < most; ++splits) {
    const std::uint64_t parts = threadgroups * splits;
    const std::uint64_t rounds = (parts + threads - 1) / threads;
    if (rounds * threads * 9 <= parts * 10) return splits;  // no more than a tenth of them idle
  }
  return most;
}

/// As many parts as fill a GPU.
std::uint32_t splits_on_gpu(std::uint64_t threadgroups, std::uint64_t positions) {
  return std::min(possible_splits((kThreadgroupsThatFillAGpu + threadgroups - 1) / threadgroups),
                  possible_splits(positions / kPositionsWorthASplit));
}

/// Positions that the cache has, once the new tokens are in it; for a parameter all that it may.
std::uint64_t most_positions(const Attention& op, const CacheShape& cache,
                             const HeadsShape& shape) {
  return op.start.parameter() ? cache.capacity : std::uint64_t{op.start.value()} + shape.tokens;
}

/// Elements of a head: of queries and keys, and of values.
struct HeadSizes {
  std::uint32_t key;
  std::uint32_t value;

  /// What follows a head's size where a stage is instantiated for both.
  [[nodiscard]] std::string value_argument() const {
    return value == key ? "" : concat(", ", value);
  }
};

/// Both caches; their heads may have different sizes.
CachePair attention_caches(const Attention& op) {
  const CachePair pair{cache_shape("Attention", "k_cache", op.k_cache, op.places),
                       cache_shape("Attention", "v_cache", op.v_cache, op.places)};
  require_one_cache("Attention", op.k_cache, op.v_cache, op.k_cache.rank() - 1);
  return pair;
}

/// Keys that are multiplied at once: shaders/stages/attention_decode.metal says why.
std::uint32_t keys_at_once(const DeviceTraits& device) {
  if (!device.has_register_lanes()) return 1;
  return device.has_wide_registers() ? 2 : 4;
}

/// Heads whose sums are in registers at once: of 16 registers, 32 floats take four.
std::uint32_t heads_together(const DeviceTraits& device, std::uint32_t heads) {
  if (!device.has_register_lanes() || device.has_wide_registers()) return heads;
  return heads % 2 == 0 ? 2 : heads % 3 == 0 ? 3 : 1;
}

DecodePlan plan_of(const Attention& op, const CacheShape& cache, const HeadSizes& sizes,
                   const HeadsShape& shape, const DeviceTraits& device) {
  const bool on_cpu = device.has_register_lanes();
  DecodePlan plan;
  plan.simdgroups = on_cpu ? 1 : kDecodeSimdgroups;
  const std::uint32_t group = shape.heads / cache.kv_heads;
  const std::uint32_t elements = (std::max(sizes.key, sizes.value) + kSimdWidth - 1) / kSimdWidth;
  std::uint32_t most =
      std::max(on_cpu ? kLeastDecodeHeadsOnCpu : 1u, kMostDecodeElements / elements);
  if (!on_cpu) most = std::min(most, kDecodeOutputs / kDecodeSimdgroups / sizes.value);
  for (std::uint32_t heads = 1; heads <= std::min(group, most); ++heads) {
    if (group % heads == 0) plan.heads = heads;
  }
  plan.together = heads_together(device, plan.heads);
  plan.keys = keys_at_once(device);
  if (!op.scratch) return plan;
  // As for one token that may be the cache's last, whatever tokens there are: then a token's parts,
  // and with them its sums, are the same alone and beside others.
  const std::uint64_t positions =
      op.window != 0 ? std::min(op.window, cache.capacity) : cache.capacity;
  const std::uint64_t room =
      op.scratch.count() / attention_scratch(shape.tokens, shape.heads, sizes.value, 1);
  const std::uint64_t threadgroups = shape.heads / plan.heads;
  const std::uint64_t bytes = 2ull * cache.position_stride * info(op.k_cache.dtype()).block_bytes;
  const std::uint32_t wanted = op.splits ? op.splits
                               : on_cpu  ? splits_on_cpu(device, threadgroups, positions, bytes)
                                         : splits_on_gpu(threadgroups, positions);
  plan.splits = static_cast<std::uint32_t>(std::clamp<std::uint64_t>(room, 1, wanted));
  return plan;
}

/// Positions after its own that a query attends to at most.
std::uint32_t ahead_of(const Attention& op, std::uint32_t tokens) {
  if (op.causal && op.ahead != 0) {
    throw ArgumentError(concat("Attention: ahead is ", op.ahead, ", with causal it is 0"));
  }
  return op.causal ? 0 : op.ahead != 0 ? op.ahead : tokens - 1;
}

/// A ring has what any of the new tokens attends to.
void check_ring(const Attention& op, const CacheShape& cache, const HeadsShape& shape) {
  if (op.window == 0 || !op.causal || op.mask) {
    throw ArgumentError(
        "Attention: a ring goes with causal attention that has a window and no mask");
  }
  const std::uint32_t tokens = op.places ? 1 : shape.tokens;  // of a sequence
  const std::uint64_t needed = std::uint64_t{op.window} + tokens - 1;
  if (needed > cache.capacity) {
    throw ShapeError(concat("Attention: a window of ", op.window, " and ", tokens,
                            " tokens need a ring of ", needed, " slots, it has ", cache.capacity));
  }
}

void check_mask(const Attention& op, const CacheShape& cache, const HeadsShape& shape) {
  require_float("Attention", "mask", op.mask);
  const Extents& extents = op.mask.extents();
  const std::size_t rank = extents.rank();
  const std::uint64_t positions = most_positions(op, cache, shape);
  if (rank < 2 || rank > 3 || extents[rank - 2] != shape.tokens ||
      (rank == 3 && extents[0] != shape.heads) || extents.inner() < positions) {
    throw ShapeError(concat("Attention: mask is ", to_string(extents), ", not (", shape.tokens,
                            ", ", positions, ") or (", shape.heads, ", ", shape.tokens, ", ",
                            positions, "); more positions are fine"));
  }
  if (op.mask.strides()[rank - 1] != 1 && extents.inner() != 1) {
    throw ShapeError(concat("Attention: mask must have its positions contiguous; ",
                            to_string(op.mask), " has stride ", op.mask.strides()[rank - 1]));
  }
}

/// Positions are known to nobody but the device.
void check_places(const Attention& op, const HeadsShape& shape) {
  require_places("Attention", op.places, shape.tokens, op.start);
  if (!op.causal || op.mask || op.slopes || op.form == AttentionForm::prefill) {
    throw ArgumentError(
        "Attention: places go with causal attention in the form of decoding, without mask and "
        "slopes");
  }
}

/// The dtypes that a kernel reads.
struct Operands {
  DType q;
  DType cache;
  std::optional<DType> mask;
  std::optional<DType> sinks;
  std::optional<DType> slopes;
  std::optional<DType> gate;
  bool has_places;
};

Operands operands_of(const Attention& op) {
  return {.q = op.q.dtype(),
          .cache = op.k_cache.dtype(),
          .mask = dtype_if_any(op.mask),
          .sinks = dtype_if_any(op.sinks),
          .slopes = dtype_if_any(op.slopes),
          .gate = dtype_if_any(op.gate),
          .has_places = static_cast<bool>(op.places)};
}

std::string mask_expression(const Operands& of) {
  std::string type = "AttentionNoMask";
  std::string mask = "AttentionNoMask()";
  if (of.mask) {
    type = concat("AttentionMask<", msl_type(*of.mask), ">");
    mask = concat(type, "{mask, params.mask_head_stride, params.mask_token_stride}");
  }
  if (of.slopes) {
    const std::string inner = type;
    type = concat("AttentionAlibi<", inner, ", ", msl_type(*of.slopes), ">");
    mask = concat(type, "{", mask, ", slopes, params.start}");
  }
  if (!of.sinks) return mask;
  return concat("AttentionSinks<", type, ", ", msl_type(*of.sinks), ">{", mask, ", sinks}");
}

/// What stores results to y.
std::string result_expression(const Operands& of, DType y, std::uint32_t value_dim) {
  const std::string gate = of.gate ? concat("AttentionGate<", msl_type(*of.gate), ">") : "";
  const std::string type =
      concat("AttentionResult<", value_dim, ", ", msl_type(y), of.gate ? ", " : "", gate, ">");
  if (!of.gate) return concat(type, "{y, {}}");
  return concat(type, "{y, {gate, params.gate_head_stride, params.gate_token_stride}}");
}

/// stages/<name>.metal with its arguments; `out` is what it writes.
KernelDescription describe_stage(const char* name, const Operands& of, ArgumentDescription out) {
  KernelDescription kernel;
  kernel.name = name;
  kernel.arguments = {ArgumentDescription::buffer("q", Access::read, of.q),
                      ArgumentDescription::buffer("k_cache", Access::read, of.cache),
                      ArgumentDescription::buffer("v_cache", Access::read, of.cache)};
  for (ArgumentDescription& argument : kernel.arguments) argument.strided = true;
  if (of.mask) {
    kernel.arguments.push_back(ArgumentDescription::buffer("mask", Access::read, *of.mask));
    kernel.arguments.back().strided = true;
  }
  if (of.sinks) {
    kernel.arguments.push_back(ArgumentDescription::buffer("sinks", Access::read, *of.sinks));
  }
  if (of.slopes) {
    kernel.arguments.push_back(ArgumentDescription::buffer("slopes", Access::read, *of.slopes));
  }
  if (of.gate) {
    kernel.arguments.push_back(ArgumentDescription::buffer("gate", Access::read, *of.gate));
    kernel.arguments.back().strided = true;
  }
  if (of.has_places) {
    kernel.arguments.push_back(ArgumentDescription::buffer("places", Access::read, DType::u32));
  }
  kernel.arguments.push_back(std::move(out));
  kernel.arguments.push_back(
      ArgumentDescription::value("params", struct_layout<AttentionParams>()));
  kernel.includes = {std::string(policy_of(of.cache, "Attention").file),
                     concat("stages/", name, ".metal")};
  return kernel;
}

struct DecodeRecipe {
  Operands of;
  std::optional<DType> y;  ///< none: parts of the result, in f32, which another kernel merges
  HeadSizes sizes;
  std::uint32_t heads;       ///< of a threadgroup
  std::uint32_t together;    ///< of these, in registers
  std::uint32_t keys;        ///< at once
  std::uint32_t simdgroups;  ///< of a threadgroup

  KernelDescription describe() const {
    auto kernel =
        describe_stage("attention_decode", of,
                       y ? ArgumentDescription::buffer("y", Access::write, *y)
                         : ArgumentDescription::buffer("parts", Access::write, DType::f32));
    const std::string all =
        concat(keys, ", ", sizes.key, ", ", heads, ", ", simdgroups, sizes.value_argument());
    const std::string policy = msl_policy(policy_of(of.cache, "Attention"), /*narrow=*/false);
    const std::string out = y ? result_expression(of, *y, sizes.value)
                              : concat("AttentionPart<", sizes.value, ">{parts}");
    kernel.source.text = concat(
        "kernel void attention_decode(FOUNDRY_ARGUMENTS) {\n  threadgroup AttentionDecodeMemory<",
        all, "> memory;\n  attend_decode<", policy, ", ", together, ", ", all,
        ">(\n      q, k_cache, v_cache, ", mask_expression(of), ", ",
        of.has_places ? "Placed{places}" : "Following{params.start}", ", ", out,
        ",\n      params, threadgroup_position_in_grid, memory, simdgroup_index_in_threadgroup,\n"
        "      thread_index_in_simdgroup);\n}");
    return kernel;
  }
};

struct MergeRecipe {
  DType y;
  std::optional<DType> gate;
  std::uint32_t value_dim;

  KernelDescription describe() const {
    auto kernel = kernel_file("attention_merge");
    kernel.arguments = {ArgumentDescription::buffer("parts", Access::read, DType::f32),
                        ArgumentDescription::optional_buffer(
                            "gate", Access::read, gate.value_or(DType::f32), gate.has_value()),
                        ArgumentDescription::buffer("y", Access::write, y),
                        ArgumentDescription::value("params", struct_layout<AttentionParams>())};
    kernel.arguments[1].strided = true;
    kernel.aliases = {{"Y", msl_type(y)}, {"Gate", msl_type(gate.value_or(DType::f32))}};
    kernel.constants = {{"value_dimension", value_dim}};
    return kernel;
  }
};

/// Scores that a lane of the prefill form sums at a time: 32 lanes of one fill 4 registers of AVX2
/// or 8 of NEON, and two leave room for inputs.
std::uint32_t prefill_scores(const DeviceTraits& device, const HeadSizes& sizes) {
  if (sizes.key + sizes.value > kMostOfManyPositions) {
    return device.has_register_lanes() && !device.has_wide_registers() ? 2 : 4;
  }
  return device.has_register_lanes() && !device.has_wide_registers() ? 2 : 8;
}

struct PrefillRecipe {
  Operands of;
  DType y;
  HeadSizes sizes;
  std::uint32_t scores;

  KernelDescription describe() const {
    auto kernel =
        describe_stage("attention_prefill", of, ArgumentDescription::buffer("y", Access::write, y));
    kernel.source.text = concat(
        "kernel void attention_prefill(FOUNDRY_ARGUMENTS) {\n  threadgroup "
        "AttentionPrefillMemory<",
        sizes.key, sizes.value_argument(), "> memory;\n  attend_prefill<",
        msl_policy(policy_of(of.cache, "Attention"), /*narrow=*/false), ", ", sizes.key, ", ",
        kPrefillSimdgroups, ", ", scores, sizes.value_argument(), ">(\n      q, k_cache, v_cache, ",
        mask_expression(of), ", ", result_expression(of, y, sizes.value),
        ",\n      params, threadgroup_position_in_grid.x,\n"
        "      threadgroup_position_in_grid.y, memory, simdgroup_index_in_threadgroup,\n"
        "      thread_index_in_simdgroup);\n}");
    return kernel;
  }
};

void dispatch(Encoder& encoder, const CompiledKernel& kernel, const Attention& op,
              const AnyTensor& out, bool is_whole, const AttentionParams& params,
              const DispatchConfig& config) {
  constexpr std::size_t at = offsetof(AttentionParams, start);
  std::array<ParameterUse, 3> uses{};
  if (!op.places) {
    uses[0] = cache_use(at, op.start, op.k_cache, params.tokens, op.ring);
    uses[1] = cache_use(at, op.start, op.v_cache, params.tokens, op.ring);
  }
  if (op.mask) {
    uses[2] = position_use(at, op.start, op.mask.extents().inner(), params.tokens);
  }
  InlineVector<Argument, 10> arguments;
  // Parts of a result wait for the merge with their gate.
  const AnyTensor none;
  const AnyTensor& gate = is_whole ? op.gate : none;
  for (const AnyTensor* tensor : {&op.q, &op.k_cache, &op.v_cache, &op.mask, &op.sinks, &op.slopes,
                                  &gate, &op.places, &out}) {
    if (*tensor) arguments.push_back(Argument(*tensor));
  }
  arguments.push_back(Argument::value(params, uses));
  encoder.dispatch(kernel, {arguments.data(), arguments.size()}, config);
}

}  // namespace

void Attention::encode(Encoder& encoder) const {
  const auto [k_shape, v_shape] = attention_caches(*this);
  const HeadSizes sizes{k_shape.head_dim, v_shape.head_dim};
  const std::uint32_t head_dim = sizes.key;
  const std::uint32_t kv_heads = k_shape.kv_heads;
  const HeadsShape shape = heads_shape("Attention", "q", q, head_dim);
  const HeadStrides q_strides = head_strides("Attention", "q", q, head_dim);
  require_float("Attention", "y", y);
  require_count("Attention", "y", y, std::uint64_t{shape.tokens} * shape.heads * sizes.value);
  if (places) {
    check_places(*this, shape);
  } else {
    require_capacity("Attention", k_shape, start, shape.tokens, ring);
  }
  if (ring) check_ring(*this, k_shape, shape);
  if (shape.heads % kv_heads != 0) {
    throw ShapeError(concat("Attention: q has ", shape.heads,
                            " heads, not a multiple of the cache's ", kv_heads));
  }
  for (const std::uint32_t size : {sizes.key, sizes.value}) {
    if (size > kMaxHeadDim || size % 2 != 0) {
      throw ShapeError(concat("Attention: heads of ", size, " elements; even sizes up to ",
                              kMaxHeadDim, " are possible"));
    }
  }
  if (sinks) {
    require_float("Attention", "sinks", sinks);
    require_count("Attention", "sinks", sinks, shape.heads);
  }
  if (slopes) {
    require_float("Attention", "slopes", slopes);
    require_count("Attention", "slopes", slopes, shape.heads);
  }
  if (gate) require_count("Attention", "gate", gate, y.count());
  if (!(soft_cap >= 0.0f)) {
    throw ArgumentError(concat("Attention: soft_cap is ", soft_cap, ", not 0 or above"));
  }
  if (splits > kMaxAttentionSplits) {
    throw ArgumentError(
        concat("Attention: ", splits, " splits, up to ", kMaxAttentionSplits, " are possible"));
  }
  if (scratch && scratch.dtype() != DType::f32) {
    throw DTypeError(concat("Attention: scratch takes f32, got ", scratch.describe()));
  }
  AttentionParams params{shape.tokens,
                         shape.heads,
                         kv_heads,
                         start.value(),
                         window,
                         ahead_of(*this, shape.tokens),
                         1,
                         scale != 0.0f ? scale : 1.0f / std::sqrt(static_cast<float>(head_dim)),
                         soft_cap,
                         k_shape.position_stride,
                         k_shape.head_stride,
                         v_shape.position_stride,
                         v_shape.head_stride,
                         0,
                         0,
                         q_strides.token,
                         q_strides.head,
                         0,
                         0,
                         ring_slots(k_shape, ring),
                         k_shape.sequence_stride,
                         v_shape.sequence_stride};
  if (mask) {
    check_mask(*this, k_shape, shape);
    const auto& strides = mask.strides();
    const std::size_t rank = mask.rank();
    params.mask_token_stride = in_32_bits("Attention", "the mask's stride", strides[rank - 2]);
    if (rank == 3)
      params.mask_head_stride = in_32_bits("Attention", "the mask's stride", strides[0]);
  }
  if (gate) {
    static_cast<void>(heads_shape("Attention", "gate", gate, sizes.value));
    const HeadStrides own = head_strides("Attention", "gate", gate, sizes.value);
    params.gate_token_stride = own.token;
    params.gate_head_stride = own.head;
  }

  const bool decode = form == AttentionForm::automatic ? places || shape.tokens <= kMostDecodeTokens
                                                       : form == AttentionForm::decode;
  if (!decode) {
    const auto kernel =
        encoder.kernel(PrefillRecipe{.of = operands_of(*this),
                                     .y = y.dtype(),
                                     .sizes = sizes,
                                     .scores = prefill_scores(encoder.device().traits(), sizes)});
    const std::uint64_t rows = std::uint64_t{shape.tokens} * (shape.heads / kv_heads);
    const std::uint64_t block = kPrefillSimdgroups * kSimdWidth;
    dispatch(encoder, *kernel, *this, y, true, params,
             threadgroups_of(kPrefillSimdgroups, kv_heads, (rows + block - 1) / block));
    return;
  }

  const DecodePlan plan = plan_of(*this, k_shape, sizes, shape, encoder.device().traits());
  params.splits = plan.splits;
  const bool whole = plan.splits == 1;
  Operands of = operands_of(*this);
  if (!whole) of.gate = std::nullopt;
  const auto kernel =
      encoder.kernel(DecodeRecipe{.of = of,
                                  .y = whole ? std::optional(y.dtype()) : std::nullopt,
                                  .sizes = sizes,
                                  .heads = plan.heads,
                                  .together = plan.together,
                                  .keys = plan.keys,
                                  .simdgroups = plan.simdgroups});
  dispatch(encoder, *kernel, *this, whole ? y : scratch, whole, params,
           threadgroups_of(plan.simdgroups, shape.heads / plan.heads, shape.tokens, plan.splits));
  if (whole) return;
  const auto merge = encoder.kernel(
      MergeRecipe{.y = y.dtype(), .gate = dtype_if_any(gate), .value_dim = sizes.value});
  encoder.dispatch(*merge, {scratch, gate, y, Argument::value(params)},
                   threadgroups_of(1, shape.heads, shape.tokens));
}

Traffic Attention::traffic() const {
  const CachePair cache = attention_caches(*this);
  const std::uint64_t tokens = heads_shape("Attention", "q", q, cache.k.head_dim).tokens;
  // Positions that any of the tokens attends to; of K and V alike. Of places it is what there is.
  const std::uint64_t first = start.value() + std::uint64_t{1};
  const std::uint64_t end = places ? tokens * cache.k.capacity : start.value() + tokens;
  const std::uint64_t begin = !places && window != 0 && first > window ? first - window : 0;
  const std::uint64_t elements =
      std::uint64_t{cache.k.kv_heads} * (cache.k.head_dim + cache.v.head_dim);
  const std::uint64_t position = bytes_of_position(k_cache.dtype(), elements);
  Traffic traffic = traffic_of({&q, &sinks, &slopes, &gate, &places}, {&y}) +
                    Traffic{(end - begin) * position, 0};
  if (mask) {
    const std::uint64_t rows = mask.rank() == 3 ? mask.extents()[0] * tokens : tokens;
    traffic.reads += rows * (end - begin) * info(mask.dtype()).block_bytes;
  }
  return traffic;
}

Attention::operator MainStage() const {
  MainStage stage;
  stage.name = "Attention";
  stage.alone = "its result is mixed over positions, not one product per row";
  return stage;
}

}  // namespace foundry::ops
