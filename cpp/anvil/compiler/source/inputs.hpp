// inputs.hpp: the positions and sizes that a kernel can ask for by attribute.
#pragma once

#include <span>
#include <string_view>

namespace anvil::compiler {

/// Metal Shading Language Specification, table "Attributes for kernel function input arguments".
struct KernelInput {
  std::string_view attribute;
  std::string_view value;  ///< member function of the threads of a target's <anvil/entry.h>
  bool vector;             ///< up to three components; otherwise a scalar
};

/// Null for a name that is no kernel input.
const KernelInput* find_kernel_input(std::string_view attribute);

}  // namespace anvil::compiler
