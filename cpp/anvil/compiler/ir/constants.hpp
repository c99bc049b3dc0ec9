// constants.hpp: gives function constants their values.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "anvil/compiler/source/signature.hpp"

namespace llvm {
class Module;
}

namespace anvil::compiler {

struct ConstantValue {
  std::optional<uint32_t> index;
  std::string name;
  std::string type;
  std::string bytes;  ///< little endian
};

/// `[{"index":0,"name":null,"type":"uint","data":"2a000000"}]`; throws InputError where it is not.
std::vector<ConstantValue> parse_constants(const std::string& json);

/// The value given to a constant, or null.
const ConstantValue* find_value(const FunctionConstantInfo& constant,
                                const std::vector<ConstantValue>& values);

/// Whether `values` switch an argument off that depends on function constant `name`.
bool is_switched_off(const std::string& name, const std::vector<FunctionConstantInfo>& constants,
                     const std::vector<ConstantValue>& values);

/// Defines the module's function constants. Constants without a value read as undefined for
/// is_function_constant_defined. The errors say which values are missing or do not fit.
std::vector<std::string> bind_constants(llvm::Module& module,
                                        const std::vector<FunctionConstantInfo>& constants,
                                        const std::vector<ConstantValue>& values);

}  // namespace anvil::compiler
