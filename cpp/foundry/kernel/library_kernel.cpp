// Values for the arguments of a library's kernel, checked against its own signature.
#include <algorithm>
#include <bit>
#include <optional>

#include "foundry/core/error.hpp"
#include "foundry/core/suggestion.hpp"
#include "foundry/kernel/kernel_library.hpp"

namespace foundry {
namespace {

using Kind = ArgumentDescription::Kind;

std::string place(const std::string& kernel, const ArgumentDescription& argument) {
  return concat(kernel, ": argument '", argument.name, "'");
}

/// "float4", "a struct of 32 bytes".
std::string type_text(const ArgumentDescription& argument) {
  const ReflectedArgument& reflected = *argument.reflected;
  const bool is_named = !reflected.type.empty() && reflected.type != "struct" &&
                        reflected.type != "array" && reflected.type != "pointer";
  if (is_named) return reflected.type;
  return concat(reflected.type == "array" ? "an array of " : "a struct of ", reflected.size,
                " bytes");
}

/// Lanes that an element of memory has: 4 of a float3, which takes the room of a float4.
std::uint64_t lanes_in_memory(const ArgumentDescription& argument) {
  return element_bytes(argument) / info(argument.dtype).block_bytes;
}

void check_tensor(const std::string& kernel, const ArgumentDescription& argument,
                  const AnyTensor& tensor) {
  if (!takes_dtype(argument, tensor.dtype())) {
    throw DTypeError(concat(place(kernel, argument), " takes ", name_of(argument.dtype), " (",
                            type_text(argument), "), got ", tensor.describe()));
  }
  const std::uint64_t element = element_bytes(argument);
  if (tensor.byte_length() < element) {
    throw ShapeError(concat(place(kernel, argument), " takes ", type_text(argument), ", ", element,
                            " bytes at least; ", tensor.describe(), " has ", tensor.byte_length()));
  }
  // The classical one: rows of three numbers, of which a float3 takes four.
  const std::uint64_t lanes = lanes_in_memory(argument);
  const bool is_three = argument.reflected->type.ends_with('3') && lanes == 4;
  if (is_three && tensor.rank() > 1 && tensor.extents()[tensor.rank() - 1] % lanes != 0) {
    throw ShapeError(concat(place(kernel, argument), " takes ", type_text(argument), ", which has ",
                            element, " bytes an element; ", tensor.describe(),
                            " needs rows of 4, or the kernel packed_", argument.reflected->type));
  }
}

void check_bytes(const std::string& kernel, const ArgumentDescription& argument,
                 std::size_t bytes) {
  if (writes(argument.access)) {
    throw ArgumentError(concat(place(kernel, argument), " is written: it takes a tensor"));
  }
  const std::uint64_t element = element_bytes(argument);
  if (bytes == 0 || bytes % element != 0) {
    throw ArgumentError(concat(place(kernel, argument), " takes ", type_text(argument), ", ",
                               element, " bytes or a multiple of them; got ", bytes));
  }
}

void check_value(const std::string& kernel, const ArgumentDescription& argument,
                 const KernelValue& value) {
  const bool is_threadgroup = argument.kind == Kind::threadgroup_memory;
  if (std::holds_alternative<std::monostate>(value)) {
    if (!argument.reflected->is_used) return;
    throw ArgumentError(concat(place(kernel, argument), " is missing"));
  }
  if (std::holds_alternative<std::uint64_t>(value) != is_threadgroup) {
    throw ArgumentError(concat(place(kernel, argument),
                               is_threadgroup
                                   ? " is threadgroup memory: it takes a number of elements"
                                   : " is a buffer: it takes a tensor or a value"));
  }
  if (const auto* tensor = std::get_if<AnyTensor>(&value)) check_tensor(kernel, argument, *tensor);
  if (const auto* bytes = std::get_if<std::vector<std::byte>>(&value)) {
    check_bytes(kernel, argument, bytes->size());
  }
  if (const auto* use = std::get_if<ParameterUse>(&value)) {
    check_bytes(kernel, argument, info(use->type).block_bytes);
  }
}

/// Of an argument that is one number; nothing else can be a number or a Parameter.
DType number_type(const std::string& kernel, const ArgumentDescription& argument) {
  const bool is_number = argument.reflected->type == info(argument.dtype).metal_name;
  if (is_number) return argument.dtype;
  throw ArgumentError(
      concat(place(kernel, argument), " takes ", type_text(argument), ", got a number"));
}

}  // namespace

KernelValue LibraryKernel::converted(const ArgumentDescription& argument,
                                     const LibraryValue& value) const {
  struct Convert {
    const std::string& kernel;
    const ArgumentDescription& argument;

    KernelValue operator()(const AnyTensor& tensor) const {
      return tensor ? KernelValue(tensor) : KernelValue();
    }
    KernelValue operator()(const ParameterValue& number) const {
      if (argument.kind == Kind::threadgroup_memory) {
        throw ArgumentError(concat(place(kernel, argument),
                                   " is threadgroup memory: it takes ThreadgroupElements"));
      }
      const DType type = number_type(kernel, argument);
      const auto bits = encode_scalar(number, 0, type);
      if (!bits) {
        throw ArgumentError(concat(place(kernel, argument), " is ", to_string(number),
                                   "; expected ", describe_range(type)));
      }
      const auto bytes = std::as_bytes(std::span(&*bits, 1)).first(info(type).block_bytes);
      return std::vector<std::byte>(bytes.begin(), bytes.end());
    }
    KernelValue operator()(const Parameter& parameter) const {
      return ParameterUse{0, number_type(kernel, argument), parameter};
    }
    KernelValue operator()(ThreadgroupElements elements) const { return elements.count; }
    KernelValue operator()(const std::vector<std::byte>& bytes) const { return bytes; }
  };
  return std::visit(Convert{name(), argument}, value.value_);
}

std::string LibraryKernel::takes() const {
  std::string text;
  for (const ArgumentDescription& argument : arguments()) {
    text += concat(text.empty() ? "it takes " : ", ", argument.name);
  }
  return text.empty() ? "it takes none" : text;
}

KernelCall LibraryKernel::operator()(std::initializer_list<LibraryValue> values,
                                     const DispatchConfig& config) const {
  if (values.size() > arguments().size()) {
    throw ArgumentError(concat(name(), ": ", values.size(), " arguments by position; ", takes()));
  }
  std::vector<KernelValue> all(arguments().size());
  std::transform(values.begin(), values.end(), arguments().begin(), all.begin(),
                 [&](const LibraryValue& value, const ArgumentDescription& argument) {
                   return converted(argument, value);
                 });
  return call(std::move(all), config);
}

KernelCall LibraryKernel::operator()(std::initializer_list<NamedValue> values,
                                     const DispatchConfig& config) const {
  std::vector<KernelValue> all(arguments().size());
  for (const auto& [its_name, value] : values) {
    const auto found =
        std::find_if(arguments().begin(), arguments().end(),
                     [its_name = its_name](const auto& a) { return a.name == its_name; });
    if (found == arguments().end()) {
      std::vector<std::string> names;
      for (const ArgumentDescription& argument : arguments()) names.push_back(argument.name);
      throw ArgumentError(
          concat(name(), ": there is no argument '", its_name, "'", suggestion(its_name, names)));
    }
    KernelValue& place_of_it = all[static_cast<std::size_t>(found - arguments().begin())];
    if (!std::holds_alternative<std::monostate>(place_of_it)) {
      throw ArgumentError(concat(place(name(), *found), " is given twice"));
    }
    place_of_it = converted(*found, value);
  }
  return call(std::move(all), config);
}

KernelCall LibraryKernel::call(std::vector<KernelValue> values,
                               const DispatchConfig& config) const {
  if (values.size() != arguments().size()) {
    throw ArgumentError(concat(name(), ": ", values.size(), " values; ", takes()));
  }
  for (std::size_t i = 0; i < values.size(); ++i) check_value(name(), arguments()[i], values[i]);
  return {definition_, std::move(values), config};
}

}  // namespace foundry
