#include "anvil/metal/validation.hpp"

#include "anvil/abi/kernel_abi.h"
#include "anvil/metal/compile_options.hpp"
#include "anvil/metal/texture_bindings.hpp"
#include "anvil/service/environment.hpp"
#include "anvil/system/memory.hpp"

namespace anvil::metal::validation {
namespace {

template <typename Text>
Refusal refused_if(bool wrong, Text text) {
  if (!wrong || !service::validation()) return std::nullopt;
  return text();
}

std::string to_string(MTL::Size size) {
  return std::to_string(size.width) + " x " + std::to_string(size.height) + " x " +
         std::to_string(size.depth);
}

}  // namespace

Refusal of_borrowed_pages(const void* pointer, size_t length) {
  const size_t page = page_size();
  if (reinterpret_cast<uintptr_t>(pointer) % page != 0)
    return refused_if(true, [&] {
      return "the pointer is not aligned to the page size of " + std::to_string(page);
    });
  return refused_if(length % page != 0, [&] {
    return "length " + std::to_string(length) + " is not a multiple of the page size of " +
           std::to_string(page);
  });
}

Refusal of_wrong_bytes(size_t length, size_t index) {
  if (length == 0)
    return refused_if(true, [&] { return "no bytes for index " + std::to_string(index); });
  return refused_if(true, [&] {
    return "length " + std::to_string(length) + " at index " + std::to_string(index) + " exceeds " +
           std::to_string(ANVIL_MAX_INLINE_BYTES);
  });
}

Refusal of_threadgroup_memory(size_t length) {
  return refused_if(length % kThreadgroupMemoryStep != 0, [&] {
    return "length " + std::to_string(length) + " is not a multiple of " +
           std::to_string(kThreadgroupMemoryStep);
  });
}

Refusal of_extent(const char* property, MTL::Size size) {
  return refused_if(size.width == 0 || size.height == 0 || size.depth == 0,
                    [&] { return std::string(property) + " is " + to_string(size); });
}

Refusal of_unbound(const service::ArgumentInfo& argument) {
  return refused_if(true, [&] {
    return std::string(argument.kind == service::ArgumentInfo::Kind::threadgroup ? "has no length"
                                                                                 : "is not bound");
  });
}

Refusal of_texture(const service::ArgumentInfo& argument, const Texture& texture) {
  return service::validation() ? mismatch(argument, texture) : std::nullopt;
}

Refusal of_few_bytes(const service::ArgumentInfo& argument, size_t length) {
  // A `constant` argument is read whole; of a device pointer only the kernel knows how far.
  return refused_if(argument.address_space == "constant", [&] {
    return "has " + std::to_string(length) + " bytes bound, " + argument.type + " has " +
           std::to_string(argument.element_size);
  });
}

Refusal of_open_debug_groups(size_t count) {
  return refused_if(count > 0,
                    [&] { return std::to_string(count) + " debug groups are still open"; });
}

Refusal of_debug_group_end(size_t open) {
  return refused_if(open == 0, [] { return std::string("no group is open"); });
}

Refusal of_modified_range(size_t location, size_t length, size_t end) {
  return refused_if(location > end || length > end - location, [&] {
    return "range [" + std::to_string(location) + ", +" + std::to_string(length) +
           ") is beyond length " + std::to_string(end);
  });
}

Refusal of_indirect_pipeline(bool is_for_indirect_commands) {
  return refused_if(!is_for_indirect_commands, [] {
    return std::string("the pipeline was made without supportIndirectCommandBuffers");
  });
}

Refusal of_options(const CompileOptions& options) {
  if (options.language_version > kNewestLanguage)
    return refused_if(true, [&] {
      return "MTLCompileOptions.languageVersion: " + language_name(options.language_version) +
             " is newer than " + language_name(kNewestLanguage) + ", the newest supported";
    });
  return std::nullopt;
}

bool keeps_constants_unset() {
  return service::validation();
}

}  // namespace anvil::metal::validation
