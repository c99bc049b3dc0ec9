// What MTLDevice is asked about features that it does not have: drawing, ray tracing, sparse memory.
#include "anvil/metal/device.hpp"

namespace anvil::metal {
namespace {

bool no(const Device*) {
  return false;
}
template <class T>
bool supports_none(const Device*, T) {
  return false;
}
template <class T>
NS::UInteger no_size(const Device*, T) {
  return 0;
}
NS::UInteger zero(const Device*) {
  return 0;
}

ANVIL_OBJC_CATEGORY<Device> absent_features{{
    objc::function<&no>("areBarycentricCoordsSupported"),
    objc::function<&no>("areProgrammableSamplePositionsSupported"),
    objc::function<&no>("areRasterOrderGroupsSupported"),
    objc::function<&no>("isDepth24Stencil8PixelFormatSupported"),
    objc::function<&no>("supportsFunctionPointersFromRender"),
    objc::function<&no>("supportsPrimitiveMotionBlur"),
    objc::function<&no>("supportsPullModelInterpolation"),
    objc::function<&no>("supportsRaytracingFromRender"),
    objc::function<&no>("supportsRenderDynamicLibraries"),
    objc::function<&no>("supportsShaderBarycentricCoordinates"),
    objc::function<&supports_none<NS::UInteger>>("supportsRasterizationRateMapWithLayerCount:"),
    objc::function<&supports_none<NS::UInteger>>("supportsVertexAmplificationCount:"),
    objc::function<&zero>("sparseTileSizeInBytes"),
    objc::function<&no_size<MTL::SparsePageSize>>("sparseTileSizeInBytesForSparsePageSize:"),
}};

}  // namespace
}  // namespace anvil::metal
