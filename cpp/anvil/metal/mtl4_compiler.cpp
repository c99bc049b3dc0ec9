#include "anvil/metal/mtl4_compiler.hpp"

#include <utility>

#include "anvil/metal/async.hpp"
#include "anvil/metal/device.hpp"

namespace anvil::metal {

void MTL4ComputePipelineDescriptor::reset() {
  label = nullptr;
  options = nullptr;
  compute_function = nullptr;
  static_linking = nullptr;
  max_total_threads = 0;
  required_threads = {0, 0, 0};
  multiple_of_execution_width = support_binary_linking = false;
  indirect_command_buffers = MTL4::IndirectCommandBufferSupportStateDisabled;
}

Library* MTL4Compiler::new_library(const MTL4LibraryDescriptor* descriptor, Error** error) {
  objc::Ref<Library> library =
      metal::new_library(device, descriptor ? descriptor->source.get() : nullptr,
                         descriptor ? descriptor->options.get() : nullptr, error);
  if (library) library->label = descriptor->name;
  return library.detach();
}

ComputePipelineState* MTL4Compiler::new_pipeline(const MTL4ComputePipelineDescriptor* descriptor,
                                                 const MTL4CompilerTaskOptions*, Error** error) {
  if (!descriptor) {
    give_error(error, library_error(MTL::LibraryErrorFunctionNotFound,
                                    "-[MTL4Compiler newComputePipelineStateWithDescriptor:...]: "
                                    "nil descriptor"));
    return nullptr;
  }
  const auto plain = objc::make<ComputePipelineDescriptor>();
  plain->compute_function = function_of(descriptor->compute_function.get(), error);
  if (!plain->compute_function) return nullptr;
  if (descriptor->static_linking) {
    plain->linked_functions = linked_functions_of(*descriptor->static_linking, error);
    if (!plain->linked_functions) return nullptr;
  }
  plain->label = descriptor->label;
  plain->max_total_threads = descriptor->max_total_threads;
  plain->required_threads = descriptor->required_threads;
  plain->multiple_of_execution_width = descriptor->multiple_of_execution_width;
  plain->support_indirect_command_buffers =
      descriptor->indirect_command_buffers == MTL4::IndirectCommandBufferSupportStateEnabled;
  if (descriptor->options) plain->shader_validation = descriptor->options->shader_validation;
  return new_compute_pipeline(device, *plain, nullptr, error).detach();
}

MTL4CompilerTask* MTL4Compiler::new_library_task(const MTL4LibraryDescriptor* descriptor,
                                                 LibraryHandler handler) {
  // Copies: the caller may change its descriptor at once.
  auto task = objc::make<MTL4CompilerTask>(objc::Ref(this));
  auto its = descriptor ? objc::make<MTL4LibraryDescriptor>(*descriptor)
                        : objc::Ref<MTL4LibraryDescriptor>();
  if (its && its->options) its->options = objc::make<CompileOptions>(*its->options);
  task->start(
      [self = objc::Ref(this), its, handler = objc::Block<void(Library*, Error*)>(handler)] {
        Error* error = nullptr;
        const auto library = objc::Ref<Library>::adopt(self->new_library(its.get(), &error));
        call_handler("library", [&] { handler(library.get(), error); });
      });
  return task.detach();
}

MTL4CompilerTask* MTL4Compiler::new_pipeline_task(const MTL4ComputePipelineDescriptor* descriptor,
                                                  const MTL4CompilerTaskOptions*,
                                                  PipelineHandler handler) {
  auto task = objc::make<MTL4CompilerTask>(objc::Ref(this));
  auto its = descriptor ? objc::make<MTL4ComputePipelineDescriptor>(*descriptor)
                        : objc::Ref<MTL4ComputePipelineDescriptor>();
  task->start([self = objc::Ref(this), its,
               handler = objc::Block<void(ComputePipelineState*, Error*)>(handler)] {
    Error* error = nullptr;
    const auto pipeline =
        objc::Ref<ComputePipelineState>::adopt(self->new_pipeline(its.get(), nullptr, &error));
    call_handler("pipeline", [&] { handler(pipeline.get(), error); });
  });
  return task.detach();
}

void MTL4CompilerTask::start(std::function<void()> work) {
  run_detached([self = objc::Ref(this), work = std::move(work)] {
    self->become(MTL4::CompilerTaskStatusCompiling);
    work();
    self->become(MTL4::CompilerTaskStatusFinished);
  });
}

void MTL4CompilerTask::become(MTL4::CompilerTaskStatus status) {
  {
    std::lock_guard lock(mutex_);
    status_ = status;
  }
  changed_.notify_all();
}

void MTL4CompilerTask::wait_until_completed() {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] { return status_ == MTL4::CompilerTaskStatusFinished; });
}

MTL4::CompilerTaskStatus MTL4CompilerTask::status() const {
  std::lock_guard lock(mutex_);
  return status_;
}

