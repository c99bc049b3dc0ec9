#include "foundry/fusion/linear_plan.hpp"

#include <algorithm>

#include "foundry/core/error.hpp"
#include "foundry/fusion/policy.hpp"

namespace foundry::detail {
namespace {

constexpr std::uint32_t kMaxRowsPerSimdgroup = 8;
constexpr std::uint32_t kDefaultRowsPerSimdgroup = 4;
constexpr std::uint32_t kDefaultSimdgroups = 4;
// With narrow lanes a threadgroup is one simdgroup, which needs no barrier between threads, and
// takes as many rows as it has lanes: shaders/lib/gemv_input.metal says why.
constexpr std::uint32_t kNarrowRowsPerSimdgroup = 32;
constexpr std::uint32_t kNarrowSimdgroups = 1;
// A processor's prefetcher follows one row to its end and on into the next; four rows side by side
// ran at half the speed (rows of 576 weights on Zen 3), whatever is saved in loads of the input.
constexpr std::uint32_t kNarrowRowsTogether = 1;
// A gemm's sums of one row are as many registers as 32 floats take: of 16 or of 32.
constexpr std::uint32_t kGemmRowsTogether = 2;
constexpr std::uint32_t kWideGemmRowsTogether = 8;

/// Rows of a head that one threadgroup takes: the largest divisor of the head, in whole tiles, up
/// to what suits the device. A CPU takes as many as it has lanes for pairs, so that one evaluation
/// of sine and cosine serves them all; a GPU takes few, to have many threadgroups. With a head
/// norm, or where results become blocks, it is the whole head.
std::uint32_t unit_of(const LinearShape& shape, bool narrow, std::uint32_t tile) {
  if (shape.takes_whole_heads) return shape.head_dim;
  const std::uint32_t most = narrow ? 2 * kSimdWidth : kDefaultSimdgroups * tile;
  for (std::uint32_t unit = most / tile * tile; unit != 0; unit -= tile) {
    if (shape.head_dim % unit == 0) return unit;
  }
  return shape.head_dim;
}

std::uint64_t divide_up(std::uint64_t a, std::uint64_t b) {
  return (a + b - 1) / b;
}

/// Tiles of rows that a simdgroup takes of one expert before the next: a processor reads on where
/// it has read, and an expert's input is made ready once for them. As many as leave each thread
/// four threadgroups.
std::uint32_t tiles_of_sum(std::uint64_t rows, const DeviceTraits& traits) {
  constexpr std::uint32_t kMostTiles = 4;
  const std::uint64_t threads = std::max(1u, traits.threads);
  std::uint32_t tiles = kMostTiles;
  while (tiles > 1 && rows < 4 * threads * tiles * kNarrowRowsPerSimdgroup) tiles /= 2;
  return tiles;
}

// What a head's unit may take of threadgroup memory, in floats, beside a gemv's input.
constexpr std::uint32_t kHeadFloats = 1000;

/// Tokens that a gemv's threadgroup takes, whose weights are decoded once for them.
std::uint32_t tokens_together(const LinearPlan& plan, const LinearShape& x) {
  if (x.tokens == 1) return 0;
  std::uint32_t together = x.tokens == 2 ? 2 : kGemvTokensTogether;
  while (together > 1 && ((plan.input_in_memory && together * x.columns > kGemvInputColumns) ||
                          together * plan.unit > kHeadFloats)) {
    together /= 2;
  }
  return together;
}

// A gemm's lanes are tokens: for one or for 32 it takes the same time, in which a gemv takes about
// ten. (One by one the tokens find the expert's weights in the processor's caches.)
constexpr std::uint32_t kFewTokens = 8;

// Rows that matrix units take for each pass over the input: more where a core's second cache does
// not keep what it was made ready as. (512 tokens on an Emerald Rapids Xeon with AMX, whose second
// cache has 2 MiB, billion multiply-adds a second: of 576 columns 183 and 175, of 4096 112 and
// 136.)
constexpr std::uint32_t kTilesRowsOfPass = 32;
constexpr std::uint32_t kManyTilesRowsOfPass = 64;

std::uint32_t tiles_rows(const LinearShape& x, const DeviceTraits& traits) {
  const std::uint64_t bytes = 2 * linear_scratch(kTilesTile.tokens, x.columns);
  return bytes <= traits.cache_bytes[1] ? kTilesRowsOfPass : kManyTilesRowsOfPass;
}

bool takes_tiles(const LentFusedKernel& kernel, const LinearShape& x, const DeviceTraits& traits) {
  return traits.has_matrix_units && kernel.scratch != nullptr && *kernel.scratch && x.experts == 0;
}

}  // namespace

std::uint32_t rows_of_tile(const LinearPlan& plan, bool is_gated) {
  if (plan.form == LinearForm::gemm_lanes && is_gated) return kLanesTile.rows / 2;
  if (plan.form == LinearForm::gemm_tiles) return plan.rows_together;
  if (plan.form != LinearForm::gemv) return tile_of(plan.form).rows;
  return plan.unit != 0 ? plan.unit : plan.rows_per_simdgroup * plan.tiles;
}

LinearPlan plan_of(const LentFusedKernel& kernel, const LinearShape& x, const Device& device) {
  const DeviceTraits& traits = device.traits();
  LinearPlan plan;
  plan.narrow = traits.has_register_lanes();
  plan.form = kernel.options.form;
  if (plan.form == LinearForm::automatic) {
    const bool by_one =
        x.experts != 0 ? kernel.experts->groups == nullptr : x.tokens <= kGemvTokens;
    plan.form = by_one ? LinearForm::gemv : LinearForm::gemm;
  }
  if (plan.form == LinearForm::gemm) {
    plan.form = takes_tiles(kernel, x, traits) ? LinearForm::gemm_tiles
                : plan.narrow                  ? LinearForm::gemm_lanes
                                               : LinearForm::gemm_matrices;
  }
  const bool leaves_form =
      kernel.options.form == LinearForm::automatic || kernel.options.form == LinearForm::gemm;
  if (x.experts != 0 && plan.form == LinearForm::gemm_lanes && leaves_form) {
    plan.few_tokens = kFewTokens;
  }
  const std::uint32_t rows = kernel.options.rows_per_simdgroup;
  const std::uint32_t simdgroups = kernel.options.simdgroups;
  if (rows > kMaxRowsPerSimdgroup || simdgroups > kMaxSimdgroups) {
    throw ArgumentError(concat(label_of(kernel), ": ", rows, " rows per simdgroup and ", simdgroups,
                               " simdgroups, up to ", kMaxRowsPerSimdgroup, " and ", kMaxSimdgroups,
                               " are possible"));
  }
  plan.rows_per_simdgroup = rows          ? rows
                            : plan.narrow ? kNarrowRowsPerSimdgroup
                                          : kDefaultRowsPerSimdgroup;
  plan.rows_together = plan.narrow ? kNarrowRowsTogether : plan.rows_per_simdgroup;
  if (plan.form == LinearForm::gemm_lanes) {
    plan.rows_together = traits.has_wide_registers() ? kWideGemmRowsTogether : kGemmRowsTogether;
  }
  if (plan.form == LinearForm::gemm_tiles) plan.rows_together = tiles_rows(x, traits);
  plan.input_in_memory =
      plan.form == LinearForm::gemv && plan.narrow && x.columns <= kGemvInputColumns;
  if (x.experts != 0 && plan.narrow && x.results != x.slots) {
    plan.tiles = tiles_of_sum(rows_of(*kernel.products[0].weights), traits);
  }
  if (x.head_dim != 0) {
    if (plan.rows_per_simdgroup % 2 != 0) {
      throw ArgumentError(concat(label_of(kernel), ": ", plan.rows_per_simdgroup,
                                 " rows per simdgroup are no whole pairs of a head"));
    }
    plan.head_dim = x.head_dim;
    plan.unit = unit_of(x, plan.narrow, plan.rows_per_simdgroup);
  }
  if (plan.form == LinearForm::gemv && x.experts == 0) {
    plan.tokens_together = tokens_together(plan, x);
  }
  return plan;
}

LinearPlan plan_of_few(const LentFusedKernel& kernel, const LinearShape& shape,
                       const Device& device, const LinearPlan& gemm) {
  LentFusedKernel few = kernel;
  few.options.form = LinearForm::gemv;
  LinearPlan plan = plan_of(few, shape, device);
  plan.few_tokens = gemm.few_tokens;
  return plan;
}

DispatchConfig config_of(const LentFusedKernel& kernel, const LinearPlan& plan,
                         const LinearShape& x) {
  std::uint64_t tiles = 0;
  for (const LentProduct& product : kernel.products) {
    tiles += divide_up(rows_of(*product.weights), rows_of_tile(plan, product.gate != nullptr));
  }
  if (plan.form != LinearForm::gemv) {
    const GemmTile& gemm = tile_of(plan.form);
    std::uint64_t blocks = divide_up(x.results, gemm.tokens);
    // Each expert's last block may have a few tokens only, and so may ids that are no experts.
    if (x.experts != 0) blocks = std::min(x.slots, blocks + x.experts);
    return threadgroups_of(gemm.simdgroups, tiles, blocks);
  }
  // Of a few tokens the next take the same tile, which a processor's caches have.
  const auto groups_of_tiles = [&](std::uint64_t simdgroups, std::uint64_t rows) {
    if (plan.tokens_together == 0) return threadgroups_of(simdgroups, rows);
    return threadgroups_of(simdgroups, divide_up(x.tokens, plan.tokens_together), rows);
  };
  if (plan.unit != 0) {
    // On a CPU the threadgroup's simdgroups would share one core: one of them does it all.
    const std::uint64_t chosen = plan.narrow ? 1 : divide_up(plan.unit, plan.rows_per_simdgroup);
    return groups_of_tiles(kernel.options.simdgroups
                               ? kernel.options.simdgroups
                               : std::min<std::uint64_t>(chosen, kMaxSimdgroups),
                           tiles);
  }
  // An expert's tokens one after another, tile by tile.
  if (plan.few_tokens != 0) return threadgroups_of(kNarrowSimdgroups, x.slots, tiles);
  const std::uint64_t simdgroups = kernel.options.simdgroups ? kernel.options.simdgroups
                                   : plan.narrow             ? kNarrowSimdgroups
                                                             : kDefaultSimdgroups;
  if (x.experts != 0) return threadgroups_of(simdgroups, divide_up(tiles, simdgroups), x.results);
  return groups_of_tiles(simdgroups, divide_up(tiles, simdgroups));
}

}  // namespace foundry::detail
