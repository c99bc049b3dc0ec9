// What a prologue is: where a main stage takes its input from.
//
// A prologue struct has
//   scale(token, lane)      what belongs to the token, as a factor of its inputs, a float or a
//                           vector; all lanes of a simdgroup call it
//   at(token, k, scale)     input k of the token, in float
#pragma once
#include "lib/common.metal"
