// keywords.hpp: the words that MSL adds to C++, and what becomes of each.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace anvil::compiler {

enum class Keyword {
  none,
  address_space,  ///< device, thread, ...: becomes its qualifier
  kernel,         ///< becomes an annotation
  stage,          ///< vertex, fragment, ...: erased; only kernels can be asked for
};
Keyword keyword_of(std::string_view identifier);

/// An address space's qualifier in clang's C++ (address_spaces.hpp). What is constant is also
/// const.
std::string_view qualifier_of(std::string_view address_space);

/// Whether `[[name]]` or `[[name(...)]]` is an attribute of MSL's own.
bool is_msl_attribute(std::string_view name);
/// Whether the arguments of that attribute are expressions that the compiler needs.
bool keeps_arguments(std::string_view name);

/// `1.0h`, `1.0bf` and `1.0`, a float, in clang's spelling; nothing for other literals.
std::optional<std::string> rewrite_literal(std::string_view literal);

/// `__attribute__((annotate("anvil:name", arguments)))`
std::string annotation(std::string_view name, std::string_view arguments = {});

}  // namespace anvil::compiler
