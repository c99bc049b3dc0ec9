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

int type_number(DType dtype) {
  switch (dtype) {
    case DType::f32:
      return NPY_FLOAT32;
    case DType::f16:
      return NPY_FLOAT16;
    case DType::f64:
      return NPY_FLOAT64;
    case DType::i8:
      return NPY_INT8;
    case DType::i16:
      return NPY_INT16;
    case DType::i32:
      return NPY_INT32;
    case DType::i64:
      return NPY_INT64;
    case DType::u16:
      return NPY_UINT16;
    case DType::u32:
      return NPY_UINT32;
    case DType::u64:
      return NPY_UINT64;
    case DType::bool_:
      return NPY_BOOL;
    default:
      return NPY_UINT8;  // the bytes of block formats too
  }
}

/// A new reference. bfloat16 comes from ml_dtypes, which numpy knows only once it is imported.
PyArray_Descr* descriptor(DType dtype) {
  if (dtype != DType::bf16) return PyArray_DescrFromType(type_number(dtype));
  static PyArray_Descr* bfloat16 = nullptr;  // kept for the life of the process
  if (!bfloat16 && !PyArray_DescrConverter(numpy_dtype(DType::bf16).ptr(), &bfloat16)) {
    nb::raise_python_error();
  }
  Py_INCREF(bfloat16);
  return bfloat16;
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
  const nb::object array = nb::steal(PyArray_NewFromDescr(
      &PyArray_Type, descriptor(dtype), static_cast<int>(extents.size()), shape.data(),
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
  if (PyArray_TYPE(array) != type_number(dtype) || !PyArray_ISCARRAY_RO(array) ||
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
