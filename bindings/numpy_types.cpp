// numpy's name of each plain dtype, both ways.
#include <nanobind/stl/string.h>

#include <array>
#include <string>
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
  const std::string wanted =
      nb::cast<std::string>(nb::module_::import_("numpy").attr("dtype")(dtype).attr("name"));
  for (const auto& [value, name] : kNames) {
    if (wanted == name) return value;
  }
  throw DTypeError(
      concat("numpy dtype ", wanted, " has no element type; there are ", supported_dtypes()));
}

}  // namespace foundry::python
