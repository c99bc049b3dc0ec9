#include "foundry/kernel/arguments.hpp"

#include <cctype>

namespace foundry::detail {

void check_argument_dtype(const AnyTensor& tensor, DType dtype, Access access) {
  if (!tensor || tensor.dtype() == dtype) return;
  throw DTypeError(concat("an argument to ", name_of(access), " takes ", name_of(dtype), ", got ",
                          tensor.describe()));
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
    const auto c = static_cast<unsigned char>(type_name[i]);
    const bool after_lower = i > 0 && !std::isupper(static_cast<unsigned char>(type_name[i - 1]));
    if (std::isupper(c) && after_lower && type_name[i - 1] != '_') result += '_';
    result += static_cast<char>(std::tolower(c));
  }
  return result;
}

}  // namespace foundry::detail
