// MTLArgumentEncoder: writes argument buffers. They are what kernels see of a structure, byte by
// byte (tier 2): addresses of buffers, gpuResourceIDs, and constants where they are.
#pragma once

#include <span>
#include <vector>

#include <Metal/MTLArgumentEncoder.hpp>
#include <Metal/MTLDevice.hpp>

#include "anvil/foundation/error.hpp"
#include "anvil/metal/buffer.hpp"
#include "anvil/metal/function.hpp"
#include "anvil/metal/reflection.hpp"

namespace anvil::metal {

struct SamplerState;
struct Texture;
struct VisibleFunctionTable;

struct ArgumentDescriptor : objc::Object {
  using Super = RootObject;

  MTL::DataType data_type = MTL::DataTypeNone;
  NS::UInteger index = 0;
  NS::UInteger array_length = 0;
  MTL::BindingAccess access = MTL::BindingAccessReadOnly;
  MTL::TextureType texture_type = MTL::TextureType2D;
  NS::UInteger constant_block_alignment = 0;
};

/// What has an index of its own, [[id(n)]].
struct ArgumentSlot {
  NS::UInteger index;
  MTL::DataType type;
  size_t offset;
};

struct ArgumentEncoder : objc::Object {
  using Super = RootObject;

  ArgumentEncoder(Device* device, std::vector<ArgumentSlot> slots, size_t length, size_t alignment)
      : device(device), length(length), alignment(alignment), slots_(std::move(slots)) {}

  void set_argument_buffer(Buffer* buffer, NS::UInteger offset);
  void set_argument_buffer_element(Buffer* buffer, NS::UInteger start, NS::UInteger element);
  void set_buffer(Buffer* buffer, NS::UInteger offset, NS::UInteger index);
  void set_buffers(Buffer* const* buffers, const NS::UInteger* offsets, NS::Range range);
  void set_texture(Texture* texture, NS::UInteger index);
  void set_textures(Texture* const* textures, NS::Range range);
  void set_sampler(SamplerState* sampler, NS::UInteger index);
  void set_samplers(SamplerState* const* samplers, NS::Range range);
  // visible_function_table.cpp
  void set_function_table(VisibleFunctionTable* table, NS::UInteger index);
  void set_function_tables(VisibleFunctionTable* const* tables, NS::Range range);
  /// Where the host writes a constant.
  void* constant_data(NS::UInteger index);

  Device* device;
  const NS::UInteger length;  ///< of one structure
  const NS::UInteger alignment;
  objc::Ref<String> label;

 private:
  const ArgumentSlot& slot(const char* method, NS::UInteger index) const;
  /// Writes a gpuResourceID for an argument of that type.
  void put(const char* method, NS::UInteger index, MTL::DataType type, const char* kind,
           MTL::ResourceID id);
  std::byte* place(const char* method, const ArgumentSlot& slot) const;

  const std::vector<ArgumentSlot> slots_;  // by index
  objc::Ref<Buffer> target_;
  size_t offset_ = 0;
};

/// Null, with the reason on stderr, for arguments that there are none of.
objc::Ref<ArgumentEncoder> new_argument_encoder(Device* device, const Array* descriptors);
objc::Ref<ArgumentEncoder> new_argument_encoder(Device* device, const Binding* binding);

}  // namespace anvil::metal
