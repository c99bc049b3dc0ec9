// MTLFunctionConstantValues and MTLFunctionConstant.
#pragma once

#include <vector>

#include <Foundation/NSTypes.hpp>
#include <Metal/MTLDataType.hpp>
#include <Metal/MTLFunctionConstantValues.hpp>

#include "anvil/foundation/string.hpp"
#include "anvil/service/compiler_service.hpp"

namespace anvil::metal {

struct FunctionConstantValues : objc::Object {
  using Super = RootObject;

  void set_at_index(const void* value, MTL::DataType type, NS::UInteger index);
  void set_with_name(const void* value, MTL::DataType type, String* name);
  void set_range(const void* values, MTL::DataType type, NS::Range range);
  void reset() { values.clear(); }

  std::vector<service::ConstantValue> values;  ///< each index and each name once

 private:
  void set(const void* value, MTL::DataType type, std::optional<uint32_t> index, std::string name);
};

/// One constant that a function declares.
struct FunctionConstant : objc::Object {
  using Super = RootObject;

  FunctionConstant() = default;
  explicit FunctionConstant(const service::FunctionConstant& declared);

  objc::Ref<String> name;
  NS::UInteger index = 0;
  MTL::DataType type = MTL::DataTypeNone;
  bool required = false;
};

/// The values that concern the declared constants, and zero for those that have none, unless
/// `values` is null. Throws CompileError for one of another type.
std::vector<service::ConstantValue> match_constants(
    const FunctionConstantValues* values, const std::vector<service::FunctionConstant>& declared);

}  // namespace anvil::metal
