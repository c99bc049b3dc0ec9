#include "anvil/metal/data_type.hpp"

#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

namespace anvil::metal {
namespace {

struct Scalar {
  const char* name;
  MTL::DataType first;  // vectors of 2, 3 and 4 have the three values after it
  size_t size;
};

constexpr Scalar kScalars[] = {
    {"float", MTL::DataTypeFloat, 4},   {"half", MTL::DataTypeHalf, 2},
    {"bfloat", MTL::DataTypeBFloat, 2}, {"int", MTL::DataTypeInt, 4},
    {"uint", MTL::DataTypeUInt, 4},     {"short", MTL::DataTypeShort, 2},
    {"ushort", MTL::DataTypeUShort, 2}, {"char", MTL::DataTypeChar, 1},
    {"uchar", MTL::DataTypeUChar, 1},   {"bool", MTL::DataTypeBool, 1},
    {"long", MTL::DataTypeLong, 8},     {"ulong", MTL::DataTypeULong, 8},
};

struct Entry {
  std::string name;
  MTL::DataType type;
  size_t size;
};

std::vector<Entry> entries() {
  std::vector<Entry> list;
  // A vector of 3 takes the room of 4 (Metal Shading Language Specification, 2.2).
  const auto vector_size = [](size_t scalar, int length) {
    return scalar * (length == 3 ? 4u : static_cast<size_t>(length));
  };
  for (const Scalar& scalar : kScalars)
    for (int length = 1; length <= 4; ++length)
      list.push_back({scalar.name + (length == 1 ? "" : std::to_string(length)),
                      static_cast<MTL::DataType>(scalar.first + static_cast<unsigned>(length) - 1),
                      vector_size(scalar.size, length)});
  for (const auto& [name, first, size] :
       {Scalar{"float", MTL::DataTypeFloat2x2, 4}, Scalar{"half", MTL::DataTypeHalf2x2, 2}})
    for (int columns = 2; columns <= 4; ++columns)
      for (int rows = 2; rows <= 4; ++rows)
        list.push_back({name + std::to_string(columns) + "x" + std::to_string(rows),
                        static_cast<MTL::DataType>(
                            first + static_cast<unsigned>(3 * (columns - 2) + rows - 2)),
                        static_cast<size_t>(columns) * vector_size(size, rows)});
  return list;
}

const std::vector<Entry>& table() {
  static const auto& list = *new std::vector<Entry>(entries());
  return list;
}

}  // namespace

MTL::DataType data_type(std::string_view name) {
  static const auto& types = *[] {
    auto* map = new std::unordered_map<std::string_view, MTL::DataType>;
    for (const Entry& entry : table()) map->emplace(entry.name, entry.type);
    // Names from C that mean the same.
    for (const auto& [alias, type] : std::initializer_list<std::pair<const char*, MTL::DataType>>{
             {"uint8_t", MTL::DataTypeUChar},
             {"int8_t", MTL::DataTypeChar},
             {"uint16_t", MTL::DataTypeUShort},
             {"int16_t", MTL::DataTypeShort},
             {"uint32_t", MTL::DataTypeUInt},
             {"int32_t", MTL::DataTypeInt},
             {"uint64_t", MTL::DataTypeULong},
             {"int64_t", MTL::DataTypeLong},
             {"size_t", MTL::DataTypeULong},
             {"unsigned int", MTL::DataTypeUInt},
             {"unsigned char", MTL::DataTypeUChar},
             {"unsigned short", MTL::DataTypeUShort},
             {"unsigned long", MTL::DataTypeULong}})
      map->emplace(alias, type);
    return map;
  }();
  // Metal's reflection has no types of their own for packed vectors; their sizes tell them apart.
  constexpr std::string_view kPacked = "packed_";
  if (name.starts_with(kPacked)) name.remove_prefix(kPacked.size());
  const auto found = types.find(name);
  return found == types.end() ? MTL::DataTypeStruct : found->second;
}

std::string_view type_name(MTL::DataType type) {
  for (const Entry& entry : table())
    if (entry.type == type) return entry.name;
  return "";
}

size_t type_size(MTL::DataType type) {
  for (const Entry& entry : table())
    if (entry.type == type) return entry.size;
  return 0;
}

}  // namespace anvil::metal
