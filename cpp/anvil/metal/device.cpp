#include "anvil/metal/device.hpp"

#include <algorithm>
#include <chrono>
#include <span>
#include <vector>

#include "anvil/backend/registry.hpp"
#include "anvil/metal/answers.hpp"
#include "anvil/metal/async.hpp"
#include "anvil/metal/binary_archive.hpp"
#include "anvil/metal/library_file.hpp"
#include "anvil/objc/autorelease.hpp"
#include "anvil/objc/errors.hpp"
#include "anvil/service/cancellation.hpp"
#include "anvil/system/processors.hpp"

namespace anvil::metal {
namespace {

objc::Ref<Architecture> make_architecture(const std::string& name) {
  objc::Ref<Architecture> architecture = objc::make<Architecture>();
  architecture->name = make_string(name);
  return architecture;
}

objc::Ref<ComputePipelineDescriptor> describe(Function* function) {
  objc::Ref<ComputePipelineDescriptor> descriptor = objc::make<ComputePipelineDescriptor>();
  descriptor->compute_function = objc::Ref<Function>(function);
  return descriptor;
}

}  // namespace

Device::Device(backend::Device& backend, uint64_t registry_id)
    : backend(backend),
      facts(backend.facts()),
      registry_id(registry_id),
      name(make_string(facts.name)),
      architecture(make_architecture(facts.architecture)) {}

MTL::Size Device::max_threads_per_threadgroup() const {
  const NS::UInteger most = facts.max_threads_per_threadgroup;
  return {most, most, most};
}

NS::UInteger Device::max_compile_tasks() const {
  return usable_processors();
}

uint64_t Device::trait(String* asked) const {
  const auto found =
      std::ranges::find(facts.traits, utf8(asked), [](const auto& each) { return each.first; });
  return found == facts.traits.end() ? 0 : found->second;
}

bool Device::supports_family(MTL::GPUFamily family) const {
  // The compute half of these families: simdgroup reductions and matrices, 64-bit integers, bfloat.
  return (family >= MTL::GPUFamilyApple1 && family <= MTL::GPUFamilyApple7) ||
         (family >= MTL::GPUFamilyCommon1 && family <= MTL::GPUFamilyCommon3) ||
         family == MTL::GPUFamilyMac1 || family == MTL::GPUFamilyMac2 ||
         family == MTL::GPUFamilyMetal3;
}

MTL::SizeAndAlign Device::heap_buffer_size(NS::UInteger length, MTL::ResourceOptions) {
  return {(length + kHeapAlignment - 1) / kHeapAlignment * kHeapAlignment, kHeapAlignment};
}

void Device::sample_timestamps(MTL::Timestamp* cpu, MTL::Timestamp* gpu) {
  const auto now = std::chrono::steady_clock::now().time_since_epoch();
  *cpu = *gpu = static_cast<uint64_t>(std::chrono::nanoseconds(now).count());
}

Buffer* Device::new_buffer(NS::UInteger length, MTL::ResourceOptions options) {
  return metal::new_buffer(this, length, options).detach();
}
Buffer* Device::new_buffer_with_bytes(const void* bytes, NS::UInteger length,
                                      MTL::ResourceOptions options) {
  return metal::new_buffer_with_bytes(this, bytes, length, options).detach();
}
Buffer* Device::new_buffer_without_copy(void* pointer, NS::UInteger length,
                                        MTL::ResourceOptions options,
                                        Deallocator::Literal deallocator) {
  return metal::new_buffer_without_copy(this, pointer, length, options, Deallocator(deallocator))
      .detach();
}
Heap* Device::new_heap(const HeapDescriptor* descriptor) {
  return metal::new_heap(this, descriptor).detach();
}

CommandQueue* Device::new_queue() {
  return new_queue_of(CommandQueueDescriptor().max_command_buffer_count);
}
CommandQueue* Device::new_queue_of(NS::UInteger max_command_buffers) {
  return objc::make<CommandQueue>(this, std::max<NS::UInteger>(max_command_buffers, 1)).detach();
}
CommandQueue* Device::new_queue_for(const CommandQueueDescriptor* descriptor) {
  if (!descriptor) return new_queue();
  CommandQueue* queue = new_queue_of(descriptor->max_command_buffer_count);
  queue->log_state = descriptor->log_state;
  return queue;
}

Library* Device::new_library(String* source, CompileOptions* options, Error** error) {
  return metal::new_library(this, source, options, error).detach();
}
void Device::new_library_async(String* source, CompileOptions* options, LibraryHandler handler) {
  // A copy: the caller may change its options at once.
  run_detached(
      [this, source = objc::Ref<String>(source),
       options = options ? objc::make<CompileOptions>(*options) : objc::Ref<CompileOptions>(),
       handler = objc::Block<void(Library*, Error*)>(handler)] {
        Error* error = nullptr;
        objc::Ref<Library> library = metal::new_library(this, source.get(), options.get(), &error);
        handler(library.get(), error);
      });
}
Library* Device::new_library_from_url(const URL* url, Error** error) {
  return open_library(this, url ? url->path : "", error).detach();
}
Library* Device::new_library_from_file(String* path, Error** error) {
  return open_library(this, std::string(utf8(path)), error).detach();
}
Library* Device::new_library_from_data(dispatch_data_t data, Error** error) {
  return open_library(this, data, error).detach();
}
Library* Device::new_default_library() {
  return default_library(this).detach();
}
Library* Device::new_default_library_of(objc_object* bundle, Error** error) {
  return default_library(this, bundle, error).detach();
}

ComputePipelineState* Device::new_pipeline(Function* function, Error** error) {
  return new_compute_pipeline(this, *describe(function), nullptr, error).detach();
}
ComputePipelineState* Device::new_pipeline_reflecting(Function* function, MTL::PipelineOption,
                                                      ComputePipelineReflection** reflection,
                                                      Error** error) {
  return new_compute_pipeline(this, *describe(function), reflection, error).detach();
}
ComputePipelineState* Device::new_pipeline_for(ComputePipelineDescriptor* descriptor,
                                               MTL::PipelineOption options,
                                               ComputePipelineReflection** reflection,
                                               Error** error) {
  if (descriptor && !is_archived(*descriptor, options, error)) return nullptr;
  return new_compute_pipeline(this, descriptor ? *descriptor : ComputePipelineDescriptor(),
                              reflection, error)
      .detach();
}
void Device::new_pipeline_async(Function* function, PipelineHandler handler) {
  run_detached([this, descriptor = describe(function),
                handler = objc::Block<void(ComputePipelineState*, Error*)>(handler)] {
    Error* error = nullptr;
    const auto pipeline = new_compute_pipeline(this, *descriptor, nullptr, &error);
    handler(pipeline.get(), error);
  });
}
void Device::new_pipeline_reflecting_async(Function* function, MTL::PipelineOption options,
                                           ReflectionHandler handler) {
  new_pipeline_for_async(describe(function).get(), options, handler);
}
void Device::new_pipeline_for_async(ComputePipelineDescriptor* descriptor,
                                    MTL::PipelineOption options, ReflectionHandler handler) {
  run_detached(
      [this, options,
       descriptor = descriptor ? objc::make<ComputePipelineDescriptor>(*descriptor)
                               : objc::make<ComputePipelineDescriptor>(),
       handler =
           objc::Block<void(ComputePipelineState*, ComputePipelineReflection*, Error*)>(handler)] {
        Error* error = nullptr;
        ComputePipelineReflection* reflection = nullptr;
        objc::Ref<ComputePipelineState> pipeline;
        if (is_archived(*descriptor, options, &error))
          pipeline = new_compute_pipeline(this, *descriptor, &reflection, &error);
        handler(pipeline.get(), reflection, error);
      });
}

void Device::use_cancellation(const std::atomic<bool>* flag) {
  service::use_cancellation(flag);
}
void Device::cancel_compilations() {
  service::cancel_compilations();
}

IndirectCommandBuffer* Device::new_indirect_command_buffer(
    const IndirectCommandBufferDescriptor* descriptor, NS::UInteger size,
    MTL::ResourceOptions options) {
  return metal::new_indirect_command_buffer(this, descriptor, size, options).detach();
}
/// Between any two commands; there are no draws and tiles.
bool Device::supports_sampling(MTL::CounterSamplingPoint point) const {
  return point == MTL::CounterSamplingPointAtStageBoundary ||
         point == MTL::CounterSamplingPointAtDispatchBoundary ||
         point == MTL::CounterSamplingPointAtBlitBoundary;
}
Array* Device::counter_sets() const {
  return objc::Ref(metal::counter_sets()).autoreleased();
}
CounterSampleBuffer* Device::new_counter_sample_buffer(
    const CounterSampleBufferDescriptor* descriptor, Error** error) {
  return metal::new_counter_sample_buffer(this, descriptor, error).detach();
}
ArgumentEncoder* Device::new_argument_encoder(const Array* descriptors) {
  return metal::new_argument_encoder(this, descriptors).detach();
}
ArgumentEncoder* Device::new_argument_encoder_for(const Binding* binding) {
  return metal::new_argument_encoder(this, binding).detach();
}
Event* Device::new_event() {
  return objc::make<Event>(this).detach();
}
SharedEvent* Device::new_shared_event() {
  return objc::make<SharedEvent>(this).detach();
}
SharedEvent* Device::new_shared_event_from(SharedEventHandle* handle) {
  return handle ? objc::Ref<SharedEvent>(handle->event).detach() : nullptr;
}
Fence* Device::new_fence() {
  return objc::make<Fence>(this).detach();
}
LogState* Device::new_log_state(const LogStateDescriptor* descriptor, Error** error) {
  return metal::new_log_state(descriptor, error).detach();
}
ResidencySet* Device::new_residency_set(ResidencySetDescriptor* descriptor, Error**) {
  return objc::make<ResidencySet>(this, descriptor ? descriptor->label : objc::Ref<String>())
      .detach();
}

namespace {

bool supports_samples(const Device*, NS::UInteger samples) {
  return samples == 1 || samples == 2 || samples == 4 || samples == 8;
}

ANVIL_OBJC_CLASS_DEFINITION<Architecture> architecture_definition{
    "MTLArchitecture",
    {
        objc::property<&Architecture::name>("name"),
    }};

ANVIL_OBJC_CLASS_DEFINITION<Device> device_definition{
    "MTLDevice",
    {
        objc::property<&Device::name>("name"),
        objc::property<&Device::architecture>("architecture"),
        objc::method<&Device::trait>("anvilTrait:"),
        objc::property<&Device::registry_id>("registryID"),
        objc::method<&Device::location>("location"),
        objc::function<&answers::zero<Device, NS::UInteger>>("locationNumber"),
        objc::function<&answers::zero<Device, uint64_t>>("maxTransferRate"),
        objc::function<&answers::zero<Device, uint64_t>>("peerGroupID"),
        objc::function<&answers::zero<Device, uint32_t>>("peerIndex"),
        objc::function<&answers::zero<Device, uint32_t>>("peerCount"),
        objc::method<&Device::has_unified_memory>("hasUnifiedMemory"),
        objc::function<&answers::yes<Device>>("isHeadless"),
        objc::function<&answers::no<Device>>("isLowPower"),
        objc::function<&answers::no<Device>>("isRemovable"),
        objc::method<&Device::max_buffer_length>("maxBufferLength"),
        objc::method<&Device::recommended_working_set>("recommendedMaxWorkingSetSize"),
        objc::method<&Device::current_allocated_size>("currentAllocatedSize"),
        objc::method<&Device::max_threads_per_threadgroup>("maxThreadsPerThreadgroup"),
        objc::method<&Device::max_threadgroup_memory>("maxThreadgroupMemoryLength"),
        objc::method<&Device::max_compile_tasks>("maximumConcurrentCompilationTaskCount"),
        objc::property<&Device::maximize_concurrent_compilation>(
            "shouldMaximizeConcurrentCompilation", "setShouldMaximizeConcurrentCompilation:"),
        objc::method<&Device::supports_family>("supportsFamily:"),
        objc::function<&answers::no_to<Device, MTL::FeatureSet>>("supportsFeatureSet:"),
        objc::method<&Device::supports_sampling>("supportsCounterSampling:"),
        objc::function<&supports_samples>("supportsTextureSampleCount:"),
        objc::function<&answers::yes<Device>>("supports32BitFloatFiltering"),
        objc::function<&answers::yes<Device>>("supports32BitMSAA"),
        objc::function<&answers::no<Device>>("supportsBCTextureCompression"),
        objc::function<&answers::no<Device>>("supportsQueryTextureLOD"),
        objc::function<&answers::no<Device>>("supportsDynamicLibraries"),
        objc::function<&answers::yes<Device>>("supportsFunctionPointers"),
        objc::function<&answers::no<Device>>("supportsRaytracing"),
        objc::method<&Device::counter_sets>("counterSets"),
        objc::method<&Device::argument_buffers>("argumentBuffersSupport"),
        objc::method<&Device::read_write_textures>("readWriteTextureSupport"),
        objc::method<&Device::heap_buffer_size>("heapBufferSizeAndAlignWithLength:options:"),
        objc::method<&Device::sample_timestamps>("sampleTimestamps:gpuTimestamp:"),
        objc::method<&Device::timestamp_frequency>("queryTimestampFrequency"),
        objc::method<&Device::new_buffer>("newBufferWithLength:options:"),
        objc::method<&Device::new_buffer_with_bytes>("newBufferWithBytes:length:options:"),
        objc::method<&Device::new_buffer_without_copy>(
            "newBufferWithBytesNoCopy:length:options:deallocator:"),
        objc::method<&Device::new_heap>("newHeapWithDescriptor:"),
        objc::method<&Device::new_queue>("newCommandQueue"),
        objc::method<&Device::new_queue_of>("newCommandQueueWithMaxCommandBufferCount:"),
        objc::method<&Device::new_queue_for>("newCommandQueueWithDescriptor:"),
        objc::method<&Device::new_library>("newLibraryWithSource:options:error:"),
        objc::method<&Device::new_library_async>("newLibraryWithSource:options:completionHandler:"),
        objc::method<&Device::new_library_from_url>("newLibraryWithURL:error:"),
        objc::method<&Device::new_library_from_file>("newLibraryWithFile:error:"),
        objc::method<&Device::new_library_from_data>("newLibraryWithData:error:"),
        objc::method<&Device::new_default_library>("newDefaultLibrary"),
        objc::method<&Device::new_default_library_of>("newDefaultLibraryWithBundle:error:"),
        objc::method<&Device::new_pipeline>("newComputePipelineStateWithFunction:error:"),
        objc::method<&Device::new_pipeline_reflecting>(
            "newComputePipelineStateWithFunction:options:reflection:error:"),
        objc::method<&Device::new_pipeline_for>(
            "newComputePipelineStateWithDescriptor:options:reflection:error:"),
        objc::method<&Device::new_pipeline_async>(
            "newComputePipelineStateWithFunction:completionHandler:"),
        objc::method<&Device::new_pipeline_reflecting_async>(
            "newComputePipelineStateWithFunction:options:completionHandler:"),
        objc::method<&Device::new_pipeline_for_async>(
            "newComputePipelineStateWithDescriptor:options:completionHandler:"),
        objc::method<&Device::use_cancellation>("anvilUseCancellation:"),
        objc::method<&Device::cancel_compilations>("anvilCancelCompilations"),
        objc::method<&Device::new_indirect_command_buffer>(
            "newIndirectCommandBufferWithDescriptor:maxCommandCount:options:"),
        objc::method<&Device::new_counter_sample_buffer>(
            "newCounterSampleBufferWithDescriptor:error:"),
        objc::method<&Device::new_argument_encoder>("newArgumentEncoderWithArguments:"),
        objc::method<&Device::new_argument_encoder_for>("newArgumentEncoderWithBufferBinding:"),
        objc::method<&Device::new_event>("newEvent"),
        objc::method<&Device::new_shared_event>("newSharedEvent"),
        objc::method<&Device::new_shared_event_from>("newSharedEventWithHandle:"),
        objc::method<&Device::new_fence>("newFence"),
        objc::method<&Device::new_log_state>("newLogStateWithDescriptor:error:"),
        objc::method<&Device::new_residency_set>("newResidencySetWithDescriptor:error:"),
    }};

/// Never destroyed, as everything made by one points to it.
const std::vector<objc::Ref<Device>>& devices() {
  const std::span<backend::Device* const> there = backend::devices();
  static const auto& all = *new std::vector<objc::Ref<Device>>(objc::lasting([&] {
    // Classes are taken in at the first look-up, which programs need not have made.
    objc_lookUpClass("MTLDevice");
    std::vector<objc::Ref<Device>> made;
    for (backend::Device* each : there) made.push_back(objc::make<Device>(*each, made.size() + 1));
    return made;
  }));
  return all;
}

}  // namespace
}  // namespace anvil::metal

extern "C" {

ANVIL_EXPORT MTL::Device* MTLCreateSystemDefaultDevice() {
  return reinterpret_cast<MTL::Device*>(anvil::objc::Ref(anvil::metal::devices().front()).detach());
}

ANVIL_EXPORT NS::Array* MTLCopyAllDevices() {
  const auto& all = anvil::metal::devices();
  std::vector<anvil::objc::Ref<objc_object>> devices(all.begin(), all.end());
  return reinterpret_cast<NS::Array*>(anvil::objc::make<anvil::Array>(std::move(devices)).detach());
}

/// Devices neither come nor go: the observer is nil and its handler never called.
ANVIL_EXPORT NS::Array* MTLCopyAllDevicesWithObserver(NS::Object** observer,
                                                      MTL::DeviceNotificationHandlerBlock) {
  if (observer) *observer = nullptr;
  return MTLCopyAllDevices();
}

ANVIL_EXPORT void MTLRemoveDeviceObserver(const NS::Object*) {}

}  // extern "C"
