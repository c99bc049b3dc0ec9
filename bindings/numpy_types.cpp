// numpy's dtypes of ours, both ways.
#include <nanobind/stl/string_view.h>

#include <string_view>

#include "foundry/core/error.hpp"
#include "foundry/tensor/dtype_codes.hpp"
#include "tensor.hpp"

namespace foundry::python {

nb::object numpy_dtype(DType dtype) {
  const nb::object make = nb::module_::import_("numpy").attr("dtype");
  if (dtype == DType::bf16) return make(nb::module_::import_("ml_dtypes").attr("bfloat16"));
  return make(codes_of(dtype).numpy);
}

DType dtype_of_numpy(nb::handle dtype) {
  nb::object type;
  try {
    type = nb::module_::import_("numpy").attr("dtype")(dtype);
  } catch (nb::python_error& error) {
    throw_for<DTypeError>(error, concat("no dtype '", text_of(dtype),
                                        "': unsupported; supported: ", supported_dtypes()));
  }
  if (const auto found = dtype_of_numpy_name(nb::cast<std::string_view>(type.attr("name")))) {
    return *found;
  }
  throw DTypeError(concat("numpy dtype ", text_of(type),
                          " has no element type: unsupported; supported: ", supported_dtypes()));
}

DType to_dtype(nb::handle dtype) {
  if (nb::isinstance<DType>(dtype)) return nb::cast<DType>(dtype);
  std::string_view name;
  if (nb::isinstance<nb::str>(dtype) && nb::try_cast(dtype, name)) {
    if (const auto found = find_dtype(name)) return *found;
  }
  if (dtype.is_none()) {  // numpy's float64
    throw DTypeError(concat("no dtype 'None': unsupported; supported: ", supported_dtypes()));
  }
  const DType found = dtype_of_numpy(dtype);
  const nb::object type = nb::module_::import_("numpy").attr("dtype")(dtype);
  if (!nb::cast<bool>(type.attr("isnative"))) {
    throw DTypeError(concat(
        "numpy dtype '", text_of(type.attr("str")),
        "' has the byte order of another machine: unsupported; supported: ", supported_dtypes()));
  }
  return found;
}

}  // namespace foundry::python
