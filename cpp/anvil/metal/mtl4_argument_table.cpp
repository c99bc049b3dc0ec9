#include "anvil/metal/mtl4_argument_table.hpp"

#include "anvil/abi/kernel_abi.h"
#include "anvil/abi/texture_abi.h"
#include "anvil/metal/device.hpp"
#include "anvil/metal/library.hpp"
#include "anvil/objc/errors.hpp"

namespace anvil::metal {
namespace {

template <class T>
T& place(const MTL4ArgumentTable& table, std::vector<T>& places, const char* method,
         const char* kind, NS::UInteger index) {
  if (index < places.size()) return places[index];
  throw InvalidUse(std::string("-[MTL4ArgumentTable ") + method + "]: index " +
                   std::to_string(index) + " is beyond the " + std::to_string(places.size()) + " " +
                   kind + " of argument table" + quoted(table.label));
}

}  // namespace

MTL4ArgumentTable::MTL4ArgumentTable(Device* device, const MTL4ArgumentTableDescriptor& descriptor)
    : device(device),
      label(descriptor.label),
      buffers(descriptor.max_buffers),
      textures(descriptor.max_textures),
      samplers(descriptor.max_samplers) {}

void MTL4ArgumentTable::set_address(uint64_t address, NS::UInteger index) {
  place(*this, buffers, "setAddress:atIndex:", "buffers", index) = {address};
}

/// Strides are those of vertex attributes.
void MTL4ArgumentTable::set_strided_address(uint64_t address, NS::UInteger, NS::UInteger index) {
  place(*this, buffers, "setAddress:attributeStride:atIndex:", "buffers", index) = {address};
}

/// A function table's is its address.
void MTL4ArgumentTable::set_resource(MTL::ResourceID id, NS::UInteger index) {
  place(*this, buffers, "setResource:atBufferIndex:", "buffers", index) = {id._impl, true};
}

void MTL4ArgumentTable::set_texture(MTL::ResourceID id, NS::UInteger index) {
  place(*this, textures, "setTexture:atIndex:", "textures", index) = id._impl;
}

void MTL4ArgumentTable::set_sampler(MTL::ResourceID id, NS::UInteger index) {
  place(*this, samplers, "setSamplerState:atIndex:", "samplers", index) = id._impl;
}

namespace {

MTL4ArgumentTable* new_argument_table(Device* device, const MTL4ArgumentTableDescriptor* descriptor,
                                      Error** error) {
  const std::string method = "-[MTLDevice newArgumentTableWithDescriptor:error:]: ";
  const auto refuse = [&](const std::string& why) -> MTL4ArgumentTable* {
    give_error(error, library_error(MTL::LibraryErrorUnsupported, method + why));
    return nullptr;
  };
  if (!descriptor) return refuse("nil descriptor");
  const struct {
    const char* property;
    NS::UInteger value, most;
  } counts[] = {{"maxBufferBindCount", descriptor->max_buffers, ANVIL_MAX_BUFFERS},
                {"maxTextureBindCount", descriptor->max_textures, ANVIL_MAX_TEXTURES},
                {"maxSamplerStateBindCount", descriptor->max_samplers, ANVIL_MAX_SAMPLERS}};
  for (const auto& count : counts)
    if (count.value > count.most)
      return refuse(std::string(count.property) + " " + std::to_string(count.value) + " exceeds " +
                    std::to_string(count.most));
  return objc::make<MTL4ArgumentTable>(device, *descriptor).detach();
}

ANVIL_OBJC_CLASS_DEFINITION<MTL4ArgumentTableDescriptor> argument_table_descriptor_definition{
    "MTL4ArgumentTableDescriptor",
    {
        objc::property<&MTL4ArgumentTableDescriptor::max_buffers>("maxBufferBindCount",
                                                                  "setMaxBufferBindCount:"),
        objc::property<&MTL4ArgumentTableDescriptor::max_textures>("maxTextureBindCount",
                                                                   "setMaxTextureBindCount:"),
        objc::property<&MTL4ArgumentTableDescriptor::max_samplers>("maxSamplerStateBindCount",
                                                                   "setMaxSamplerStateBindCount:"),
        objc::property<&MTL4ArgumentTableDescriptor::initialize_bindings>("initializeBindings",
                                                                          "setInitializeBindings:"),
        objc::property<&MTL4ArgumentTableDescriptor::support_attribute_strides>(
            "supportAttributeStrides", "setSupportAttributeStrides:"),
        objc::property<&MTL4ArgumentTableDescriptor::label>("label", "setLabel:"),
        objc::copying<MTL4ArgumentTableDescriptor>(),
    }};

ANVIL_OBJC_CLASS_DEFINITION<MTL4ArgumentTable> argument_table_definition{
    "MTL4ArgumentTable",
    {
        objc::property<&MTL4ArgumentTable::device>("device"),
        objc::property<&MTL4ArgumentTable::label>("label"),
        objc::method<&MTL4ArgumentTable::set_address>("setAddress:atIndex:"),
        objc::method<&MTL4ArgumentTable::set_strided_address>(
            "setAddress:attributeStride:atIndex:"),
        objc::method<&MTL4ArgumentTable::set_resource>("setResource:atBufferIndex:"),
        objc::method<&MTL4ArgumentTable::set_texture>("setTexture:atIndex:"),
        objc::method<&MTL4ArgumentTable::set_sampler>("setSamplerState:atIndex:"),
    }};

ANVIL_OBJC_CATEGORY<Device> device_argument_tables{{
    objc::function<&new_argument_table>("newArgumentTableWithDescriptor:error:"),
}};

}  // namespace
}  // namespace anvil::metal
