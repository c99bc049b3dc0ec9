#include "anvil/metal/compute_pipeline.hpp"

#include <algorithm>
#include <utility>

#include "anvil/metal/device.hpp"
#include "anvil/metal/library.hpp"

namespace anvil::metal {

void ComputePipelineDescriptor::reset() {
  label = nullptr;
  compute_function = nullptr;
  max_total_threads = 0;
  required_threads = {0, 0, 0};
  max_call_stack_depth = 1;
  shader_validation = MTL::ShaderValidationDefault;
  multiple_of_execution_width = support_indirect_command_buffers = support_adding_binary_functions =
      false;
  binary_archives = preloaded_libraries = nullptr;
  linked_functions = nullptr;
}

ComputePipelineState::ComputePipelineState(Device* device,
                                           std::unique_ptr<backend::Kernel> its_kernel,
                                           const ComputePipelineDescriptor& descriptor,
                                           std::vector<std::string> its_linked)
    : function(descriptor.compute_function),
      kernel(std::move(its_kernel)),
      linked(std::move(its_linked)),
      device(device),
      label(descriptor.label),
      required_threads(descriptor.required_threads),
      shader_validation(descriptor.shader_validation),
      indirect_command_buffers(descriptor.support_indirect_command_buffers),
      reflection(objc::make<ComputePipelineReflection>(info().arguments)),
      max_total_threads_(info().max_threads) {
  if (descriptor.max_total_threads != 0)
    max_total_threads_ = std::min(max_total_threads_, descriptor.max_total_threads);
}

NS::UInteger ComputePipelineState::thread_execution_width() const {
  return device->facts.simd_width;
}

NS::UInteger ComputePipelineState::static_threadgroup_memory() const {
  return info().static_memory;
}

Array* ComputePipelineState::used_constants() const {
  std::vector<objc::Ref<objc_object>> constants;
  for (const service::FunctionConstant& used : info().constants)
    constants.push_back(objc::make<FunctionConstant>(used));
  return objc::make<Array>(std::move(constants)).autoreleased();
}

namespace {

const char* name_of(MTL::FunctionType type) {
  switch (type) {
    case MTL::FunctionTypeVertex:
      return "a vertex function";
    case MTL::FunctionTypeFragment:
      return "a fragment function";
    case MTL::FunctionTypeVisible:
      return "a visible function";
    case MTL::FunctionTypeIntersection:
      return "an intersection function";
    case MTL::FunctionTypeMesh:
      return "a mesh function";
    case MTL::FunctionTypeObject:
      return "an object function";
    default:
      return "no kernel";
  }
}

std::unique_ptr<backend::Kernel> load_kernel(const Device& device,
                                             const service::SpecializedFunction& function) {
  std::unique_ptr<backend::Kernel> kernel = device.backend.load(function);
  const uint64_t most = device.facts.max_threadgroup_memory;
  if (kernel->info.static_memory > most)
    throw service::CompileError(
        "function '" + function.name + "' declares " + std::to_string(kernel->info.static_memory) +
        " bytes of threadgroup memory, " + std::to_string(most) + " are there");
  return kernel;
}

}  // namespace

objc::Ref<ComputePipelineState> new_compute_pipeline(Device* device,
                                                     const ComputePipelineDescriptor& descriptor,
                                                     ComputePipelineReflection** reflection,
                                                     Error** error) {
  const Function* function = descriptor.compute_function.get();
  if (!function) {
    give_error(error,
               library_error(MTL::LibraryErrorFunctionNotFound,
                             "-[MTLDevice newComputePipelineState...]: no compute function"));
    return nullptr;
  }
  if (function->type != MTL::FunctionTypeKernel) {
    give_error(error, library_error(MTL::LibraryErrorUnsupported,
                                    "function '" + function->function.name + "' is " +
                                        name_of(function->type) +
                                        "; a compute pipeline is made of a kernel"));
    return nullptr;
  }
  try {
    service::SpecializedFunction whole = function->function;
    if (descriptor.linked_functions) whole = link(whole, *descriptor.linked_functions);
    std::unique_ptr<backend::Kernel> kernel = load_kernel(*device, whole);
    objc::Ref<ComputePipelineState> pipeline = objc::make<ComputePipelineState>(
        device, std::move(kernel), descriptor, std::move(whole.linked));
    if (reflection) *reflection = objc::Ref(pipeline->reflection).autoreleased();
    return pipeline;
  } catch (const service::CompileError& failure) {
    give_error(error, library_error(MTL::LibraryErrorCompileFailure, failure.what()));
  } catch (const std::exception& failure) {
    give_error(error, library_error(MTL::LibraryErrorInternal, failure.what()));
  }
  return nullptr;
}

namespace {

ANVIL_OBJC_CLASS_DEFINITION<ComputePipelineDescriptor> compute_pipeline_descriptor_definition{
    "MTLComputePipelineDescriptor",
    {
        objc::property<&ComputePipelineDescriptor::label>("label", "setLabel:"),
        objc::property<&ComputePipelineDescriptor::compute_function>("computeFunction",
                                                                     "setComputeFunction:"),
        objc::property<&ComputePipelineDescriptor::max_total_threads>(
            "maxTotalThreadsPerThreadgroup", "setMaxTotalThreadsPerThreadgroup:"),
        objc::property<&ComputePipelineDescriptor::required_threads>(
            "requiredThreadsPerThreadgroup", "setRequiredThreadsPerThreadgroup:"),
        objc::property<&ComputePipelineDescriptor::max_call_stack_depth>("maxCallStackDepth",
                                                                         "setMaxCallStackDepth:"),
        objc::property<&ComputePipelineDescriptor::shader_validation>("shaderValidation",
                                                                      "setShaderValidation:"),
        objc::property<&ComputePipelineDescriptor::multiple_of_execution_width>(
            "threadGroupSizeIsMultipleOfThreadExecutionWidth",
            "setThreadGroupSizeIsMultipleOfThreadExecutionWidth:"),
        objc::property<&ComputePipelineDescriptor::support_indirect_command_buffers>(
            "supportIndirectCommandBuffers", "setSupportIndirectCommandBuffers:"),
        objc::property<&ComputePipelineDescriptor::support_adding_binary_functions>(
            "supportAddingBinaryFunctions", "setSupportAddingBinaryFunctions:"),
        objc::property<&ComputePipelineDescriptor::binary_archives>("binaryArchives",
                                                                    "setBinaryArchives:"),
        objc::property<&ComputePipelineDescriptor::preloaded_libraries>("preloadedLibraries",
                                                                        "setPreloadedLibraries:"),
        objc::property<&ComputePipelineDescriptor::linked_functions>("linkedFunctions",
                                                                     "setLinkedFunctions:"),
        objc::method<&ComputePipelineDescriptor::reset>("reset"),
        objc::copying<ComputePipelineDescriptor>(),
    }};

ANVIL_OBJC_CLASS_DEFINITION<ComputePipelineState> compute_pipeline_state_definition{
    "MTLComputePipelineState",
    {
        objc::property<&ComputePipelineState::device>("device"),
        objc::property<&ComputePipelineState::label>("label"),
        objc::property<&ComputePipelineState::reflection>("reflection"),
        objc::property<&ComputePipelineState::required_threads>("requiredThreadsPerThreadgroup"),
        objc::property<&ComputePipelineState::shader_validation>("shaderValidation"),
        objc::method<&ComputePipelineState::max_total_threads>("maxTotalThreadsPerThreadgroup"),
        objc::method<&ComputePipelineState::thread_execution_width>("threadExecutionWidth"),
        objc::method<&ComputePipelineState::static_threadgroup_memory>(
            "staticThreadgroupMemoryLength"),
        objc::property<&ComputePipelineState::indirect_command_buffers>(
            "supportIndirectCommandBuffers"),
        objc::method<&ComputePipelineState::no_imageblock>("imageblockMemoryLengthForDimensions:"),
        objc::method<&ComputePipelineState::used_constants>("anvilFunctionConstants"),
    }};

}  // namespace
}  // namespace anvil::metal