namespace {

MTL4Compiler* new_compiler(Device* device, const MTL4CompilerDescriptor* descriptor, Error**) {
  return objc::make<MTL4Compiler>(device, descriptor ? descriptor->label : objc::Ref<String>())
      .detach();
}

ANVIL_OBJC_CLASS_DEFINITION<MTL4LibraryDescriptor> library_descriptor_definition{
    "MTL4LibraryDescriptor",
    {
        objc::property<&MTL4LibraryDescriptor::name>("name", "setName:"),
        objc::property<&MTL4LibraryDescriptor::source>("source", "setSource:"),
        objc::property<&MTL4LibraryDescriptor::options>("options", "setOptions:"),
        objc::copying<MTL4LibraryDescriptor>(),
    }};

ANVIL_OBJC_CLASS_DEFINITION<MTL4PipelineOptions> pipeline_options_definition{
    "MTL4PipelineOptions",
    {
        objc::property<&MTL4PipelineOptions::shader_validation>("shaderValidation",
                                                                "setShaderValidation:"),
        objc::property<&MTL4PipelineOptions::shader_reflection>("shaderReflection",
                                                                "setShaderReflection:"),
        objc::copying<MTL4PipelineOptions>(),
    }};

ANVIL_OBJC_CLASS_DEFINITION<MTL4PipelineDescriptor> pipeline_descriptor_definition{
    "MTL4PipelineDescriptor",
    {
        objc::property<&MTL4PipelineDescriptor::label>("label", "setLabel:"),
        objc::property<&MTL4PipelineDescriptor::options>("options", "setOptions:"),
        objc::copying<MTL4PipelineDescriptor>(),
    }};

ANVIL_OBJC_CLASS_DEFINITION<MTL4ComputePipelineDescriptor> compute_pipeline_descriptor_definition{
    "MTL4ComputePipelineDescriptor",
    {
        objc::property<&MTL4ComputePipelineDescriptor::compute_function>(
            "computeFunctionDescriptor", "setComputeFunctionDescriptor:"),
        objc::property<&MTL4ComputePipelineDescriptor::static_linking>(
            "staticLinkingDescriptor", "setStaticLinkingDescriptor:"),
        objc::property<&MTL4ComputePipelineDescriptor::max_total_threads>(
            "maxTotalThreadsPerThreadgroup", "setMaxTotalThreadsPerThreadgroup:"),
        objc::property<&MTL4ComputePipelineDescriptor::required_threads>(
            "requiredThreadsPerThreadgroup", "setRequiredThreadsPerThreadgroup:"),
        objc::property<&MTL4ComputePipelineDescriptor::multiple_of_execution_width>(
            "threadGroupSizeIsMultipleOfThreadExecutionWidth",
            "setThreadGroupSizeIsMultipleOfThreadExecutionWidth:"),
        objc::property<&MTL4ComputePipelineDescriptor::support_binary_linking>(
            "supportBinaryLinking", "setSupportBinaryLinking:"),
        objc::property<&MTL4ComputePipelineDescriptor::indirect_command_buffers>(
            "supportIndirectCommandBuffers", "setSupportIndirectCommandBuffers:"),
        objc::method<&MTL4ComputePipelineDescriptor::reset>("reset"),
        objc::copying<MTL4ComputePipelineDescriptor>(),
    }};

ANVIL_OBJC_CLASS_DEFINITION<MTL4CompilerDescriptor> compiler_descriptor_definition{
    "MTL4CompilerDescriptor",
    {
        objc::property<&MTL4CompilerDescriptor::label>("label", "setLabel:"),
        objc::copying<MTL4CompilerDescriptor>(),
    }};

ANVIL_OBJC_CLASS_DEFINITION<MTL4CompilerTaskOptions> task_options_definition{
    "MTL4CompilerTaskOptions",
    {
        objc::property<&MTL4CompilerTaskOptions::lookup_archives>("lookupArchives",
                                                                  "setLookupArchives:"),
        objc::copying<MTL4CompilerTaskOptions>(),
    }};

ANVIL_OBJC_CLASS_DEFINITION<MTL4CompilerTask> compiler_task_definition{
    "MTL4CompilerTask",
    {
        objc::property<&MTL4CompilerTask::compiler>("compiler"),
        objc::method<&MTL4CompilerTask::status>("status"),
        objc::method<&MTL4CompilerTask::wait_until_completed>("waitUntilCompleted"),
    }};

ANVIL_OBJC_CLASS_DEFINITION<MTL4Compiler> compiler_definition{
    "MTL4Compiler",
    {
        objc::property<&MTL4Compiler::device>("device"),
        objc::property<&MTL4Compiler::label>("label"),
        objc::method<&MTL4Compiler::new_library>("newLibraryWithDescriptor:error:"),
        objc::method<&MTL4Compiler::new_library_task>(
            "newLibraryWithDescriptor:completionHandler:"),
        objc::method<&MTL4Compiler::new_pipeline>(
            "newComputePipelineStateWithDescriptor:compilerTaskOptions:error:"),
        objc::method<&MTL4Compiler::new_pipeline_task>(
            "newComputePipelineStateWithDescriptor:compilerTaskOptions:completionHandler:"),
    }};

ANVIL_OBJC_CATEGORY<Device> device_compilers{{
    objc::function<&new_compiler>("newCompilerWithDescriptor:error:"),
}};

}  // namespace
}  // namespace anvil::metal
