// What a prologue is: where a main stage takes its input from.
//
// A prologue struct has
//   scale(token, lane)      a factor that belongs to the token; all lanes of a simdgroup call it
//   at(token, k, scale)     input k of the token, in float
#pragma once
#include "lib/common.metal"
