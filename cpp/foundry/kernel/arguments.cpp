#include "foundry/kernel/arguments.hpp"
#include "foundry/core/ascii.hpp"

namespace foundry::detail {

void check_argument(const AnyTensor& tensor, const ArgumentType& type) {
  if (!tensor) return;
  const auto what = [&] { return concat("an argument to ", name_of(type.access), " takes "); };
  if (tensor.dtype() != type.dtype) {
    throw DTypeError(concat(what(), name_of(type.dtype), ", got ", tensor.describe()));
  }
  if (type.mode && tensor.mode() != *type.mode) {
    throw StorageError(concat(what(), name_of(*type.mode), " storage; ", tensor.describe(), " is ",
                              name_of(tensor.mode())));
  }
  check_tensor_shape(tensor, type.has_rank, type.extents);
}

void set_source(KernelDescription& description, const ShaderFile& source) {
  description.form = KernelDescription::Form::file;
  description.source = {std::string(source.path), std::string(find_shader(source.path)), 1};
}

void set_source(KernelDescription& description, const ShaderBody& source) {
  description.form = KernelDescription::Form::body;
  description.source = {std::string(source.file), std::string(source.text), source.line};
}

std::string snake_case(std::string_view type_name) {
  std::string result;
  for (std::size_t i = 0; i < type_name.size(); ++i) {
    const char c = type_name[i];
    const bool after_lower = i > 0 && !is_upper(type_name[i - 1]);
    if (is_upper(c) && after_lower && type_name[i - 1] != '_') result += '_';
    result += to_lower(c);
  }
  return result;
}

}  // namespace foundry::detail
