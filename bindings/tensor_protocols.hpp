// What Tensor keeps of Python's and numpy's protocols, a file each; bind_tensor() puts it together.
#pragma once

#include "tensor.hpp"

namespace foundry::python {

using TensorClass = nb::class_<TensorHandle>;

/// `t[...]`, `t[...] = x`, len, iteration, `in`.
void bind_tensor_index(TensorClass& tensor);
/// Numbers out of it, copies, comparisons; operators, which it refuses.
void bind_tensor_values(TensorClass& tensor);

/// A view of `source`, with its runtime.
inline TensorHandle with(const TensorHandle& source, AnyTensor view) {
  return {std::move(view), source.runtime};
}
/// The values as a numpy array: over the memory where the host sees it, else copied. DTypeError of
/// a block dtype; `what` opens the message.
nb::object readable(const TensorHandle& tensor, const char* what);
/// Whether each value is what `other` has there, broadcast against it, as a numpy array of bool; an
/// invalid object where `other` has no numbers.
nb::object equal_values(const TensorHandle& tensor, nb::handle other);

}  // namespace foundry::python
