// Metal Performance Shaders, as far as Anvil has them (cpp/anvil/mps). What is not declared is not
// there: docs/anvil.md has the list.
#pragma once

#include <MetalPerformanceShaders/MPSImage.h>
#include <MetalPerformanceShaders/MPSMatrix.h>

/// Devices that can compile kernels: all that there are.
OBJC_EXTERN BOOL MPSSupportsMTLDevice(id<MTLDevice> device);
