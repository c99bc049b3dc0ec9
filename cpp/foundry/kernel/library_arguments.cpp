// The arguments of a compiled function as a description: what a library's kernel takes.
#include <algorithm>
#include <optional>
#include <string_view>

#include "foundry/kernel/description.hpp"

namespace foundry {
namespace {

using Kind = ArgumentDescription::Kind;
using ReflectedKind = ReflectedArgument::Kind;

std::optional<DType> dtype_of_scalar(std::string_view metal_name) {
  for (std::size_t i = 0; i < kBuiltInDTypes; ++i) {
    const DTypeInfo& row = info(static_cast<DType>(i));
    if (row.block_elements == 1 && row.metal_name == metal_name) return row.dtype;
  }
  return {};
}

/// Of "float", "float4" and "float4x4" f32; nothing for what is no number.
std::optional<DType> scalar_of(const ReflectedArgument& argument) {
  std::string_view type = argument.type;
  // Apple's atomics are structs of one member.
  if (argument.members.size() == 1 && argument.members[0].name == "__s") {
    type = argument.members[0].type;
  }
  const std::size_t digits = std::min(type.find_first_of("0123456789"), type.size());
  return dtype_of_scalar(type.substr(0, digits));
}

/// What the language's rules of aliasing let look at any object's memory.
bool is_byte(const ReflectedArgument& argument) {
  return argument.type == info(DType::i8).metal_name || argument.type == info(DType::u8).metal_name;
}

Access access_of(const ReflectedArgument& argument) {
  // Metal tells that it is written, not that all of it is.
  return argument.access == Access::write ? Access::write_some : argument.access;
}

}  // namespace

std::uint64_t element_bytes(const ArgumentDescription& argument) {
  if (!argument.reflected) return info(argument.dtype).block_bytes;
  return std::max<std::uint64_t>(1, argument.reflected->size);
}

bool takes_dtype(const ArgumentDescription& argument, DType dtype) {
  if (!argument.reflected) return dtype == argument.dtype;
  const auto scalar = scalar_of(*argument.reflected);
  return !scalar || *scalar == dtype || is_byte(*argument.reflected);
}

std::vector<ArgumentDescription> library_arguments(const Reflection& reflection) {
  std::vector<ArgumentDescription> arguments;
  for (const ReflectedArgument& reflected : reflection.arguments) {
    if (reflected.kind == ReflectedKind::other) continue;
    ArgumentDescription argument;
    argument.name = reflected.name;
    argument.kind =
        reflected.kind == ReflectedKind::buffer ? Kind::buffer : Kind::threadgroup_memory;
    argument.access = access_of(reflected);
    argument.dtype = scalar_of(reflected).value_or(DType::u8);
    argument.reflected = reflected;
    arguments.push_back(std::move(argument));
  }
  for (ArgumentDescription& output : arguments) {
    if (output.kind != Kind::buffer || !writes(output.access)) continue;
    for (const ArgumentDescription& input : arguments) {
      if (input.kind == Kind::buffer && &input != &output) output.in_place.push_back(input.name);
    }
  }
  return arguments;
}

}  // namespace foundry
