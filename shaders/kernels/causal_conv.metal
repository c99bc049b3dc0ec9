// A short convolution over tokens. A thread takes a channel and keeps its last inputs while it goes
// through the tokens; with places, each token by itself.
#include "lib/activation.metal"

FOUNDRY_GLOBAL uint kTaps = Taps::value;

kernel void causal_conv(FOUNDRY_ARGUMENTS) {
  const uint channel = thread_position_in_grid.x;
  if (channel >= params.channels) return;
  float taps[kTaps];
  float inputs[kTaps];  // the last one is the token's own
#pragma unroll
  for (uint j = 0; j < kTaps; ++j) {
    taps[j] = float(weights[ulong(channel) * kTaps + j]);
    inputs[j] = 0.0f;
  }
  const uint first_token = has_places ? thread_position_in_grid.y : 0;
  const uint end = has_places ? first_token + 1 : params.tokens;
  const uint position = has_places ? places[2 * first_token] : params.start;
  const ulong sequence = has_places ? places[2 * first_token + 1] : 0;
  device float* own = state + sequence * (kTaps - 1) * params.channels + channel;
  if (position != 0) {
#pragma unroll
    for (uint j = 0; j + 1 < kTaps; ++j) inputs[j] = own[ulong(j) * params.channels];
  }
  const float first = has_bias ? float(bias[channel]) : 0.0f;

  for (uint token = first_token; token < end; ++token) {
    float input = float(x[ulong(token) * params.x_stride + channel]);
    if (has_input_gate) {
      input *= float(input_gate[ulong(token) * params.input_gate_stride + channel]);
    }
    inputs[kTaps - 1] = input;
    float sum = first;
#pragma unroll
    for (uint j = 0; j < kTaps; ++j) sum += taps[j] * inputs[j];
    if (params.silu != 0) sum = silu(sum);
    if (has_output_gate) {
      sum *= float(output_gate[ulong(token) * params.output_gate_stride + channel]);
    }
    y[ulong(token) * params.y_stride + channel] = Y(sum);
#pragma unroll
    for (uint j = 0; j + 1 < kTaps; ++j) inputs[j] = inputs[j + 1];
  }

#pragma unroll
  for (uint j = 0; j + 1 < kTaps; ++j) own[ulong(j) * params.channels] = inputs[j];
}
