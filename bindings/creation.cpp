// Foundry.zeros, ones, full and arange: tensors of an arena made from numbers alone.
#include <nanobind/stl/shared_ptr.h>
#include <nanobind/stl/string.h>

#include <algorithm>
#include <cmath>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "array_bytes.hpp"
#include "foundry/core/error.hpp"
#include "parameter.hpp"
#include "values.hpp"

namespace foundry::python {
namespace {

using Shared = std::shared_ptr<Runtime>;

nb::module_ numpy() {
  return nb::module_::import_("numpy");
}

TensorHandle empty(const Shared& runtime, const std::string& arena, nb::handle shape, DType dtype,
                   std::string name) {
  return alloc({runtime, &runtime->arena(arena)}, shape, nb::cast(dtype), nb::none(),
               std::move(name));
}

TensorHandle zeros(const Shared& runtime, nb::handle shape, nb::handle dtype, std::string name,
                   const std::string& arena) {
  TensorHandle tensor = empty(runtime, arena, shape, to_dtype(dtype), std::move(name));
  tensor.copy_from_host(runtime->stream(), std::vector<std::byte>(tensor.byte_length()));
  return tensor;
}

TensorHandle full(const Shared& runtime, nb::handle shape, nb::handle value, nb::handle dtype,
                  std::string name, const std::string& arena) {
  const auto wanted = dtype.is_none() ? std::nullopt : std::optional(to_dtype(dtype));
  if (wanted && is_block(*wanted)) {
    throw DTypeError(concat("full: values do not convert to the block format ", name_of(*wanted)));
  }
  const nb::object one = values_of(value, wanted, "full");
  if (nb::cast<int>(one.attr("ndim")) != 0) {
    throw ShapeError(
        concat("full: a value of shape ", text_of(one.attr("shape")), "; expected one number"));
  }
  const nb::object type = one.attr("dtype");
  TensorHandle tensor = empty(runtime, arena, shape, dtype_of_numpy(type), std::move(name));
  const nb::object values =
      numpy().attr("full")(to_tuple(tensor.extents().dimensions()), one, type);
  tensor.copy_from_host(runtime->stream(), ArrayBytes(values).bytes());
  return tensor;
}

/// start, start + step, ... as Python's integers: exact, in 64 bits of either sign.
nb::object integers(nb::handle start, nb::handle stop, nb::handle step) {
  const nb::object all = nb::module_::import_("builtins").attr("range")(start, stop, step);
  const nb::object count = nb::steal(PyObject_CallMethod(all.ptr(), "__len__", nullptr));
  if (!count.is_valid()) {
    const nb::python_error error;
    throw_for<ShapeError>(error, "arange: more elements than a shape may have");
  }
  if (nb::cast<std::size_t>(count) == 0) return numpy().attr("arange")(0);
  // The last alone is as large as any; between them sums may wrap around and back.
  const nb::object first = all[0], last = all[-1];
  const nb::object ends = values_of(nb::make_tuple(first, last), std::nullopt, "arange");
  const nb::object wide = nb::str("uint64");
  const nb::object modulus = nb::int_(1).attr("__lshift__")(64);
  const auto wrapped = [&](nb::handle value) {
    return numpy().attr("uint64")(nb::borrow(value).attr("__mod__")(modulus));
  };
  const nb::object steps = numpy().attr("arange")(count, nb::arg("dtype") = wide);
  const nb::object sums =
      numpy().attr("add")(numpy().attr("multiply")(steps, wrapped(step)), wrapped(start));
  return sums.attr("view")(ends.attr("dtype"));
}

/// The same in doubles, each element rounded from its own product and sum.
nb::object reals(double start, double stop, double step) {
  const double count = std::ceil((stop - start) / step);
  if (step == 0 || !std::isfinite(count) || count >= 0x1p63) {
    throw ArgumentError(concat("arange: from ", start, " to ", stop, " by ", step,
                               " has no finite number of elements"));
  }
  const nb::object steps = numpy().attr("arange")(std::max(count, 0.0));
  return numpy().attr("add")(numpy().attr("multiply")(steps, step), start);
}

TensorHandle arange(const Shared& runtime, nb::handle start, nb::handle stop, nb::handle step,
                    nb::handle dtype, std::string name, const std::string& arena) {
  const nb::object zero = nb::int_(0);
  const nb::handle first = stop.is_none() ? nb::handle(zero) : start;
  const nb::handle end = stop.is_none() ? start : stop;
  const auto integral = [](nb::handle value) { return PyIndex_Check(value.ptr()) != 0; };
  nb::object values;
  if (integral(first) && integral(end) && integral(step)) {
    values = integers(first, end, step);
  } else {
    const auto real = [](nb::handle value) {
      const auto number = to_parameter_value(value);
      if (!number) {
        throw ArgumentTypeError(concat("arange: ", text_of(value), " is a ", type_name_of(value),
                                       "; expected a number of 64 bits"));
      }
      return std::visit([](auto exact) { return static_cast<double>(exact); }, *number);
    };
    values = reals(real(first), real(end), real(step));
  }
  const bool is_real = dtype_of_numpy(values.attr("dtype")) == DType::f64;
  const DType wanted = !dtype.is_none() ? to_dtype(dtype)
                       : is_real        ? DType::f32
                                        : dtype_of_numpy(values.attr("dtype"));
  if (is_block(wanted)) {
    throw DTypeError(concat("arange: values do not convert to the block format ", name_of(wanted)));
  }
  values = values_of(values, wanted, "arange");
  TensorHandle tensor = empty(runtime, arena, values.attr("shape"), wanted, std::move(name));
  tensor.copy_from_host(runtime->stream(), ArrayBytes(values).bytes());
  return tensor;
}

}  // namespace

void bind_creation(nb::class_<Runtime>& runtime) {
  runtime
      .def("zeros", &zeros, nb::arg("shape"), nb::arg("dtype") = "f32", nb::kw_only(),
           nb::arg("name") = "", nb::arg("arena") = Foundry::kDefaultArena,
           nb::sig("def zeros(self, shape: int | collections.abc.Sequence[int], dtype: DType | "
                   "numpy.typing.DTypeLike = 'f32', *, name: str = '', arena: str = "
                   "'default') -> Tensor"),
           "A tensor of zeros from an arena; of a block format, of zero bytes.")
      .def(
          "ones",
          [](const Shared& f, nb::handle shape, nb::handle dtype, std::string name,
             const std::string& arena) {
            return full(f, shape, nb::int_(1), dtype, std::move(name), arena);
          },
          nb::arg("shape"), nb::arg("dtype") = "f32", nb::kw_only(), nb::arg("name") = "",
          nb::arg("arena") = Foundry::kDefaultArena,
          nb::sig("def ones(self, shape: int | collections.abc.Sequence[int], dtype: DType | "
                  "numpy.typing.DTypeLike = 'f32', *, name: str = '', arena: str = "
                  "'default') -> Tensor"),
          "A tensor of ones from an arena.")
      .def("full", &full, nb::arg("shape"), nb::arg("value"), nb::arg("dtype") = nb::none(),
           nb::kw_only(), nb::arg("name") = "", nb::arg("arena") = Foundry::kDefaultArena,
           nb::sig("def full(self, shape: int | collections.abc.Sequence[int], value: float, "
                   "dtype: DType | numpy.typing.DTypeLike | None = None, *, name: str = '', "
                   "arena: str = 'default') -> Tensor"),
           "A tensor of one value from an arena. Without a dtype, the value's: f32 of a float, "
           "i64 of an int.")
      .def("arange", &arange, nb::arg("start"), nb::arg("stop") = nb::none(), nb::arg("step") = 1,
           nb::arg("dtype") = nb::none(), nb::kw_only(), nb::arg("name") = "",
           nb::arg("arena") = Foundry::kDefaultArena,
           nb::sig("def arange(self, start: float, stop: float | None = None, step: float = 1, "
                   "dtype: DType | numpy.typing.DTypeLike | None = None, *, name: str = '', "
                   "arena: str = 'default') -> Tensor"),
           "A tensor from an arena of start, start + step, ... before `stop`, or of 0, 1, ... "
           "before `start`: of ints exactly (i64), of floats computed in double (f32).");
}

}  // namespace foundry::python
