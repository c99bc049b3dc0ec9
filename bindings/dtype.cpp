// DType: the table of element types as a Python enumeration.
#include "foundry/tensor/dtype.hpp"

#include <nanobind/stl/optional.h>
#include <nanobind/stl/string.h>

#include <optional>
#include <string>

#include "foundry/tensor/dtype_codes.hpp"
#include "module.hpp"

namespace foundry::python {

void bind_dtype(nb::module_& m) {
  nb::enum_<DType> dtype(m, "DType",
                         "An element type: plain, or a block-quantised format of GGUF.");
  for (std::size_t i = 0; i < kDTypeCount; ++i) {
    const DTypeInfo& row = info(static_cast<DType>(i));
    // A member `bool` would hide Python's own within the class.
    dtype.value(row.dtype == DType::bool_ ? "boolean" : row.name, row.dtype);
  }
  dtype.def("__str__", [](DType value) { return std::string(name_of(value)); })
      .def_prop_ro(
          "is_block", [](DType value) { return is_block(value); },
          "Whether elements come in quantised blocks.")
      .def_prop_ro("is_float", [](DType value) { return info(value).is_float; })
      .def_prop_ro(
          "is_supported", [](DType value) { return is_supported(value); },
          "Whether tensors of it can be made.")
      .def_prop_ro(
          "format",
          [](DType value) -> std::optional<std::string> {
            const char* format = codes_of(value).format;
            return format ? std::optional<std::string>(format) : std::nullopt;
          },
          "Of the struct module and the buffer protocol; None where they have none.")
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
}

}  // namespace foundry::python
