#include "anvil/metal/function_constants.hpp"

#include <algorithm>
#include <cstring>

#include "anvil/metal/data_type.hpp"
#include "anvil/metal/validation.hpp"
#include "anvil/objc/errors.hpp"

namespace anvil::metal {

void FunctionConstantValues::set(const void* value, MTL::DataType type,
                                 std::optional<uint32_t> index, std::string name) {
  const size_t size = type_size(type);
  if (size == 0 || !value)
    throw InvalidUse("-[MTLFunctionConstantValues setConstantValue:...]: " +
                     (value ? "type " + std::to_string(type) + " is no scalar or vector"
                            : std::string("null value")));
  std::erase_if(
      values, [&](const service::ConstantValue& v) { return v.index == index && v.name == name; });
  const auto* bytes = static_cast<const std::byte*>(value);
  values.push_back({index, std::move(name), std::string(type_name(type)), {bytes, bytes + size}});
}

void FunctionConstantValues::set_at_index(const void* value, MTL::DataType type,
                                          NS::UInteger index) {
  // MSL allows indices 0 to 65535.
  if (index > UINT16_MAX)
    throw InvalidUse("-[MTLFunctionConstantValues setConstantValue:type:atIndex:]: index " +
                     std::to_string(index) + " exceeds 65535");
  set(value, type, static_cast<uint32_t>(index), {});
}

void FunctionConstantValues::set_with_name(const void* value, MTL::DataType type, String* name) {
  if (!name)
    throw InvalidUse("-[MTLFunctionConstantValues setConstantValue:type:withName:]: nil name");
  set(value, type, std::nullopt, std::string(utf8(name)));
}

void FunctionConstantValues::set_range(const void* all, MTL::DataType type, NS::Range range) {
  const auto* next = static_cast<const std::byte*>(all);
  for (NS::UInteger i = 0; i < range.length; ++i, next += type_size(type))
    set_at_index(next, type, range.location + i);
}

FunctionConstant::FunctionConstant(const service::FunctionConstant& declared)
    : name(make_string(declared.name)),
      index(declared.index),
      type(data_type(declared.type)),
      required(declared.required) {}

namespace {

/// As Apple's driver does where a function is specialised and not all is given. What a program asks
/// is_function_constant_defined about is not required, and stays undefined.
void set_missing_to_zero(std::vector<service::ConstantValue>& values,
                         const std::vector<service::FunctionConstant>& declared) {
  const size_t given = values.size();
  for (const service::FunctionConstant& constant : declared) {
    const size_t size = type_size(data_type(constant.type));
    const auto is_its = [&](const service::ConstantValue& value) {
      return value.index ? value.index == constant.index : value.name == constant.name;
    };
    if (!constant.required || size == 0 ||
        std::any_of(values.begin(), values.begin() + static_cast<ptrdiff_t>(given), is_its))
      continue;
    values.push_back({constant.index, {}, constant.type, std::vector<std::byte>(size)});
  }
}

}  // namespace

std::vector<service::ConstantValue> match_constants(
    const FunctionConstantValues* values, const std::vector<service::FunctionConstant>& declared) {
  std::vector<service::ConstantValue> matched;
  if (!values) return matched;
  for (const service::ConstantValue& value : values->values) {
    const auto constant = std::find_if(declared.begin(), declared.end(), [&](const auto& c) {
      return value.index ? c.index == *value.index : c.name == value.name;
    });
    // Metal ignores values that no constant asks for.
    if (constant == declared.end()) continue;
    if (data_type(constant->type) != data_type(value.type))
      throw service::CompileError("function constant " + std::to_string(constant->index) + " ('" +
                                  constant->name + "') has type " + constant->type +
                                  ", its value has type " + value.type);
    matched.push_back(value);
    matched.back().type = constant->type;  // as the source spells it
  }
  if (!validation::keeps_constants_unset()) set_missing_to_zero(matched, declared);
  return matched;
}

namespace {

ANVIL_OBJC_CLASS_DEFINITION<FunctionConstantValues> function_constant_values_definition{
    "MTLFunctionConstantValues",
    {
        objc::method<&FunctionConstantValues::set_at_index>("setConstantValue:type:atIndex:"),
        objc::method<&FunctionConstantValues::set_with_name>("setConstantValue:type:withName:"),
        objc::method<&FunctionConstantValues::set_range>("setConstantValues:type:withRange:"),
        objc::method<&FunctionConstantValues::reset>("reset"),
        objc::copying<FunctionConstantValues>(),
    }};

ANVIL_OBJC_CLASS_DEFINITION<FunctionConstant> function_constant_definition{
    "MTLFunctionConstant",
    {
        objc::property<&FunctionConstant::name>("name"),
        objc::property<&FunctionConstant::index>("index"),
        objc::property<&FunctionConstant::type>("type"),
        objc::property<&FunctionConstant::required>("required"),
    }};

}  // namespace
}  // namespace anvil::metal
