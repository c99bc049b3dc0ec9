// numpy's name of each plain dtype, both ways.
#include <nanobind/stl/string_view.h>

#include <array>
#include <string_view>
#include <utility>

#include "foundry/core/error.hpp"
#include "tensor.hpp"

namespace foundry::python {
namespace {

constexpr std::array<std::pair<DType, const char*>, 13> kNames{{
    {DType::f32, "float32"},
    {DType::f16, "float16"},
    {DType::bf16, "bfloat16"},
    {DType::f64, "float64"},
    {DType::i8, "int8"},
    {DType::i16, "int16"},
    {DType::i32, "int32"},
    {DType::i64, "int64"},
    {DType::u8, "uint8"},
    {DType::u16, "uint16"},
    {DType::u32, "uint32"},
    {DType::u64, "uint64"},
    {DType::bool_, "bool"},
}};

}  // namespace

nb::object numpy_dtype(DType dtype) {
  const nb::object make = nb::module_::import_("numpy").attr("dtype");
  if (dtype == DType::bf16) return make(nb::module_::import_("ml_dtypes").attr("bfloat16"));
  for (const auto& [value, name] : kNames) {
    if (value == dtype) return make(name);
  }
  return make("uint8");
}

DType dtype_of_numpy(nb::handle dtype) {
  nb::object type;
  try {
    type = nb::module_::import_("numpy").attr("dtype")(dtype);
  } catch (nb::python_error& error) {
    throw_for<DTypeError>(error, concat("no dtype '", text_of(dtype),
                                        "': unsupported; supported: ", supported_dtypes()));
  }
  const nb::object name = type.attr("name");
  for (const auto& [value, wanted] : kNames) {
    if (name.equal(nb::str(wanted))) return value;
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
