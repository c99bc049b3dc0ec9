#include "anvil/metal/reflection.hpp"

#include "anvil/metal/answers.hpp"
#include "anvil/metal/data_type.hpp"
#include "anvil/metal/texture_bindings.hpp"

namespace anvil::metal {
namespace {

MTL::BindingAccess access_of(const std::string& access) {
  return access == "readwrite" ? MTL::BindingAccessReadWrite
         : access == "write"   ? MTL::BindingAccessWriteOnly
                               : MTL::BindingAccessReadOnly;
}

MTL::DataType described_type(std::string_view type) {
  if (is_texture_class(type)) return MTL::DataTypeTexture;
  if (type == "sampler") return MTL::DataTypeSampler;
  if (type == "visible_function_table") return MTL::DataTypeVisibleFunctionTable;
  return type.ends_with('*')   ? MTL::DataTypePointer
         : type.ends_with(']') ? MTL::DataTypeArray
                               : data_type(type);
}

using Member = service::StructMember;

constexpr std::string_view kAtomic = "atomic_";

objc::Ref<StructType> struct_type(std::string_view name, const std::vector<Member>& members);

/// Of "float[3][2]", two arrays of three.
objc::Ref<ArrayType> array_type(std::string_view type, uint64_t size,
                                const std::vector<Member>& members) {
  const size_t bracket = type.rfind('[');
  const std::string_view element = type.substr(0, bracket);
  objc::Ref<ArrayType> array = objc::make<ArrayType>();
  array->data_type = MTL::DataTypeArray;
  array->element_type = described_type(element);
  array->length = std::strtoull(type.data() + bracket + 1, nullptr, 10);
  array->stride = array->length == 0 ? 0 : size / array->length;
  if (array->element_type == MTL::DataTypeArray)
    array->element_array = array_type(element, array->stride, members);
  if (array->element_type == MTL::DataTypeStruct)
    array->element_structure = struct_type(element, members);
  return array;
}

objc::Ref<StructType> struct_type(std::string_view name, const std::vector<Member>& members) {
  objc::Ref<StructType> type = objc::make<StructType>();
  type->data_type = MTL::DataTypeStruct;
  if (members.empty() && name.starts_with(kAtomic)) {
    // Apple's atomic<T> is a struct of this member, and its reflection shows it.
    return struct_type(name, {{"__s", 0, std::string(name.substr(kAtomic.size())), 0, {}}});
  }
  for (const Member& each : members) {
    objc::Ref<StructMember> member = objc::make<StructMember>();
    member->name = make_string(each.name);
    member->offset = each.offset;
    member->data_type = described_type(each.type);
    if (each.id) member->index = *each.id;
    if (member->data_type == MTL::DataTypeArray)
      member->array = array_type(each.type, each.size, each.members);
    if (member->data_type == MTL::DataTypeStruct)
      member->structure = struct_type(each.type, each.members);
    type->members->items.push_back(std::move(member));
  }
  return type;
}

}  // namespace

StructMember* StructType::member(String* name) const {
  for (const auto& item : members->items) {
    auto* member = static_cast<StructMember*>(item.get());
    if (is_equal(member->name.get(), name)) return member;
  }
  return nullptr;
}

namespace {

MTL::BindingType type_of(service::ArgumentInfo::Kind kind) {
  using Kind = service::ArgumentInfo::Kind;
  switch (kind) {
    case Kind::buffer:
      return MTL::BindingTypeBuffer;
    case Kind::threadgroup:
      return MTL::BindingTypeThreadgroupMemory;
    case Kind::texture:
      return MTL::BindingTypeTexture;
    case Kind::sampler:
      return MTL::BindingTypeSampler;
  }
  return MTL::BindingTypeBuffer;
}

}  // namespace

Binding::Binding(const service::ArgumentInfo& argument)
    : name(make_string(argument.name)),
      index(argument.index),
      type(type_of(argument.kind)),
      access(access_of(argument.access)),
      alignment(argument.alignment),
      data_size(argument.element_size),
      data_type(argument.structure ? MTL::DataTypeStruct : described_type(argument.type)) {
  if (argument.kind == service::ArgumentInfo::Kind::texture) {
    texture_type = metal::texture_type(argument.texture);
    is_depth = argument.texture.starts_with("depth");
  }
  array_length = argument.count;
  if (argument.structure) {
    structure = struct_type(argument.type, argument.structure->members);
  } else if (argument.type.starts_with(kAtomic)) {
    structure = struct_type(argument.type, {});
  }
  if (data_type == MTL::DataTypeVisibleFunctionTable) type = MTL::BindingTypeVisibleFunctionTable;
  if (type != MTL::BindingTypeBuffer) return;
  pointer = objc::make<PointerType>();
  pointer->data_type = MTL::DataTypePointer;
  pointer->element_type = data_type;
  pointer->access = access;
  pointer->alignment = alignment;
  pointer->data_size = data_size;
  pointer->structure = structure;
}

ComputePipelineReflection::ComputePipelineReflection(
    const std::vector<service::ArgumentInfo>& infos)
    : bindings(objc::make<Array>()), arguments(objc::make<Array>()) {
  for (const service::ArgumentInfo& info : infos) {
    arguments->items.push_back(objc::make<Argument>(info));
    if (info.kind == service::ArgumentInfo::Kind::buffer) {
      objc::Ref<Binding> binding = objc::make<BufferBinding>(info);
      if (binding->type != MTL::BindingTypeBuffer) binding = objc::make<Binding>(info);
      bindings->items.push_back(std::move(binding));
    } else if (info.kind == service::ArgumentInfo::Kind::texture)
      bindings->items.push_back(objc::make<TextureBinding>(info));
    else if (info.kind == service::ArgumentInfo::Kind::sampler)
      bindings->items.push_back(objc::make<SamplerBinding>(info));
    else
      bindings->items.push_back(objc::make<ThreadgroupBinding>(info));
  }
}

namespace {

template <class T>
objc_object* none(const T*) {
  return nullptr;
}

ANVIL_OBJC_CLASS_DEFINITION<Type> type_definition{"MTLType",
                                                  {
                                                      objc::property<&Type::data_type>("dataType"),
                                                  }};

ANVIL_OBJC_CLASS_DEFINITION<StructType> struct_type_definition{
    "MTLStructType",
    {
        objc::property<&StructType::members>("members"),
        objc::method<&StructType::member>("memberByName:"),
    }};

ANVIL_OBJC_CLASS_DEFINITION<StructMember> struct_member_definition{
    "MTLStructMember",
    {
        objc::property<&StructMember::name>("name"),
        objc::property<&StructMember::offset>("offset"),
        objc::property<&StructMember::data_type>("dataType"),
        objc::property<&StructMember::structure>("structType"),
        objc::property<&StructMember::array>("arrayType"),
        // What pointers in structs point to is not described.
        objc::function<&none<StructMember>>("pointerType"),
    }};

ANVIL_OBJC_CLASS_DEFINITION<ArrayType> array_type_definition{
    "MTLArrayType",
    {
        objc::property<&ArrayType::element_type>("elementType"),
        objc::property<&ArrayType::length>("arrayLength"),
        objc::property<&ArrayType::stride>("stride"),
        objc::property<&ArrayType::element_structure>("elementStructType"),
        objc::property<&ArrayType::element_array>("elementArrayType"),
        objc::function<&none<ArrayType>>("elementPointerType"),
    }};

ANVIL_OBJC_CLASS_DEFINITION<PointerType> pointer_type_definition{
    "MTLPointerType",
    {
        objc::property<&PointerType::element_type>("elementType"),
        objc::property<&PointerType::access>("access"),
        objc::property<&PointerType::alignment>("alignment"),
        objc::property<&PointerType::data_size>("dataSize"),
        objc::property<&PointerType::structure>("elementStructType"),
        objc::function<&none<PointerType>>("elementArrayType"),
        objc::function<&answers::no<PointerType>>("elementIsArgumentBuffer"),
    }};

ANVIL_OBJC_CLASS_DEFINITION<Binding> binding_definition{
    "MTLBinding",
    {
        objc::property<&Binding::name>("name"),
        objc::property<&Binding::index>("index"),
        objc::property<&Binding::type>("type"),
        objc::property<&Binding::access>("access"),
        objc::function<&answers::yes<Binding>>("isUsed"),
        objc::function<&answers::yes<Binding>>("isArgument"),
    }};

objc::MethodGroup buffer_questions() {
  objc::MethodGroup all;
  for (const objc::MethodGroup& group : {objc::property<&Binding::alignment>("bufferAlignment"),
                                         objc::property<&Binding::data_size>("bufferDataSize"),
                                         objc::property<&Binding::data_type>("bufferDataType"),
                                         objc::property<&Binding::pointer>("bufferPointerType"),
                                         objc::property<&Binding::structure>("bufferStructType")})
    all.insert(all.end(), group.begin(), group.end());
  return all;
}

objc::MethodGroup threadgroup_questions() {
  objc::MethodGroup all = objc::property<&Binding::alignment>("threadgroupMemoryAlignment");
  const objc::MethodGroup size = objc::property<&Binding::data_size>("threadgroupMemoryDataSize");
  all.insert(all.end(), size.begin(), size.end());
  return all;
}

objc::MethodGroup texture_questions() {
  objc::MethodGroup all;
  for (const objc::MethodGroup& group : {objc::property<&Binding::texture_type>("textureType"),
                                         objc::property<&Binding::data_type>("textureDataType"),
                                         objc::property<&Binding::is_depth>("isDepthTexture"),
                                         objc::property<&Binding::array_length>("arrayLength")})
    all.insert(all.end(), group.begin(), group.end());
  return all;
}

ANVIL_OBJC_CLASS_DEFINITION<TextureBinding> texture_binding_definition{"MTLTextureBinding",
                                                                       {texture_questions()}};
ANVIL_OBJC_CLASS_DEFINITION<SamplerBinding> sampler_binding_definition{"MTLSamplerBinding", {}};

ANVIL_OBJC_CLASS_DEFINITION<BufferBinding> buffer_binding_definition{"MTLBufferBinding",
                                                                     {buffer_questions()}};

ANVIL_OBJC_CLASS_DEFINITION<ThreadgroupBinding> threadgroup_binding_definition{
    "MTLThreadgroupBinding", {threadgroup_questions()}};

ANVIL_OBJC_CLASS_DEFINITION<Argument> argument_definition{
    "MTLArgument",
    {
        buffer_questions(),
        threadgroup_questions(),
        objc::function<&answers::yes<Argument>>("isActive"),
        texture_questions(),
    }};

ANVIL_OBJC_CLASS_DEFINITION<ComputePipelineReflection> compute_pipeline_reflection_definition{
    "MTLComputePipelineReflection",
    {
        objc::property<&ComputePipelineReflection::bindings>("bindings"),
        objc::property<&ComputePipelineReflection::arguments>("arguments"),
    }};

}  // namespace
}  // namespace anvil::metal
