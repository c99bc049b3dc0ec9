// numpy arrays over memory of ours, made through numpy's C API: an array costs what numpy's own do.
#define NPY_NO_DEPRECATED_API NPY_2_0_API_VERSION
#define NPY_TARGET_VERSION NPY_1_22_API_VERSION
#include <numpy/arrayobject.h>

#include <array>
#include <bit>
#include <cstddef>
#include <optional>
#include <span>

#include "foundry/core/error.hpp"
#include "tensor.hpp"
#include "values.hpp"

namespace foundry::python {
namespace {

/// numpy is imported by the first array, not by `import foundry`.
void require_numpy() {
  if (!PyArray_API && PyArray_ImportNumPyAPI() < 0) nb::raise_python_error();
}

/// Kept for the life of the process: an array is to cost no look at a name.
PyArray_Descr* descriptor(DType dtype) {
  static std::array<PyArray_Descr*, kMostDTypes> known{};
  PyArray_Descr*& type = known[static_cast<std::size_t>(dtype)];
  if (!type && !PyArray_DescrConverter(numpy_dtype(dtype).ptr(), &type)) nb::raise_python_error();
  return type;
}

}  // namespace

nb::object numpy_array(DType dtype, void* data, const Dimensions& extents, const Strides& strides,
                       bool is_read_only, nb::object owner) {
  require_numpy();
  std::array<npy_intp, kMaxRank> shape{}, steps{};
  const auto size = static_cast<npy_intp>(info(dtype).block_bytes);
  for (std::size_t axis = 0; axis < extents.size(); ++axis) {
    shape[axis] = static_cast<npy_intp>(extents[axis]);
    steps[axis] = static_cast<npy_intp>(strides[axis]) * (is_block(dtype) ? 1 : size);
  }
  PyArray_Descr* const type = descriptor(dtype);
  Py_INCREF(type);  // which PyArray_NewFromDescr steals
  const nb::object array = nb::steal(
      PyArray_NewFromDescr(&PyArray_Type, type, static_cast<int>(extents.size()), shape.data(),
                           steps.data(), data, is_read_only ? 0 : NPY_ARRAY_WRITEABLE, nullptr));
  if (!array.is_valid()) nb::raise_python_error();
  // A PyArrayObject is what PyArray_NewFromDescr made.
  auto* typed = std::bit_cast<PyArrayObject*>(array.ptr());
  // Steals the owner, whatever happens.
  if (PyArray_SetBaseObject(typed, owner.release().ptr()) < 0) nb::raise_python_error();
  return array;
}

std::optional<std::span<const std::byte>> row_major_bytes(nb::handle source, DType dtype,
                                                          const Extents& extents) {
  require_numpy();
  if (!PyArray_CheckExact(source.ptr()) || is_block(dtype) || dtype == DType::bf16) return {};
  // A PyArrayObject is what was just checked.
  auto* array = std::bit_cast<PyArrayObject*>(source.ptr());
  if (PyArray_TYPE(array) != descriptor(dtype)->type_num || !PyArray_ISCARRAY_RO(array) ||
      PyArray_NDIM(array) != static_cast<int>(extents.rank())) {
    return {};
  }
  for (std::size_t axis = 0; axis < extents.rank(); ++axis) {
    if (static_cast<std::uint64_t>(PyArray_DIM(array, static_cast<int>(axis))) != extents[axis]) {
      return {};
    }
  }
  return std::span(static_cast<const std::byte*>(PyArray_DATA(array)),
                   static_cast<std::size_t>(PyArray_NBYTES(array)));
}

}  // namespace foundry::python
