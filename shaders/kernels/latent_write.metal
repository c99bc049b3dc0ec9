// The middle of latent attention's input: the last elements of queries are turned, latents
// normalised, the key that all heads share is turned, and latents and keys go to the cache. A
// simdgroup takes a head of a token's queries, or its latent and key.
#include "lib/non_finite.metal"
#include "stages/rope.metal"

/// Pair i of the elements that are turned, and where it lies.
struct TurnedPair {
  RopePair at;
  float2 values;
};
inline TurnedPair turned(device const X* from, uint i, float factor,
                         constant LatentWriteParams& params, uint position) {
  const RopePair at = rope_pair(i, params.dims, params.dims, params.interleaved != 0);
  const float2 angle =
      params.magnitude * rope_angle(i, params.dims, float(position), params.log2_base, factor);
  return {at, rope_rotate(float2(float(from[at.first]), float(from[at.second])), angle)};
}

kernel void latent_write(FOUNDRY_ARGUMENTS) {
  const uint head = threadgroup_position_in_grid.x;
  const uint token = threadgroup_position_in_grid.y;
  const uint lane = thread_index_in_simdgroup;
  const uint position = has_places ? places[2 * token] : params.start + token;
  const ulong sequence = has_places ? places[2 * token + 1] : 0;
  if (head < params.heads) {
    device const X* from = q + (token * params.heads + head + 1) * params.head_dim - params.dims;
    device Y* to = y + ulong(token) * params.y_token_stride + ulong(head) * params.y_head_stride;
    for (uint i = lane; i < params.dims / 2; i += 32) {
      const TurnedPair pair =
          turned(from, i, has_factors ? factors[i] : 1.0f, params, position);
      to[pair.at.first] = Y(pair.values.x);
      to[pair.at.second] = Y(pair.values.y);
    }
    return;
  }
  device const X* from = kv + token * (params.latent + params.dims);
  device Cache* to = cache + sequence * params.sequence_stride +
                     ulong(position) * params.cache_stride;
  float sum = 0.0f;
  for (uint i = lane; i < params.latent; i += 32) sum += float(from[i]) * float(from[i]);
  const float scale = inverse_root_mean(simd_sum(sum) / float(params.latent), params.norm_epsilon);
  for (uint i = lane; i < params.latent; i += 32) {
    to[i] = Cache(float(from[i]) * scale * float(norm[i]));
  }
  from += params.latent;
  to += params.latent;
  for (uint i = lane; i < params.dims / 2; i += 32) {
    const TurnedPair pair = turned(from, i, has_factors ? factors[i] : 1.0f, params, position);
    to[pair.at.first] = Cache(pair.values.x);
    to[pair.at.second] = Cache(pair.values.y);
  }
}
