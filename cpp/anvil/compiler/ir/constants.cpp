#include "anvil/compiler/ir/constants.hpp"

#include <llvm/ADT/StringExtras.h>
#include <llvm/IR/Constants.h>
#include <llvm/IR/DataLayout.h>
#include <llvm/IR/DerivedTypes.h>
#include <llvm/IR/GlobalVariable.h>
#include <llvm/IR/Module.h>
#include <llvm/Support/JSON.h>

#include "anvil/compiler/source/errors.hpp"

namespace anvil::compiler {
namespace {

// A constant of `type` whose memory holds `bytes`; null for a type with no such form.
llvm::Constant* from_bytes(llvm::Type* type, llvm::StringRef bytes,
                           const llvm::DataLayout& layout) {
  const uint64_t size = layout.getTypeStoreSize(type);
  if (bytes.size() < size) return nullptr;
  if (type->isIntegerTy() || type->isFloatingPointTy()) {
    llvm::APInt bits(static_cast<unsigned>(size * 8), 0);
    for (uint64_t i = 0; i < size; ++i)
      bits.insertBits(static_cast<unsigned char>(bytes[i]), static_cast<unsigned>(i * 8), 8);
    if (type->isIntegerTy())
      return llvm::ConstantInt::get(type, bits.trunc(type->getIntegerBitWidth()));
    return llvm::ConstantFP::get(type, llvm::APFloat(type->getFltSemantics(), bits));
  }
  std::vector<llvm::Constant*> elements;
  if (auto* vector = llvm::dyn_cast<llvm::FixedVectorType>(type)) {
    const uint64_t stride = layout.getTypeStoreSize(vector->getElementType());
    for (unsigned i = 0; i < vector->getNumElements(); ++i) {
      auto* element = from_bytes(vector->getElementType(), bytes.substr(i * stride), layout);
      if (!element) return nullptr;
      elements.push_back(element);
    }
    return llvm::ConstantVector::get(elements);
  }
  if (auto* array = llvm::dyn_cast<llvm::ArrayType>(type)) {
    const uint64_t stride = layout.getTypeAllocSize(array->getElementType());
    for (uint64_t i = 0; i < array->getNumElements(); ++i) {
      auto* element = from_bytes(array->getElementType(), bytes.substr(i * stride), layout);
      if (!element) return nullptr;
      elements.push_back(element);
    }
    return llvm::ConstantArray::get(array, elements);
  }
  if (auto* record = llvm::dyn_cast<llvm::StructType>(type)) {
    const llvm::StructLayout* fields = layout.getStructLayout(record);
    for (unsigned i = 0; i < record->getNumElements(); ++i) {
      auto* element = from_bytes(record->getElementType(i),
                                 bytes.substr(fields->getElementOffset(i).getFixedValue()), layout);
      if (!element) return nullptr;
      elements.push_back(element);
    }
    return llvm::ConstantStruct::get(record, elements);
  }
  return nullptr;
}

void define(llvm::GlobalVariable& variable, llvm::Constant* value) {
  variable.setInitializer(value);
  variable.setExternallyInitialized(false);
  variable.setConstant(true);
  variable.setLinkage(llvm::GlobalValue::InternalLinkage);
}

std::string describe(const FunctionConstantInfo& constant) {
  return "function constant '" + constant.name + "' (index " + std::to_string(constant.index) +
         ", type '" + constant.type + "')";
}

}  // namespace

std::vector<ConstantValue> parse_constants(const std::string& json) {
  auto parsed = llvm::json::parse(json);
  if (!parsed) {
    llvm::consumeError(parsed.takeError());
    throw InputError("the function constants are not valid JSON");
  }
  const llvm::json::Array* list = parsed->getAsArray();
  if (!list) throw InputError("the function constants are not a JSON array");
  std::vector<ConstantValue> values;
  for (const llvm::json::Value& item : *list) {
    const llvm::json::Object* object = item.getAsObject();
    ConstantValue value;
    if (object) {
      if (const auto index = object->getInteger("index"))
        value.index = static_cast<uint32_t>(*index);
      if (const auto name = object->getString("name")) value.name = name->str();
      if (const auto type = object->getString("type")) value.type = type->str();
    }
    const auto data = object ? object->getString("data") : std::nullopt;
    if (!data || !llvm::tryGetFromHex(*data, value.bytes) || (!value.index && value.name.empty()))
      throw InputError("a function constant needs an index or a name, and its data in hex");
    values.push_back(std::move(value));
  }
  return values;
}

const ConstantValue* find_value(const FunctionConstantInfo& constant,
                                const std::vector<ConstantValue>& values) {
  for (const ConstantValue& value : values)
    if (value.index ? *value.index == constant.index : value.name == constant.name) return &value;
  return nullptr;
}

bool is_switched_off(const std::string& name, const std::vector<FunctionConstantInfo>& constants,
                     const std::vector<ConstantValue>& values) {
  for (const FunctionConstantInfo& constant : constants) {
    if (constant.name != name) continue;
    const ConstantValue* value = find_value(constant, values);
    return !value || value->bytes.find_first_not_of('\0') == std::string::npos;
  }
  return false;
}

std::vector<std::string> bind_constants(llvm::Module& module,
                                        const std::vector<FunctionConstantInfo>& constants,
                                        const std::vector<ConstantValue>& values) {
  std::vector<std::string> errors;
  for (const FunctionConstantInfo& constant : constants) {
    const ConstantValue* value = find_value(constant, values);
    if (auto* flag = module.getNamedGlobal(constant.defined_symbol))
      define(*flag, llvm::ConstantInt::get(flag->getValueType(), value ? 1 : 0));
    auto* variable = module.getNamedGlobal(constant.symbol);
    if (!variable) continue;
    if (!value) {
      if (constant.required) {
        errors.push_back(describe(constant) + " is used but has no value");
      } else {
        define(*variable, llvm::Constant::getNullValue(variable->getValueType()));
      }
      continue;
    }
    if (!value->type.empty() && value->type != constant.type) {
      errors.push_back(describe(constant) + " is given a value of type '" + value->type + "'");
      continue;
    }
    // Storage may be wider than what the host writes (float3).
    std::string bytes = value->bytes;
    const uint64_t size = module.getDataLayout().getTypeAllocSize(variable->getValueType());
    if (bytes.size() < size && bytes.size() * 4 >= size * 3) bytes.resize(size);
    llvm::Constant* initial =
        bytes.size() == size ? from_bytes(variable->getValueType(), bytes, module.getDataLayout())
                             : nullptr;
    if (!initial) {
      errors.push_back(describe(constant) + " has " + std::to_string(size) + " bytes, its value " +
                       std::to_string(value->bytes.size()));
      continue;
    }
    define(*variable, initial);
  }
  return errors;
}

}  // namespace anvil::compiler
