// Descriptions of the kernels in shaders/kernels: private to ops.
#pragma once

#include <string>

#include "foundry/core/concat.hpp"
#include "foundry/kernel/description.hpp"
#include "foundry/kernel/shader_library.hpp"

namespace foundry::ops {

/// The kernel `name` of kernels/<name>.metal, without arguments yet.
[[nodiscard]] inline KernelDescription kernel_file(const std::string& name) {
  KernelDescription description;
  description.name = name;
  const std::string path = concat("kernels/", name, ".metal");
  description.source = {path, std::string(find_shader(path)), 1};
  return description;
}

}  // namespace foundry::ops
