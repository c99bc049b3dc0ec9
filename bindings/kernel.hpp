// What kernels described from Python and kernels of libraries share: the values of a call.
#pragma once

#include "foundry/kernel/kernel_call.hpp"
#include "module.hpp"

namespace foundry::python {

/// A Tensor, bytes, a number of elements of threadgroup memory, a Parameter with the dtype of the
/// value it stands for, or None.
KernelValue to_value(nb::handle value);

}  // namespace foundry::python
