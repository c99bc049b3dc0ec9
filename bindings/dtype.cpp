// DType: the table of element types as a Python enumeration.
#include "dtype.hpp"

#include <nanobind/stl/optional.h>
#include <nanobind/stl/string.h>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

#include "foundry/tensor/dtype_codes.hpp"
#include "module.hpp"

namespace foundry::python {
namespace {

using Enumeration = nb::enum_<DTypeMember>;

Enumeration* enumeration = nullptr;  // never freed: nanobind's types last as long as the process
std::size_t members = 0;             // rows that have one; the GIL guards it

/// Whether the class or its members have it: an enumeration shows `name` only on members.
bool is_taken(const std::string& name) {
  return nb::hasattr(*enumeration, name.c_str()) ||
         (members > 0 && nb::hasattr(nb::cast(DType{}), name.c_str()));
}

/// The dtype's name; of "bool", or an app's "is_block", one that hides nothing.
std::string member_name(const DTypeInfo& row) {
  std::string name = row.dtype == DType::bool_ ? "boolean" : row.name;
  while (is_taken(name)) name += '_';
  return name;
}

/// A built-in dtype's as every enumeration's. An app's own has another number in another process,
/// or is not there yet.
nb::tuple reduce(nb::handle self, nb::handle /*protocol*/) {
  const auto dtype = nb::cast<DType>(self);
  if (static_cast<std::size_t>(dtype) < kBuiltInDTypes) {
    return nb::make_tuple(*enumeration, nb::make_tuple(self.attr("value")));
  }
  const BlockFormat format = format_of(dtype);
  return nb::make_tuple(
      nb::module_::import_("foundry.dtypes").attr("unpickled"),
      nb::make_tuple(name_of(dtype), format.block_elements, format.block_bytes, format.ggml_type));
}

std::optional<std::uint32_t> ggml_type_of(DType dtype) {
  return format_of(dtype).ggml_type;
}

std::optional<std::string> format_text_of(DType dtype) {
  const char* format = codes_of(dtype).format;
  return format ? std::optional<std::string>(format) : std::nullopt;
}

}  // namespace

void add_members(DType last) {
  for (; members <= static_cast<std::size_t>(last); ++members) {
    const DTypeInfo& row = info(static_cast<DType>(members));
    enumeration->value(member_name(row).c_str(), static_cast<DTypeMember>(members));
  }
}

void bind_dtype(nb::module_& m) {
  enumeration = new Enumeration(
      m, "DType",
      "An element type: plain, a block-quantised format of GGUF, or one that `block_dtype()` "
      "added.");
  add_members(static_cast<DType>(dtype_count() - 1));
  enumeration->def("__str__", [](DType value) { return std::string(name_of(value)); })
      .def("__reduce_ex__", &reduce, nb::arg("protocol"),
           nb::sig("def __reduce_ex__(self, protocol: object) -> tuple[typing.Any, ...]"))
      .def_prop_ro(
          "is_block", [](DType value) { return is_block(value); },
          "Whether elements come in quantised blocks.")
      .def_prop_ro("is_float", [](DType value) { return info(value).is_float; })
      .def_prop_ro(
          "is_supported", [](DType value) { return is_supported(value); },
          "Whether tensors of it can be made.")
      .def_prop_ro("format", &format_text_of,
                   "Of the struct module and the buffer protocol; None where they have none.")
      .def_prop_ro("ggml_type", &ggml_type_of,
                   "The number that GGUF files have for it; None where they have none.")
      .def_prop_ro(
          "metal_name", [](DType value) { return std::string(info(value).metal_name); },
          "As MSL has it, \"half\"; of a block format that of its bytes.")
      .def_prop_ro("block_elements", [](DType value) { return info(value).block_elements; })
      .def_prop_ro(
          "block_bytes", [](DType value) { return info(value).block_bytes; },
          "Bytes of a block; of an element where the type is plain.");
  m.def(
      "parse_dtype", [](const std::string& name) { return parse_dtype(name); }, nb::arg("name"),
      "The dtype of that name (\"f16\", \"Q4_1\"); DTypeError lists the names.");
  m.def(
      "block_dtype",
      [](const std::string& name, std::uint32_t block_elements, std::uint32_t block_bytes,
         std::optional<std::uint32_t> ggml_type) {
        return register_dtype({name, block_elements, block_bytes, ggml_type});
      },
      nb::arg("name"), nb::arg("block_elements"), nb::arg("block_bytes"),
      nb::arg("ggml_type") = nb::none(),
      "A block format of one's own, for the rest of the process: `block_elements` weights, a "
      "multiple of 32, in `block_bytes` bytes. Tensors of it are made of their bytes, `policy()` "
      "says what they mean. name: small letters, digits and '_'. ggml_type: the number that GGUF "
      "files have for it, if they do. The same again is the same dtype; ArgumentError for another "
      "format of a name or a number that exists.");
}

}  // namespace foundry::python
