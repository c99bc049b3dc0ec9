// Metal's API validation, all of it: what Apple's driver takes, because it does no harm there, and
// the layer refuses. On by MTL_DEBUG_LAYER=1 or ANVIL_VALIDATION=1. Methods ask here and then do as
// the driver does; docs/anvil.md lists what that is, and which shipping programs rely on it.
#pragma once

#include <cstddef>
#include <optional>
#include <string>

#include <Metal/MTLTypes.hpp>

#include "anvil/abi/kernel_abi.h"
#include "anvil/service/compiler_service.hpp"

namespace anvil::metal {
struct CompileOptions;
struct Texture;
}  // namespace anvil::metal

namespace anvil::metal::validation {

/// Lengths of threadgroup memory are multiples of it (setThreadgroupMemoryLength:atIndex:); the
/// driver rounds up.
constexpr size_t kThreadgroupMemoryStep = 16;

/// Why the layer refuses a call; nothing where it is right, or the layer is off. What each dispatch
/// asks is answered inline where it is right.
using Refusal = std::optional<std::string>;

/// Of a buffer that is the caller's memory.
Refusal of_borrowed_pages(const void* pointer, size_t length);
Refusal of_wrong_bytes(size_t length, size_t index);
inline Refusal of_bytes(size_t length, size_t index) {
  if (length - 1 < ANVIL_MAX_INLINE_BYTES) return std::nullopt;
  return of_wrong_bytes(length, index);
}
Refusal of_threadgroup_memory(size_t length);
/// Of a grid or threadgroup that `property` names.
Refusal of_extent(const char* property, MTL::Size size);
/// Of a buffer argument that has `length` bytes bound.
Refusal of_few_bytes(const service::ArgumentInfo& argument, size_t length);
inline Refusal of_bound_bytes(const service::ArgumentInfo& argument, size_t length) {
  if (length >= argument.element_size) return std::nullopt;
  return of_few_bytes(argument, length);
}
/// Of a texture that is bound to the argument.
Refusal of_texture(const service::ArgumentInfo& argument, const Texture& texture);
Refusal of_unbound(const service::ArgumentInfo& argument);
Refusal of_open_debug_groups(size_t count);
Refusal of_debug_group_end(size_t open);
Refusal of_modified_range(size_t location, size_t length, size_t end);
/// Of a pipeline in an indirect command: whether it was made for that.
Refusal of_indirect_pipeline(bool is_for_indirect_commands);
Refusal of_options(const CompileOptions& options);
/// Whether function constants without a value stay without one, which is an error of the pipeline.
bool keeps_constants_unset();

}  // namespace anvil::metal::validation
