// LatentWrite: what latent attention keeps of new tokens, and the positions of its queries.
#pragma once

#include "foundry/ops/rope.hpp"

namespace foundry::ops {

/// Shared with shaders/kernels/latent_write.metal. Strides in elements.
struct LatentWriteParams {
  std::uint32_t heads;
  std::uint32_t head_dim;  ///< of q
  std::uint32_t latent;    ///< elements of a latent
  std::uint32_t dims;      ///< elements that are turned
  std::uint32_t start;
  std::uint32_t interleaved;
  float log2_base;
  float magnitude;
  float norm_epsilon;
  std::uint32_t y_token_stride;
  std::uint32_t y_head_stride;
  std::uint32_t cache_stride;  ///< of a position
  std::uint32_t sequence_stride;
};

struct LatentWrite {
  AnyTensor q;
  AnyTensor kv;
  AnyTensor norm;
  AnyTensor y;
  AnyTensor cache;
  Scalar<std::uint32_t> start = {};
  RopeSettings settings;
  float norm_epsilon = 1e-6f;
  AnyTensor places = {};

  void encode(Encoder& encoder) const;
  [[nodiscard]] Traffic traffic() const;

  static constexpr auto description = operation(
      "The middle of latent attention's input (DeepSeek-AI, \"DeepSeek-V2\", 2024), in one "
      "dispatch: the last elements of q's heads are turned into y; kv is a latent, which is "
      "normalised, and a key for all heads, which is turned: both go to the cache. Token t stands "
      "at position start + t; ShapeError past the capacity.",
      read<&LatentWrite::q>(Elements::floats, "(tokens, heads, head_dim)"),
      read<&LatentWrite::kv>(Elements::floats, "(tokens, latent + dims), q's dtype"),
      read<&LatentWrite::norm>(Elements::floats, "(latent,): RMSNorm's weights"),
      write<&LatentWrite::y>(Elements::floats,
                             "(tokens, heads, dims), any strides but the innermost, which is 1"),
      write<&LatentWrite::cache>(Elements::floats,
                                 "(capacity, 1, latent + dims), any strides but the innermost"),
      ByName{}, setting<&LatentWrite::start>("position of the first token"),
      inside<&LatentWrite::settings>(RopeSettings::fields),
      setting<&LatentWrite::norm_epsilon>("of the norm"),
      optional_read<&LatentWrite::places>(Elements::any, kPlacesDocumentation));
};

}  // namespace foundry::ops
