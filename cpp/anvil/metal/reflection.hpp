// What a pipeline tells of its arguments: MTLComputePipelineReflection, MTLBinding and MTLArgument,
// MTLStructType and its members.
#pragma once

#include <optional>

#include <Metal/MTLArgument.hpp>
#include <Metal/MTLTexture.hpp>

#include "anvil/foundation/array.hpp"
#include "anvil/foundation/string.hpp"
#include "anvil/service/compiler_service.hpp"

namespace anvil::metal {

struct ArrayType;
struct StructMember;

/// MTLType and, for structs, MTLStructType.
struct Type : objc::Object {
  using Super = RootObject;

  MTL::DataType data_type = MTL::DataTypeNone;
};

struct StructType : Type {
  using Super = Type;

  StructMember* member(String* name) const;

  objc::Ref<Array> members = objc::make<Array>();
};

struct StructMember : objc::Object {
  using Super = RootObject;

  objc::Ref<String> name;
  NS::UInteger offset = 0;
  MTL::DataType data_type = MTL::DataTypeNone;
  std::optional<NS::UInteger> index;  ///< in an argument buffer, where the source says it
  objc::Ref<StructType> structure;    ///< null unless it is a struct
  objc::Ref<ArrayType> array;         ///< null unless it is an array
};

struct ArrayType : Type {
  using Super = Type;

  MTL::DataType element_type = MTL::DataTypeNone;
  NS::UInteger length = 0;
  NS::UInteger stride = 0;
  objc::Ref<StructType> element_structure;
  objc::Ref<ArrayType> element_array;
};

struct PointerType : Type {
  using Super = Type;

  MTL::DataType element_type = MTL::DataTypeNone;
  MTL::BindingAccess access = MTL::BindingAccessReadOnly;
  NS::UInteger alignment = 0;
  NS::UInteger data_size = 0;
  objc::Ref<StructType> structure;
};

/// An argument of a kernel, under all its names: MTLArgument has the questions of old, MTLBinding
/// those of Metal 3.
struct Binding : objc::Object {
  using Super = RootObject;

  explicit Binding(const service::ArgumentInfo& argument);

  objc::Ref<String> name;
  NS::UInteger index;
  MTL::BindingType type;
  MTL::BindingAccess access;
  NS::UInteger alignment;
  NS::UInteger data_size;
  MTL::DataType data_type;
  objc::Ref<PointerType> pointer;
  objc::Ref<StructType> structure;  ///< null unless the element is a struct
  MTL::TextureType texture_type = MTL::TextureType1D;
  bool is_depth = false;
  NS::UInteger array_length = 1;  ///< of textures and samplers
};

struct BufferBinding : Binding {
  using Super = Binding;
  using Binding::Binding;
};
struct ThreadgroupBinding : Binding {
  using Super = Binding;
  using Binding::Binding;
};
struct TextureBinding : Binding {
  using Super = Binding;
  using Binding::Binding;
};
struct SamplerBinding : Binding {
  using Super = Binding;
  using Binding::Binding;
};
struct Argument : Binding {
  using Super = Binding;
  using Binding::Binding;
  static constexpr bool kClearedResult = true;
};

struct ComputePipelineReflection : objc::Object {
  using Super = RootObject;
  static constexpr bool kClearedResult = true;

  explicit ComputePipelineReflection(const std::vector<service::ArgumentInfo>& arguments);

  objc::Ref<Array> bindings;
  objc::Ref<Array> arguments;
};

}  // namespace anvil::metal
