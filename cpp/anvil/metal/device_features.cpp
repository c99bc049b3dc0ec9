// What MTLDevice is asked about features that it does not have: drawing, ray tracing, sparse
// memory.
#include "anvil/metal/device.hpp"

#include "anvil/metal/answers.hpp"

namespace anvil::metal {
namespace {

ANVIL_OBJC_CATEGORY<Device> absent_features{{
    objc::function<&answers::no<Device>>("areBarycentricCoordsSupported"),
    objc::function<&answers::no<Device>>("areProgrammableSamplePositionsSupported"),
    objc::function<&answers::no<Device>>("areRasterOrderGroupsSupported"),
    objc::function<&answers::no<Device>>("isDepth24Stencil8PixelFormatSupported"),
    objc::function<&answers::no<Device>>("supportsFunctionPointersFromRender"),
    objc::function<&answers::no<Device>>("supportsPrimitiveMotionBlur"),
    objc::function<&answers::no<Device>>("supportsPullModelInterpolation"),
    objc::function<&answers::no<Device>>("supportsRaytracingFromRender"),
    objc::function<&answers::no<Device>>("supportsRenderDynamicLibraries"),
    objc::function<&answers::no<Device>>("supportsShaderBarycentricCoordinates"),
    objc::function<&answers::no_to<Device, NS::UInteger>>(
        "supportsRasterizationRateMapWithLayerCount:"),
    objc::function<&answers::no_to<Device, NS::UInteger>>("supportsVertexAmplificationCount:"),
    objc::function<&answers::zero<Device, NS::UInteger>>("sparseTileSizeInBytes"),
    objc::function<&answers::zero_of<Device, NS::UInteger, MTL::SparsePageSize>>(
        "sparseTileSizeInBytesForSparsePageSize:"),
}};

}  // namespace
}  // namespace anvil::metal
