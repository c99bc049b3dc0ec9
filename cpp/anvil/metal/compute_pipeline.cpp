#include "anvil/metal/compute_pipeline.hpp"

#include <algorithm>
#include <cstring>

#include "anvil/metal/capture.hpp"
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
}

ComputePipelineState::ComputePipelineState(Device* device, std::shared_ptr<CpuKernel> kernel,
                                           const ComputePipelineDescriptor& descriptor)
    : function(descriptor.compute_function),
      device(device),
      label(descriptor.label),
      required_threads(descriptor.required_threads),
      shader_validation(descriptor.shader_validation),
      reflection(objc::make<ComputePipelineReflection>(kernel->image().arguments)),
      kernel_(std::move(kernel)),
      max_total_threads_(image().max_threads) {
  if (descriptor.max_total_threads != 0)
    max_total_threads_ = std::min(max_total_threads_, descriptor.max_total_threads);
}

NS::UInteger ComputePipelineState::thread_execution_width() const {
  return device->facts.simd_width;
}

NS::UInteger ComputePipelineState::static_threadgroup_memory() const {
  return image().static_memory;
}

std::optional<CpuDispatch> ComputePipelineState::dispatch(const DispatchCommand& command) const {
  CpuDispatch dispatch;
  dispatch.kernel = kernel_;
  const std::vector<ArgumentInfo>& arguments = image().arguments;
  for (size_t i = 0; i < arguments.size(); ++i) {
    const BoundArgument& binding = command.bindings[i];
    if (arguments[i].kind == ArgumentInfo::Kind::buffer)
      dispatch.buffers[arguments[i].index] = binding.data;
    else
      dispatch.threadgroup_memory_length[arguments[i].index] =
          static_cast<uint32_t>(binding.length);
  }
  dispatch.threadgroups = command.threadgroups;
  dispatch.threads_per_grid = command.threads_per_grid;
  dispatch.threads_per_threadgroup = command.threads_per_threadgroup;
  if (command.indirect) {
    std::memcpy(dispatch.threadgroups.data(), command.indirect, sizeof dispatch.threadgroups);
    for (size_t i = 0; i < 3; ++i) {
      if (dispatch.threadgroups[i] == 0) return std::nullopt;
      const uint64_t threads =
          uint64_t{dispatch.threadgroups[i]} * dispatch.threads_per_threadgroup[i];
      if (threads > UINT32_MAX)
        throw std::runtime_error("indirect dispatch of kernel " + image().name + ": " +
                                 std::to_string(dispatch.threadgroups[i]) + " threadgroups of " +
                                 std::to_string(dispatch.threads_per_threadgroup[i]) +
                                 " threads exceed 2^32 - 1 threads");
      dispatch.threads_per_grid[i] = static_cast<uint32_t>(threads);
    }
  }
  if (Capture* const capture = Capture::active()) {
    std::array<size_t, ANVIL_MAX_BUFFERS> lengths{};
    for (size_t i = 0; i < arguments.size(); ++i)
      if (arguments[i].kind == ArgumentInfo::Kind::buffer)
        lengths[arguments[i].index] = command.bindings[i].length;
    capture->write(*function, dispatch, lengths);
  }
  return dispatch;
}

namespace {

std::shared_ptr<CpuKernel> load_kernel(const Device& device, const Function& function) {
  const auto compile = [library = function.library, name = function.function,
                        constants = function.constants](Variant variant) {
    return compile_kernel(*library, name, constants, variant);
  };
  KernelImage image = compile(Variant::full);
  if (image.static_memory > device.facts.max_threadgroup_memory)
    throw CompileError("function '" + function.function + "' declares " +
                       std::to_string(image.static_memory) + " bytes of threadgroup memory, " +
                       std::to_string(device.facts.max_threadgroup_memory) + " are there");
  return CpuKernel::load(std::move(image), [compile] { return compile(Variant::any); });
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
  try {
    objc::Ref<ComputePipelineState> pipeline =
        objc::make<ComputePipelineState>(device, load_kernel(*device, *function), descriptor);
    if (reflection) *reflection = objc::Ref(pipeline->reflection).autoreleased();
    return pipeline;
  } catch (const CompileError& failure) {
    give_error(error, library_error(MTL::LibraryErrorCompileFailure, failure.what()));
  } catch (const std::exception& failure) {
    give_error(error, library_error(MTL::LibraryErrorInternal, failure.what()));
  }
  return nullptr;
}

namespace {

using D = ComputePipelineDescriptor;
using P = ComputePipelineState;

ANVIL_OBJC_CLASS_DEFINITION<ComputePipelineDescriptor> descriptor_definition{
    "MTLComputePipelineDescriptor",
    {
        objc::property<&D::label>("label", "setLabel:"),
        objc::property<&D::compute_function>("computeFunction", "setComputeFunction:"),
        objc::property<&D::max_total_threads>("maxTotalThreadsPerThreadgroup",
                                              "setMaxTotalThreadsPerThreadgroup:"),
        objc::property<&D::required_threads>("requiredThreadsPerThreadgroup",
                                             "setRequiredThreadsPerThreadgroup:"),
        objc::property<&D::max_call_stack_depth>("maxCallStackDepth", "setMaxCallStackDepth:"),
        objc::property<&D::shader_validation>("shaderValidation", "setShaderValidation:"),
        objc::property<&D::multiple_of_execution_width>(
            "threadGroupSizeIsMultipleOfThreadExecutionWidth",
            "setThreadGroupSizeIsMultipleOfThreadExecutionWidth:"),
        objc::property<&D::support_indirect_command_buffers>("supportIndirectCommandBuffers",
                                                             "setSupportIndirectCommandBuffers:"),
        objc::property<&D::support_adding_binary_functions>("supportAddingBinaryFunctions",
                                                            "setSupportAddingBinaryFunctions:"),
        objc::property<&D::binary_archives>("binaryArchives", "setBinaryArchives:"),
        objc::property<&D::preloaded_libraries>("preloadedLibraries", "setPreloadedLibraries:"),
        objc::method<&D::reset>("reset"),
        objc::copying<D>(),
    }};

ANVIL_OBJC_CLASS_DEFINITION<ComputePipelineState> definition{
    "MTLComputePipelineState",
    {
        objc::property<&P::device>("device"),
        objc::property<&P::label>("label"),
        objc::property<&P::reflection>("reflection"),
        objc::property<&P::required_threads>("requiredThreadsPerThreadgroup"),
        objc::property<&P::shader_validation>("shaderValidation"),
        objc::method<&P::max_total_threads>("maxTotalThreadsPerThreadgroup"),
        objc::method<&P::thread_execution_width>("threadExecutionWidth"),
        objc::method<&P::static_threadgroup_memory>("staticThreadgroupMemoryLength"),
        objc::method<&P::no_indirect_command_buffers>("supportIndirectCommandBuffers"),
        objc::method<&P::no_imageblock>("imageblockMemoryLengthForDimensions:"),
    }};

}  // namespace
}  // namespace anvil::metal
