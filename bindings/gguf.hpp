// GgufHandle: what a Python Gguf is.
#pragma once

#include <memory>

#include "foundry/gguf/gguf_file.hpp"
#include "module.hpp"

namespace foundry::python {

/// A file is immutable, so Python may share it; nanobind holds non-const pointers.
struct GgufHandle {
  std::shared_ptr<const GgufFile> file;
  nb::object tensors;
};

}  // namespace foundry::python
