#include "anvil/metal/argument_encoder.hpp"

#include <algorithm>
#include <cstring>

#include "anvil/metal/data_type.hpp"
#include "anvil/metal/device.hpp"
#include "anvil/metal/report.hpp"
#include "anvil/metal/sampler.hpp"
#include "anvil/metal/texture.hpp"
#include "anvil/objc/errors.hpp"

namespace anvil::metal {
namespace {

constexpr size_t kAddressSize = 8;

/// Bytes that kernels see of an argument; 0 for what they see nothing of.
size_t size_of(MTL::DataType type) {
  const bool is_resource = type == MTL::DataTypePointer || type == MTL::DataTypeTexture ||
                           type == MTL::DataTypeSampler ||
                           type == MTL::DataTypeVisibleFunctionTable;
  return is_resource ? kAddressSize : type_size(type);
}

/// A vector of three is aligned as one of four, which is its size; a matrix as its columns.
size_t alignment_of(MTL::DataType type) {
  const bool is_matrix = type >= MTL::DataTypeFloat2x2 && type <= MTL::DataTypeHalf4x4;
  return is_matrix ? std::min<size_t>(size_of(type), 16) : size_of(type);
}

size_t rounded_up(size_t size, size_t alignment) {
  return (size + alignment - 1) / alignment * alignment;
}

/// Indices count through the members, those of arrays and structures included, unless a member says
/// its own ("Metal Shading Language Specification", argument buffers).
void add_slots(const StructType& structure, size_t base, NS::UInteger& next,
               std::vector<ArgumentSlot>& slots);

void add_elements(const ArrayType& array, size_t base, NS::UInteger& next,
                  std::vector<ArgumentSlot>& slots) {
  for (NS::UInteger i = 0; i < array.length; ++i) {
    const size_t offset = base + i * array.stride;
    if (array.element_structure)
      add_slots(*array.element_structure, offset, next, slots);
    else if (array.element_array)
      add_elements(*array.element_array, offset, next, slots);
    else
      slots.push_back({next++, array.element_type, offset});
  }
}

void add_slots(const StructType& structure, size_t base, NS::UInteger& next,
               std::vector<ArgumentSlot>& slots) {
  for (const auto& item : structure.members->items) {
    const auto& member = static_cast<const StructMember&>(*item);
    if (member.index) next = *member.index;
    if (member.structure)
      add_slots(*member.structure, base + member.offset, next, slots);
    else if (member.array)
      add_elements(*member.array, base + member.offset, next, slots);
    else
      slots.push_back({next++, member.data_type, base + member.offset});
  }
}

objc::Ref<ArgumentEncoder> encoder_of(Device* device, std::vector<ArgumentSlot> slots,
                                      size_t length, size_t alignment) {
  std::ranges::sort(slots, {}, &ArgumentSlot::index);
  const auto twice = std::ranges::adjacent_find(slots, {}, &ArgumentSlot::index);
  if (twice != slots.end())
    return report_nil("-[MTLDevice newArgumentEncoder...]: two arguments have index " +
                      std::to_string(twice->index));
  return objc::make<ArgumentEncoder>(device, std::move(slots), length, alignment);
}

}  // namespace

const ArgumentSlot& ArgumentEncoder::slot(const char* method, NS::UInteger index) const {
  const auto found = std::ranges::lower_bound(slots_, index, {}, &ArgumentSlot::index);
  if (found != slots_.end() && found->index == index) return *found;
  throw InvalidUse(std::string("-[MTLArgumentEncoder ") + method + "]: no argument has index " +
                   std::to_string(index));
}

std::byte* ArgumentEncoder::place(const char* method, const ArgumentSlot& slot) const {
  const std::string name = std::string("-[MTLArgumentEncoder ") + method + "]: ";
  if (!target_) throw InvalidUse(name + "no argument buffer is set");
  if (!target_->host)
    throw InvalidUse(name + "the host does not see argument buffer" + quoted(target_->label));
  return target_->host + offset_ + slot.offset;
}

void ArgumentEncoder::set_argument_buffer(Buffer* buffer, NS::UInteger offset) {
  constexpr const char* method = "-[MTLArgumentEncoder setArgumentBuffer:offset:]: ";
  if (buffer && (offset > buffer->length || length > buffer->length - offset))
    throw InvalidUse(method + std::to_string(length) + " bytes from offset " +
                     std::to_string(offset) + " are beyond the length " +
                     std::to_string(buffer->length) + " of buffer" + quoted(buffer->label));
  if (offset % alignment != 0)
    throw InvalidUse(method + ("offset " + std::to_string(offset)) +
                     " is not a multiple of the alignment " + std::to_string(alignment));
  target_ = objc::Ref<Buffer>(buffer);
  offset_ = offset;
}

void ArgumentEncoder::set_argument_buffer_element(Buffer* buffer, NS::UInteger start,
                                                  NS::UInteger element) {
  set_argument_buffer(buffer, start + element * length);
}

void ArgumentEncoder::set_buffer(Buffer* buffer, NS::UInteger offset, NS::UInteger index) {
  constexpr const char* method = "setBuffer:offset:atIndex:";
  const ArgumentSlot& argument = slot(method, index);
  if (argument.type != MTL::DataTypePointer)
    throw InvalidUse(std::string("-[MTLArgumentEncoder ") + method + "]: argument " +
                     std::to_string(index) + " is no pointer but of type " +
                     std::string(type_name(argument.type)));
  if (buffer && offset > buffer->length)
    throw InvalidUse(std::string("-[MTLArgumentEncoder ") + method + "]: offset " +
                     std::to_string(offset) + " is beyond the length " +
                     std::to_string(buffer->length) + " of buffer" + quoted(buffer->label));
  const backend::Address address = buffer ? buffer->address + offset : 0;
  std::memcpy(place(method, argument), &address, sizeof address);
}

void ArgumentEncoder::set_buffers(Buffer* const* buffers, const NS::UInteger* offsets,
                                  NS::Range range) {
  for (NS::UInteger i = 0; i < range.length; ++i)
    set_buffer(buffers[i], offsets[i], range.location + i);
}

void ArgumentEncoder::put(const char* method, NS::UInteger index, MTL::DataType type,
                          const char* kind, MTL::ResourceID id) {
  const ArgumentSlot& argument = slot(method, index);
  if (argument.type != type)
    throw InvalidUse(std::string("-[MTLArgumentEncoder ") + method + "]: argument " +
                     std::to_string(index) + " is no " + kind);
  std::memcpy(place(method, argument), &id, sizeof id);
}

void ArgumentEncoder::set_texture(Texture* texture, NS::UInteger index) {
  put("setTexture:atIndex:", index, MTL::DataTypeTexture, "texture",
      texture ? texture->resource_id() : MTL::ResourceID{device->descriptors.none()});
}

void ArgumentEncoder::set_textures(Texture* const* textures, NS::Range range) {
  for (NS::UInteger i = 0; i < range.length; ++i) set_texture(textures[i], range.location + i);
}

void ArgumentEncoder::set_sampler(SamplerState* sampler, NS::UInteger index) {
  put("setSamplerState:atIndex:", index, MTL::DataTypeSampler, "sampler",
      sampler ? sampler->resource_id() : MTL::ResourceID{0});
}

void ArgumentEncoder::set_samplers(SamplerState* const* samplers, NS::Range range) {
  for (NS::UInteger i = 0; i < range.length; ++i) set_sampler(samplers[i], range.location + i);
}

void* ArgumentEncoder::constant_data(NS::UInteger index) {
  constexpr const char* method = "constantDataAtIndex:";
  return place(method, slot(method, index));
}

objc::Ref<ArgumentEncoder> new_argument_encoder(Device* device, const Array* descriptors) {
  constexpr const char* method = "-[MTLDevice newArgumentEncoderWithArguments:]: ";
  std::vector<ArgumentSlot> slots;
  size_t end = 0, alignment = kAddressSize;
  for (const auto& item : descriptors ? descriptors->items : Array().items) {
    const auto& descriptor = static_cast<const ArgumentDescriptor&>(*item);
    const size_t size = size_of(descriptor.data_type);
    if (size == 0)
      return report_nil(
          method +
          ("unsupported data type " + std::to_string(descriptor.data_type) + " of argument ") +
          std::to_string(descriptor.index) +
          "; supported: pointers, textures, samplers, visible function tables, scalars, vectors "
          "and "
          "matrices");
    const size_t aligned =
        std::max(alignment_of(descriptor.data_type), size_t{descriptor.constant_block_alignment});
    alignment = std::max(alignment, aligned);
    end = rounded_up(end, aligned);
    for (NS::UInteger i = 0; i < std::max<NS::UInteger>(descriptor.array_length, 1); ++i) {
      slots.push_back({descriptor.index + i, descriptor.data_type, end});
      end += size;
    }
  }
  if (slots.empty()) return report_nil(std::string(method) + "no arguments");
  return encoder_of(device, std::move(slots), rounded_up(end, alignment), alignment);
}

objc::Ref<ArgumentEncoder> new_argument_encoder(Device* device, const Binding* binding) {
  if (!binding || !binding->structure)
    return report_nil(
        "-[MTLDevice newArgumentEncoderWithBufferBinding:]: " +
        (binding ? "'" + std::string(utf8(binding->name.get())) + "' points to no structure"
                 : std::string("nil binding")));
  std::vector<ArgumentSlot> slots;
  NS::UInteger next = 0;
  add_slots(*binding->structure, 0, next, slots);
  return encoder_of(device, std::move(slots), binding->data_size, binding->alignment);
}

/// Compiled for its reflection, which a cache keeps for the pipeline.
ArgumentEncoder* Function::new_argument_encoder(NS::UInteger index) {
  return new_argument_encoder_reflecting(index, nullptr);
}

ArgumentEncoder* Function::new_argument_encoder_reflecting(NS::UInteger index,
                                                           Argument** reflection) {
  const std::string method = "-[MTLFunction newArgumentEncoderWithBufferIndex:]: ";
  try {
    const std::unique_ptr<backend::Kernel> kernel = device->backend.load(function);
    for (const service::ArgumentInfo& info : kernel->info.arguments) {
      if (info.kind != service::ArgumentInfo::Kind::buffer || info.index != index) continue;
      const auto argument = objc::make<Argument>(info);
      if (reflection) *reflection = objc::Ref(argument).autoreleased();
      return metal::new_argument_encoder(device, argument.get()).detach();
    }
    return report_nil(method + "function '" + function.name + "' has no buffer " +
                      std::to_string(index));
  } catch (const std::exception& failure) {
    return report_nil(method + failure.what());
  }
}

namespace {

ArgumentDescriptor* argument_descriptor() {
  return objc::make<ArgumentDescriptor>().autoreleased();
}

ANVIL_OBJC_CLASS_DEFINITION<ArgumentDescriptor> argument_descriptor_definition{
    "MTLArgumentDescriptor",
    {
        objc::class_method<&argument_descriptor>("argumentDescriptor"),
        objc::property<&ArgumentDescriptor::data_type>("dataType", "setDataType:"),
        objc::property<&ArgumentDescriptor::index>("index", "setIndex:"),
        objc::property<&ArgumentDescriptor::array_length>("arrayLength", "setArrayLength:"),
        objc::property<&ArgumentDescriptor::access>("access", "setAccess:"),
        objc::property<&ArgumentDescriptor::texture_type>("textureType", "setTextureType:"),
        objc::property<&ArgumentDescriptor::constant_block_alignment>("constantBlockAlignment",
                                                                      "setConstantBlockAlignment:"),
        objc::copying<ArgumentDescriptor>(),
    }};

ANVIL_OBJC_CLASS_DEFINITION<ArgumentEncoder> argument_encoder_definition{
    "MTLArgumentEncoder",
    {
        objc::property<&ArgumentEncoder::device>("device"),
        objc::property<&ArgumentEncoder::label>("label", "setLabel:"),
        objc::property<&ArgumentEncoder::length>("encodedLength"),
        objc::property<&ArgumentEncoder::alignment>("alignment"),
        objc::method<&ArgumentEncoder::set_argument_buffer>("setArgumentBuffer:offset:"),
        objc::method<&ArgumentEncoder::set_argument_buffer_element>(
            "setArgumentBuffer:startOffset:arrayElement:"),
        objc::method<&ArgumentEncoder::set_buffer>("setBuffer:offset:atIndex:"),
        objc::method<&ArgumentEncoder::set_buffers>("setBuffers:offsets:withRange:"),
        objc::method<&ArgumentEncoder::set_texture>("setTexture:atIndex:"),
        objc::method<&ArgumentEncoder::set_textures>("setTextures:withRange:"),
        objc::method<&ArgumentEncoder::set_sampler>("setSamplerState:atIndex:"),
        objc::method<&ArgumentEncoder::set_samplers>("setSamplerStates:withRange:"),
        objc::method<&ArgumentEncoder::constant_data>("constantDataAtIndex:"),
    }};

}  // namespace
}  // namespace anvil::metal
