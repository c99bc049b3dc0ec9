// What Metal reads out of buffers that kernels have written, as the host's structs of these names:
// shipped programs use them in kernels without declaring them.
#pragma once

#include "types.h"

struct MTLDispatchThreadgroupsIndirectArguments {
  unsigned threadgroupsPerGrid[3];
};
struct MTLDrawPrimitivesIndirectArguments {
  unsigned vertexCount, instanceCount, vertexStart, baseInstance;
};
struct MTLDrawIndexedPrimitivesIndirectArguments {
  unsigned indexCount, instanceCount, indexStart;
  int baseVertex;
  unsigned baseInstance;
};
struct MTLDrawPatchIndirectArguments {
  unsigned patchCount, instanceCount, patchStart, baseInstance;
};
struct MTLQuadTessellationFactorsHalf {
  half edgeTessellationFactor[4], insideTessellationFactor[2];
};
struct MTLTriangleTessellationFactorsHalf {
  half edgeTessellationFactor[3], insideTessellationFactor;
};
