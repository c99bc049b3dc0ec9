// MTL4ArgumentTable: addresses of buffers and IDs of textures and samplers, by index.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include <Metal/MTL4ArgumentTable.hpp>

#include "anvil/backend/memory.hpp"
#include "anvil/foundation/error.hpp"
#include "anvil/foundation/string.hpp"

namespace anvil::metal {

struct Device;

struct MTL4ArgumentTableDescriptor : objc::Object {
  using Super = RootObject;

  NS::UInteger max_buffers = 0;
  NS::UInteger max_textures = 0;
  NS::UInteger max_samplers = 0;
  bool initialize_bindings = false;
  bool support_attribute_strides = false;
  objc::Ref<String> label;
};

/// It keeps nothing alive: what it names is looked up as a dispatch is encoded.
struct MTL4ArgumentTable : objc::Object {
  using Super = RootObject;

  MTL4ArgumentTable(Device* device, const MTL4ArgumentTableDescriptor& descriptor);

  // Throw InvalidUse for an index that the table does not have.
  void set_address(uint64_t address, NS::UInteger index);
  void set_strided_address(uint64_t address, NS::UInteger stride, NS::UInteger index);
  void set_resource(MTL::ResourceID id, NS::UInteger index);
  void set_texture(MTL::ResourceID id, NS::UInteger index);
  void set_sampler(MTL::ResourceID id, NS::UInteger index);

  struct BufferPlace {
    backend::Address address = 0;  ///< 0: nothing is set
    bool is_resource = false;      ///< of a function table's memory, which no residency set has
  };

  Device* device;
  const objc::Ref<String> label;
  std::vector<BufferPlace> buffers;
  std::vector<backend::Address> textures;         ///< 0: nothing is set
  std::vector<std::optional<uint64_t>> samplers;  ///< bits
};

}  // namespace anvil::metal
