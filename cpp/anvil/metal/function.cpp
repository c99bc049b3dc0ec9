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

FunctionDescriptor* function_descriptor() {
  return objc::make<FunctionDescriptor>().autoreleased();
}

ANVIL_OBJC_CLASS_DEFINITION<FunctionDescriptor> function_descriptor_definition{
    "MTLFunctionDescriptor",
    {
        objc::class_method<&function_descriptor>("functionDescriptor"),
        objc::property<&FunctionDescriptor::name>("name", "setName:"),
        objc::property<&FunctionDescriptor::specialized_name>("specializedName",
                                                              "setSpecializedName:"),
        objc::property<&FunctionDescriptor::constant_values>("constantValues",
                                                             "setConstantValues:"),
        objc::property<&FunctionDescriptor::options>("options", "setOptions:"),
        objc::property<&FunctionDescriptor::binary_archives>("binaryArchives",
                                                             "setBinaryArchives:"),
        objc::copying<FunctionDescriptor>(),
    }};

ANVIL_OBJC_CLASS_DEFINITION<Function> function_definition{
    "MTLFunction",
    {
        objc::property<&Function::device>("device"),
        objc::property<&Function::name>("name"),
        objc::property<&Function::label>("label", "setLabel:"),
        objc::property<&Function::type>("functionType"),
        objc::method<&Function::options>("options"),
        objc::method<&Function::constants_dictionary>("functionConstantsDictionary"),
        objc::method<&Function::new_argument_encoder>("newArgumentEncoderWithBufferIndex:"),
        objc::method<&Function::new_argument_encoder_reflecting>(
            "newArgumentEncoderWithBufferIndex:reflection:"),
        objc::method<&Function::no_attributes>("vertexAttributes"),
        objc::method<&Function::no_attributes>("stageInputAttributes"),
    }};

}  // namespace
}  // namespace anvil::metal
