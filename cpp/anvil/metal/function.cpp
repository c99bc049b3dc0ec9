#include "anvil/metal/function.hpp"

namespace anvil::metal {

Dictionary* Function::constants_dictionary() const {
  objc::Ref<Dictionary> dictionary = objc::make<Dictionary>();
  for (const service::FunctionConstant& declared : function.library->constants) {
    objc::Ref<FunctionConstant> constant = objc::make<FunctionConstant>(declared);
    dictionary->add(constant->name.get(), constant.get());
  }
  return dictionary.autoreleased();
}

Array* Function::no_attributes() const {
  return objc::make<Array>().autoreleased();
}

namespace {

using D = FunctionDescriptor;

D* descriptor() {
  return objc::make<D>().autoreleased();
}

ANVIL_OBJC_CLASS_DEFINITION<FunctionDescriptor> descriptor_definition{
    "MTLFunctionDescriptor",
    {
        objc::class_method<&descriptor>("functionDescriptor"),
        objc::property<&D::name>("name", "setName:"),
        objc::property<&D::specialized_name>("specializedName", "setSpecializedName:"),
        objc::property<&D::constant_values>("constantValues", "setConstantValues:"),
        objc::property<&D::options>("options", "setOptions:"),
        objc::property<&D::binary_archives>("binaryArchives", "setBinaryArchives:"),
        objc::copying<D>(),
    }};

ANVIL_OBJC_CLASS_DEFINITION<Function> definition{
    "MTLFunction",
    {
        objc::property<&Function::device>("device"),
        objc::property<&Function::name>("name"),
        objc::property<&Function::label>("label", "setLabel:"),
        objc::method<&Function::type>("functionType"),
        objc::method<&Function::options>("options"),
        objc::method<&Function::constants_dictionary>("functionConstantsDictionary"),
        objc::method<&Function::no_attributes>("vertexAttributes"),
        objc::method<&Function::no_attributes>("stageInputAttributes"),
    }};

}  // namespace
}  // namespace anvil::metal
