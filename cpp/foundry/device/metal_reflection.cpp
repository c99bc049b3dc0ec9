// Metal's reflection objects turned into plain C++.
#include <algorithm>
#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "foundry/core/concat.hpp"
#include "foundry/device/metal_state.hpp"

namespace foundry::detail {

namespace {

struct TypeName {
  MTL::DataType type;
  std::string_view name;
};

// The scalar types that buffers of compute kernels have, with their vectors where MSL has them.
constexpr std::array kTypeNames = {
    TypeName{MTL::DataTypeStruct, "struct"},   TypeName{MTL::DataTypeFloat, "float"},
    TypeName{MTL::DataTypeFloat2, "float2"},   TypeName{MTL::DataTypeFloat3, "float3"},
    TypeName{MTL::DataTypeFloat4, "float4"},   TypeName{MTL::DataTypeHalf, "half"},
    TypeName{MTL::DataTypeHalf2, "half2"},     TypeName{MTL::DataTypeHalf3, "half3"},
    TypeName{MTL::DataTypeHalf4, "half4"},     TypeName{MTL::DataTypeBFloat, "bfloat"},
    TypeName{MTL::DataTypeBFloat2, "bfloat2"}, TypeName{MTL::DataTypeBFloat3, "bfloat3"},
    TypeName{MTL::DataTypeBFloat4, "bfloat4"}, TypeName{MTL::DataTypeInt, "int"},
    TypeName{MTL::DataTypeInt2, "int2"},       TypeName{MTL::DataTypeInt3, "int3"},
    TypeName{MTL::DataTypeInt4, "int4"},       TypeName{MTL::DataTypeUInt, "uint"},
    TypeName{MTL::DataTypeUInt2, "uint2"},     TypeName{MTL::DataTypeUInt3, "uint3"},
    TypeName{MTL::DataTypeUInt4, "uint4"},     TypeName{MTL::DataTypeShort, "short"},
    TypeName{MTL::DataTypeShort2, "short2"},   TypeName{MTL::DataTypeShort3, "short3"},
    TypeName{MTL::DataTypeShort4, "short4"},   TypeName{MTL::DataTypeUShort, "ushort"},
    TypeName{MTL::DataTypeUShort2, "ushort2"}, TypeName{MTL::DataTypeUShort3, "ushort3"},
    TypeName{MTL::DataTypeUShort4, "ushort4"}, TypeName{MTL::DataTypeChar, "char"},
    TypeName{MTL::DataTypeChar2, "char2"},     TypeName{MTL::DataTypeChar3, "char3"},
    TypeName{MTL::DataTypeChar4, "char4"},     TypeName{MTL::DataTypeUChar, "uchar"},
    TypeName{MTL::DataTypeUChar2, "uchar2"},   TypeName{MTL::DataTypeUChar3, "uchar3"},
    TypeName{MTL::DataTypeUChar4, "uchar4"},   TypeName{MTL::DataTypeLong, "long"},
    TypeName{MTL::DataTypeLong2, "long2"},     TypeName{MTL::DataTypeLong3, "long3"},
    TypeName{MTL::DataTypeLong4, "long4"},     TypeName{MTL::DataTypeULong, "ulong"},
    TypeName{MTL::DataTypeULong2, "ulong2"},   TypeName{MTL::DataTypeULong3, "ulong3"},
    TypeName{MTL::DataTypeULong4, "ulong4"},   TypeName{MTL::DataTypeBool, "bool"},
    TypeName{MTL::DataTypeBool2, "bool2"},     TypeName{MTL::DataTypeBool3, "bool3"},
    TypeName{MTL::DataTypeBool4, "bool4"},     TypeName{MTL::DataTypeArray, "array"},
    TypeName{MTL::DataTypePointer, "pointer"},
};

/// "half3x4": columns by rows. Their numbers are consecutive.
std::optional<std::string> matrix_name(MTL::DataType type) {
  constexpr int kMatrices = 9;
  for (const auto& [first, scalar] :
       {std::pair(MTL::DataTypeFloat2x2, "float"), std::pair(MTL::DataTypeHalf2x2, "half")}) {
    const int at = static_cast<int>(type) - static_cast<int>(first);
    if (at >= 0 && at < kMatrices) return concat(scalar, 2 + at / 3, "x", 2 + at % 3);
  }
  return {};
}

Access access_of(MTL::BindingAccess access) {
  switch (access) {
    case MTL::BindingAccessReadOnly:
      return Access::read;
    case MTL::BindingAccessWriteOnly:
      return Access::write;
    default:
      return Access::read_write;
  }
}

ReflectedMember reflect_array(MTL::ArrayType* array);

std::vector<ReflectedMember> reflect_members(const MTL::StructType* record) {
  std::vector<ReflectedMember> result;
  const NS::Array* members = record ? record->members() : nullptr;
  for (NS::UInteger i = 0; members && i < members->count(); ++i) {
    auto* member = members->object<MTL::StructMember>(i);
    ReflectedMember reflected;
    if (MTL::ArrayType* array = member->arrayType()) reflected = reflect_array(array);
    reflected.name = text_of(member->name());
    reflected.offset = member->offset();
    reflected.type = type_name(member->dataType());
    if (MTL::StructType* inner = member->structType()) reflected.members = reflect_members(inner);
    result.push_back(std::move(reflected));
  }
  return result;
}

ReflectedMember reflect_array(MTL::ArrayType* array) {
  ReflectedMember reflected;
  reflected.type = "array";
  reflected.length = array->arrayLength();
  reflected.stride = array->stride();
  ReflectedMember element;
  if (MTL::ArrayType* inner = array->elementArrayType()) element = reflect_array(inner);
  element.type = type_name(array->elementType());
  if (MTL::StructType* inner = array->elementStructType()) {
    element.members = reflect_members(inner);
  }
  reflected.members.push_back(std::move(element));
  return reflected;
}

void reflect_buffer(const MTL::BufferBinding* binding, ReflectedArgument& argument) {
  argument.kind = ReflectedArgument::Kind::buffer;
  argument.type = type_name(binding->bufferDataType());
  argument.size = binding->bufferDataSize();
  argument.alignment = binding->bufferAlignment();
  argument.members = reflect_members(binding->bufferStructType());
}

ReflectedArgument reflect_binding(const MTL::Binding* binding) {
  ReflectedArgument argument;
  argument.name = text_of(binding->name());
  argument.index = static_cast<std::uint32_t>(binding->index());
  argument.access = access_of(binding->access());
  argument.is_used = binding->isUsed();
  switch (binding->type()) {
    case MTL::BindingTypeBuffer:
      reflect_buffer(static_cast<const MTL::BufferBinding*>(binding), argument);
      break;
    case MTL::BindingTypeThreadgroupMemory: {
      const auto* memory = static_cast<const MTL::ThreadgroupBinding*>(binding);
      argument.kind = ReflectedArgument::Kind::threadgroup_memory;
      argument.size = memory->threadgroupMemoryDataSize();
      argument.alignment = memory->threadgroupMemoryAlignment();
      break;
    }
    default:
      argument.kind = ReflectedArgument::Kind::other;
      break;
  }
  return argument;
}

}  // namespace

std::string type_name(MTL::DataType type) {
  const auto found = std::find_if(kTypeNames.begin(), kTypeNames.end(),
                                  [&](const TypeName& row) { return row.type == type; });
  if (found != kTypeNames.end()) return std::string(found->name);
  return matrix_name(type).value_or("MTLDataType " + std::to_string(static_cast<int>(type)));
}

MTL::DataType type_of_name(std::string_view name) {
  const auto found = std::find_if(kTypeNames.begin(), kTypeNames.end(),
                                  [&](const TypeName& row) { return row.name == name; });
  return found != kTypeNames.end() ? found->type : MTL::DataTypeNone;
}

Reflection reflect(const std::string& function, const MTL::ComputePipelineReflection* reflection) {
  Reflection result{function, {}};
  const NS::Array* bindings = reflection ? reflection->bindings() : nullptr;
  for (NS::UInteger i = 0; bindings && i < bindings->count(); ++i) {
    result.arguments.push_back(reflect_binding(bindings->object<MTL::Binding>(i)));
  }
  std::sort(result.arguments.begin(), result.arguments.end(),
            [](const ReflectedArgument& a, const ReflectedArgument& b) {
              return a.kind != b.kind ? a.kind < b.kind : a.index < b.index;
            });
  return result;
}

}  // namespace foundry::detail
