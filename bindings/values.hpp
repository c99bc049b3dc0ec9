// Values of Python's and numpy's in a dtype: exact, or an error; floats round to nearest even.
#pragma once

#include <cstddef>
#include <optional>
#include <span>

#include "tensor.hpp"

namespace foundry::python {

/// `source` (a number, nested lists, anything that numpy makes an array of, a Tensor) as a
/// row-major numpy array of `dtype`; of a block dtype, its bytes. Without one: of the dtype that
/// the source has, and of Python's own numbers bool, i64 (u64 from 2^63 on) or f32. `what` opens
/// messages. ArgumentError for a value that the dtype does not hold, with its place; DTypeError
/// for values that are no numbers or of an unsupported numpy dtype; ShapeError for ragged lists.
nb::object values_of(nb::handle source, std::optional<DType> dtype, const char* what);
/// The bytes of a numpy array that is what values_of() would make of it, and of this shape; nullopt
/// of anything else. They are there as long as the array.
std::optional<std::span<const std::byte>> row_major_bytes(nb::handle source, DType dtype,
                                                          const Extents& extents);

/// What a tensor of `dtype` is compared with, as a numpy array whose dtype is one of ours or of
/// Python objects that are numbers: floats of Python's rounded to a float `dtype`, the rest as it
/// is. An invalid object for what has no numbers.
nb::object operand_of(nb::handle source, DType dtype);

}  // namespace foundry::python
