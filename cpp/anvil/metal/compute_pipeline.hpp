// MTLComputePipelineState and MTLComputePipelineDescriptor.
#pragma once

#include <memory>

#include <Metal/MTLComputePipeline.hpp>
#include <Metal/MTLPipeline.hpp>
#include <Metal/MTLTypes.hpp>

#include "anvil/backend/kernel.hpp"
#include "anvil/foundation/error.hpp"
#include "anvil/metal/function.hpp"
#include "anvil/metal/linked_functions.hpp"
#include "anvil/metal/reflection.hpp"
#include "anvil/metal/resource.hpp"

namespace anvil::metal {

struct ComputePipelineDescriptor : objc::Object {
  using Super = RootObject;

  void reset();

  objc::Ref<String> label;
  objc::Ref<Function> compute_function;
  NS::UInteger max_total_threads = 0;  ///< 0: the kernel's own limit
  MTL::Size required_threads = {0, 0, 0};
  NS::UInteger max_call_stack_depth = 1;
  MTL::ShaderValidation shader_validation = MTL::ShaderValidationDefault;
  bool multiple_of_execution_width = false;
  bool support_indirect_command_buffers = false;
  bool support_adding_binary_functions = false;
  objc::Ref<Array> binary_archives;
  objc::Ref<Array> preloaded_libraries;
  objc::Ref<LinkedFunctions> linked_functions;
};

struct FunctionHandle;
struct VisibleFunctionTable;
struct VisibleFunctionTableDescriptor;

struct ComputePipelineState : Allocation {
  using Super = Allocation;

  ComputePipelineState(Device* device, std::unique_ptr<backend::Kernel> kernel,
                       const ComputePipelineDescriptor& descriptor,
                       std::vector<std::string> linked);

  const objc::Ref<Function> function;  ///< what it was made of
  const std::unique_ptr<backend::Kernel> kernel;
  const std::vector<std::string> linked;  ///< functions that tables may hold, by handle

  const service::KernelInfo& info() const { return kernel->info; }

  NS::UInteger max_total_threads() const { return max_total_threads_; }
  NS::UInteger thread_execution_width() const;
  NS::UInteger static_threadgroup_memory() const;
  NS::UInteger no_imageblock(MTL::Size) const { return 0; }
  // visible_function_table.cpp
  /// Null for functions that are not linked.
  FunctionHandle* function_handle(Function* its);
  FunctionHandle* function_handle_named(String* name);
  VisibleFunctionTable* new_visible_function_table(
      const VisibleFunctionTableDescriptor* descriptor);
  /// Those that its code uses; Metal tells it of a function, before there is code.
  Array* used_constants() const;

  Device* device;
  objc::Ref<String> label;
  MTL::Size required_threads;
  MTL::ShaderValidation shader_validation;
  bool indirect_command_buffers;  ///< whether their commands may have it
  objc::Ref<ComputePipelineReflection> reflection;

 private:
  NS::UInteger max_total_threads_;
};

/// Compiles the descriptor's function. Null and an error with the compiler's log if that fails;
/// `reflection`, if asked for, is filled on success.
objc::Ref<ComputePipelineState> new_compute_pipeline(Device* device,
                                                     const ComputePipelineDescriptor& descriptor,
                                                     ComputePipelineReflection** reflection,
                                                     Error** error);

}  // namespace anvil::metal
