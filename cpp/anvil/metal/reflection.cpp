#include "anvil/metal/reflection.hpp"

#include "anvil/metal/data_type.hpp"

namespace anvil::metal {
namespace {

MTL::BindingAccess access_of(const std::string& access) {
  return access == "readwrite" ? MTL::BindingAccessReadWrite
         : access == "write"   ? MTL::BindingAccessWriteOnly
                               : MTL::BindingAccessReadOnly;
}

objc::Ref<StructType> struct_type(const service::StructInfo& info) {
  objc::Ref<StructType> type = objc::make<StructType>();
  type->data_type = MTL::DataTypeStruct;
  for (const auto& [name, offset, member_type] : info.members) {
    objc::Ref<StructMember> member = objc::make<StructMember>();
    member->name = make_string(name);
    member->offset = offset;
    member->data_type = member_type.ends_with('*')   ? MTL::DataTypePointer
                        : member_type.ends_with(']') ? MTL::DataTypeArray
                                                     : data_type(member_type);
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

Binding::Binding(const service::ArgumentInfo& argument)
    : name(make_string(argument.name)),
      index(argument.index),
      type(argument.kind == service::ArgumentInfo::Kind::buffer
               ? MTL::BindingTypeBuffer
               : MTL::BindingTypeThreadgroupMemory),
      access(access_of(argument.access)),
      alignment(argument.alignment),
      data_size(argument.element_size),
      data_type(argument.structure ? MTL::DataTypeStruct : metal::data_type(argument.type)) {
  if (argument.structure) structure = struct_type(*argument.structure);
  if (argument.kind != service::ArgumentInfo::Kind::buffer) return;
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
    if (info.kind == service::ArgumentInfo::Kind::buffer)
      bindings->items.push_back(objc::make<BufferBinding>(info));
    else
      bindings->items.push_back(objc::make<ThreadgroupBinding>(info));
  }
}

namespace {

template <class T>
bool yes(const T*) {
  return true;
}
template <class T>
bool no(const T*) {
  return false;
}
template <class T>
NS::UInteger one(const T*) {
  return 1;
}
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
        // Members of members, elements of arrays and targets of pointers are not described.
        objc::function<&none<StructMember>>("structType"),
        objc::function<&none<StructMember>>("arrayType"),
        objc::function<&none<StructMember>>("pointerType"),
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
        objc::function<&no<PointerType>>("elementIsArgumentBuffer"),
    }};

ANVIL_OBJC_CLASS_DEFINITION<Binding> binding_definition{
    "MTLBinding",
    {
        objc::property<&Binding::name>("name"),
        objc::property<&Binding::index>("index"),
        objc::property<&Binding::type>("type"),
        objc::property<&Binding::access>("access"),
        objc::function<&yes<Binding>>("isUsed"),
        objc::function<&yes<Binding>>("isArgument"),
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

ANVIL_OBJC_CLASS_DEFINITION<BufferBinding> buffer_binding_definition{"MTLBufferBinding",
                                                                     {buffer_questions()}};

ANVIL_OBJC_CLASS_DEFINITION<ThreadgroupBinding> threadgroup_binding_definition{
    "MTLThreadgroupBinding", {threadgroup_questions()}};

ANVIL_OBJC_CLASS_DEFINITION<Argument> argument_definition{
    "MTLArgument",
    {
        buffer_questions(),
        threadgroup_questions(),
        objc::function<&yes<Argument>>("isActive"),
        objc::function<&one<Argument>>("arrayLength"),
    }};

ANVIL_OBJC_CLASS_DEFINITION<ComputePipelineReflection> compute_pipeline_reflection_definition{
    "MTLComputePipelineReflection",
    {
        objc::property<&ComputePipelineReflection::bindings>("bindings"),
        objc::property<&ComputePipelineReflection::arguments>("arguments"),
    }};

}  // namespace
}  // namespace anvil::metal
