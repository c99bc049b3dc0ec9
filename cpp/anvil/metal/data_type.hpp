// MTLDataType and the names that MSL has for its types.
#pragma once

#include <cstddef>
#include <string_view>

#include <Foundation/NSTypes.hpp>
#include <Metal/MTLDataType.hpp>

namespace anvil::metal {

/// DataTypeStruct for names that MSL does not define.
MTL::DataType data_type(std::string_view name);
/// "" for types that have no name of their own.
std::string_view type_name(MTL::DataType type);
/// Bytes in memory of a scalar, vector or matrix; 0 for all others.
size_t type_size(MTL::DataType type);

}  // namespace anvil::metal
