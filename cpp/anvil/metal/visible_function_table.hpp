// MTLFunctionHandle and MTLVisibleFunctionTable: functions linked to a pipeline, for its kernel to
// call by their place in a table.
#pragma once

#include <Metal/MTLFunctionHandle.hpp>
#include <Metal/MTLVisibleFunctionTable.hpp>

#include "anvil/metal/buffer.hpp"
#include "anvil/metal/compute_pipeline.hpp"

namespace anvil::metal {

struct VisibleFunctionTableDescriptor : objc::Object {
  using Super = RootObject;

  NS::UInteger function_count = 0;
};

/// Means something to kernels of its pipeline alone.
struct FunctionHandle : objc::Object {
  using Super = RootObject;

  FunctionHandle(ComputePipelineState* pipeline, size_t place, objc::Ref<String> name)
      : device(pipeline->device), pipeline(pipeline), name(std::move(name)), number_(place + 1) {}

  /// As the compiler numbers what is linked (compiler/ir/function_pointers.hpp).
  MTL::ResourceID resource_id() const { return {16 * number_}; }

  Device* device;
  const objc::Ref<ComputePipelineState> pipeline;
  objc::Ref<String> name;
  MTL::FunctionType type = MTL::FunctionTypeVisible;

 private:
  const uint64_t number_;
};

struct VisibleFunctionTable : Resource {
  using Super = Resource;

  VisibleFunctionTable(ComputePipelineState* pipeline, objc::Ref<Buffer> memory, size_t count);

  void set_function(FunctionHandle* function, NS::UInteger index);
  void set_functions(FunctionHandle* const* functions, NS::Range range);
  MTL::ResourceID resource_id() const { return {memory->address}; }

  const objc::Ref<ComputePipelineState> pipeline;
  const objc::Ref<Buffer> memory;  ///< as kernels see it: the count, then handles

 private:
  const size_t count_;
};

}  // namespace anvil::metal
