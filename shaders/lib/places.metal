// Where a step's tokens stand.
#pragma once
#include "lib/common.metal"

/// A token's position, and the sequence whose cache it is of.
struct Place {
  uint position;
  ulong sequence;
};

/// Tokens that follow one another.
struct Following {
  uint start;

  Place of(uint token) const { return Place{start + token, 0}; }
};

/// Each token's position and sequence.
struct Placed {
  device const uint* places;

  Place of(uint token) const { return Place{places[2 * token], places[2 * token + 1]}; }
};
