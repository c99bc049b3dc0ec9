// MTLFunction and MTLFunctionDescriptor.
#pragma once

#include <memory>
#include <vector>

#include <Metal/MTLFunctionDescriptor.hpp>
#include <Metal/MTLLibrary.hpp>

#include "anvil/foundation/array.hpp"
#include "anvil/foundation/dictionary.hpp"
#include "anvil/metal/function_constants.hpp"

namespace anvil::metal {

struct Argument;
struct ArgumentEncoder;
struct Device;

struct FunctionDescriptor : objc::Object {
  using Super = RootObject;

  objc::Ref<String> name;
  objc::Ref<String> specialized_name;
  objc::Ref<FunctionConstantValues> constant_values;
  MTL::FunctionOptions options = MTL::FunctionOptionNone;
  objc::Ref<Array> binary_archives;
};

/// A function of a library with values for its constants. A kernel is compiled when a pipeline is
/// made of it; there are none for others.
struct Function : objc::Object {
  using Super = RootObject;

  Function(Device* device, service::SpecializedFunction function, MTL::FunctionType type)
      : device(device),
        function(std::move(function)),
        type(type),
        name(make_string(this->function.name)) {}

  MTL::FunctionOptions options() const { return MTL::FunctionOptionNone; }
  Dictionary* constants_dictionary() const;
  Array* no_attributes() const;
  // argument_encoder.cpp
  ArgumentEncoder* new_argument_encoder(NS::UInteger index);
  ArgumentEncoder* new_argument_encoder_reflecting(NS::UInteger index, Argument** reflection);

  Device* device;
  const service::SpecializedFunction function;
  const MTL::FunctionType type;
  objc::Ref<String> name;  ///< the specialised one, if there is one
  objc::Ref<String> label;
};

}  // namespace anvil::metal
