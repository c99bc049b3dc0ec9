#include "anvil/metal/visible_function_table.hpp"

#include <algorithm>

#include "anvil/metal/compute_encoder.hpp"
#include "anvil/metal/device.hpp"
#include "anvil/metal/report.hpp"
#include "anvil/objc/errors.hpp"

namespace anvil::metal {
namespace {

/// Eight bytes each: the count, then that many handles.
uint64_t* words_of(const Buffer& memory) {
  return reinterpret_cast<uint64_t*>(memory.host);
}

}  // namespace

VisibleFunctionTable::VisibleFunctionTable(ComputePipelineState* pipeline, objc::Ref<Buffer> memory,
                                           size_t count)
    : Resource(pipeline->device, memory->options),
      pipeline(pipeline),
      memory(std::move(memory)),
      count_(count) {
  allocated_size = this->memory->length;
  uint64_t* words = words_of(*this->memory);
  words[0] = count;
  std::fill_n(words + 1, count, 0);
}

void VisibleFunctionTable::set_function(FunctionHandle* function, NS::UInteger index) {
  const std::string method = "-[MTLVisibleFunctionTable setFunction:atIndex:]: ";
  if (index >= count_)
    throw InvalidUse(method + "index " + std::to_string(index) + " is beyond the " +
                     std::to_string(count_) + " functions of table" + quoted(label));
  if (function && function->pipeline.get() != pipeline.get())
    throw InvalidUse(method + "function '" + std::string(utf8(function->name.get())) +
                     "' is a handle of another pipeline than table" + quoted(label));
  words_of(*memory)[1 + index] = function ? function->resource_id()._impl : 0;
}

void VisibleFunctionTable::set_functions(FunctionHandle* const* functions, NS::Range range) {
  for (NS::UInteger i = 0; i < range.length; ++i) set_function(functions[i], range.location + i);
}

FunctionHandle* ComputePipelineState::function_handle(Function* its) {
  // Not of another library's function with the same name.
  if (!its || its->function.library->key != function->function.library->key) return nullptr;
  const auto found = std::ranges::find(linked, its->function.name);
  if (found == linked.end()) return nullptr;
  return objc::make<FunctionHandle>(this, size_t(found - linked.begin()), its->name).autoreleased();
}

FunctionHandle* ComputePipelineState::function_handle_named(String* name) {
  const auto found = std::ranges::find(linked, utf8(name));
  if (found == linked.end()) return nullptr;
  return objc::make<FunctionHandle>(this, size_t(found - linked.begin()), objc::Ref<String>(name))
      .autoreleased();
}

VisibleFunctionTable* ComputePipelineState::new_visible_function_table(
    const VisibleFunctionTableDescriptor* descriptor) {
  constexpr const char* method =
      "-[MTLComputePipelineState newVisibleFunctionTableWithDescriptor:]: ";
  // Far from where the bytes of so many would no longer be a number.
  constexpr size_t kMost = 1 << 24;
  const size_t count = descriptor ? descriptor->function_count : 0;
  if (count == 0 || count > kMost)
    return report_nil(method + ("functionCount " + std::to_string(count)) +
                      " is not between 1 and " + std::to_string(kMost));
  objc::Ref<Buffer> memory =
      new_buffer(device, (1 + count) * sizeof(uint64_t), MTL::ResourceStorageModeShared);
  if (!memory) return nullptr;
  if (!memory->host) return report_nil(method + std::string("the host does not see its memory"));
  return objc::make<VisibleFunctionTable>(this, std::move(memory), count).detach();
}

void ComputeCommandEncoder::set_function_table(VisibleFunctionTable* table, NS::UInteger index) {
  constexpr const char* method = "setVisibleFunctionTable:atBufferIndex:";
  if (open(method)) bind(method, table ? table->memory.get() : nullptr, 0, index);
}

void ComputeCommandEncoder::set_function_tables(VisibleFunctionTable* const* tables,
                                                NS::Range range) {
  for (NS::UInteger i = 0; i < range.length; ++i) set_function_table(tables[i], range.location + i);
}

void ArgumentEncoder::set_function_table(VisibleFunctionTable* table, NS::UInteger index) {
  put("setVisibleFunctionTable:atIndex:", index, MTL::DataTypeVisibleFunctionTable,
      "visible function table", table ? table->resource_id() : MTL::ResourceID{0});
}

void ArgumentEncoder::set_function_tables(VisibleFunctionTable* const* tables, NS::Range range) {
  for (NS::UInteger i = 0; i < range.length; ++i) set_function_table(tables[i], range.location + i);
}

namespace {

VisibleFunctionTableDescriptor* table_descriptor() {
  return objc::make<VisibleFunctionTableDescriptor>().autoreleased();
}

ANVIL_OBJC_CLASS_DEFINITION<VisibleFunctionTableDescriptor> table_descriptor_definition{
    "MTLVisibleFunctionTableDescriptor",
    {
        objc::class_method<&table_descriptor>("visibleFunctionTableDescriptor"),
        objc::property<&VisibleFunctionTableDescriptor::function_count>("functionCount",
                                                                        "setFunctionCount:"),
        objc::copying<VisibleFunctionTableDescriptor>(),
    }};

ANVIL_OBJC_CLASS_DEFINITION<FunctionHandle> function_handle_definition{
    "MTLFunctionHandle",
    {
        objc::property<&FunctionHandle::device>("device"),
        objc::property<&FunctionHandle::name>("name"),
        objc::property<&FunctionHandle::type>("functionType"),
        objc::method<&FunctionHandle::resource_id>("gpuResourceID"),
    }};

ANVIL_OBJC_CLASS_DEFINITION<VisibleFunctionTable> table_definition{
    "MTLVisibleFunctionTable",
    {
        objc::method<&VisibleFunctionTable::set_function>("setFunction:atIndex:"),
        objc::method<&VisibleFunctionTable::set_functions>("setFunctions:withRange:"),
        objc::method<&VisibleFunctionTable::resource_id>("gpuResourceID"),
    }};

ANVIL_OBJC_CATEGORY<ComputePipelineState> pipeline_functions{{
    objc::method<&ComputePipelineState::function_handle>("functionHandleWithFunction:"),
    objc::method<&ComputePipelineState::function_handle_named>("functionHandleWithName:"),
    objc::method<&ComputePipelineState::new_visible_function_table>(
        "newVisibleFunctionTableWithDescriptor:"),
}};

ANVIL_OBJC_CATEGORY<ComputeCommandEncoder> compute_encoder_tables{{
    objc::method<&ComputeCommandEncoder::set_function_table>(
        "setVisibleFunctionTable:atBufferIndex:"),
    objc::method<&ComputeCommandEncoder::set_function_tables>(
        "setVisibleFunctionTables:withBufferRange:"),
}};

ANVIL_OBJC_CATEGORY<ArgumentEncoder> argument_encoder_tables{{
    objc::method<&ArgumentEncoder::set_function_table>("setVisibleFunctionTable:atIndex:"),
    objc::method<&ArgumentEncoder::set_function_tables>("setVisibleFunctionTables:withRange:"),
}};

}  // namespace
}  // namespace anvil::metal
