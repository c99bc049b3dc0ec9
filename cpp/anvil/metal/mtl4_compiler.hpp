// MTL4Compiler: libraries and compute pipelines from descriptors, at once or as tasks.
#pragma once

#include <condition_variable>
#include <functional>
#include <mutex>

#include <Metal/MTL4Compiler.hpp>
#include <Metal/MTL4CompilerTask.hpp>
#include <Metal/MTL4PipelineState.hpp>

#include "anvil/metal/compile_options.hpp"
#include "anvil/metal/compute_pipeline.hpp"
#include "anvil/metal/mtl4_function_descriptors.hpp"
#include "anvil/objc/block.hpp"

namespace anvil::metal {

struct MTL4LibraryDescriptor : objc::Object {
  using Super = RootObject;

  objc::Ref<String> name;
  objc::Ref<String> source;
  objc::Ref<CompileOptions> options;
};

struct MTL4PipelineOptions : objc::Object {
  using Super = RootObject;

  MTL::ShaderValidation shader_validation = MTL::ShaderValidationDefault;
  MTL4::ShaderReflection shader_reflection = 0;  ///< a pipeline always has all of it
};

struct MTL4PipelineDescriptor : objc::Object {
  using Super = RootObject;

  objc::Ref<String> label;
  objc::Ref<MTL4PipelineOptions> options;
};

struct MTL4ComputePipelineDescriptor : MTL4PipelineDescriptor {
  using Super = MTL4PipelineDescriptor;

  void reset();

  objc::Ref<MTL4FunctionDescriptor> compute_function;
  objc::Ref<MTL4StaticLinkingDescriptor> static_linking;
  NS::UInteger max_total_threads = 0;
  MTL::Size required_threads = {0, 0, 0};
  bool multiple_of_execution_width = false;
  bool support_binary_linking = false;
  MTL4::IndirectCommandBufferSupportState indirect_command_buffers =
      MTL4::IndirectCommandBufferSupportStateDisabled;
};

struct MTL4CompilerDescriptor : objc::Object {
  using Super = RootObject;

  objc::Ref<String> label;
};

struct MTL4CompilerTaskOptions : objc::Object {
  using Super = RootObject;

  objc::Ref<Array> lookup_archives;
};

struct MTL4CompilerTask;

struct MTL4Compiler : objc::Object {
  using Super = RootObject;

  using PipelineHandler = void (^)(ComputePipelineState*, Error*);
  using LibraryHandler = void (^)(Library*, Error*);

  MTL4Compiler(Device* device, objc::Ref<String> label) : device(device), label(std::move(label)) {}

  Library* new_library(const MTL4LibraryDescriptor* descriptor, Error** error);
  MTL4CompilerTask* new_library_task(const MTL4LibraryDescriptor* descriptor,
                                     LibraryHandler handler);
  ComputePipelineState* new_pipeline(const MTL4ComputePipelineDescriptor* descriptor,
                                     const MTL4CompilerTaskOptions* options, Error** error);
  MTL4CompilerTask* new_pipeline_task(const MTL4ComputePipelineDescriptor* descriptor,
                                      const MTL4CompilerTaskOptions* options,
                                      PipelineHandler handler);

  Device* device;
  const objc::Ref<String> label;
};

struct MTL4CompilerTask : objc::Object {
  using Super = RootObject;

  explicit MTL4CompilerTask(objc::Ref<MTL4Compiler> compiler) : compiler(std::move(compiler)) {}

  /// On a thread of its own.
  void start(std::function<void()> work);
  void wait_until_completed();
  MTL4::CompilerTaskStatus status() const;

  const objc::Ref<MTL4Compiler> compiler;

 private:
  void become(MTL4::CompilerTaskStatus status);

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  MTL4::CompilerTaskStatus status_ = MTL4::CompilerTaskStatusScheduled;
};

}  // namespace anvil::metal
