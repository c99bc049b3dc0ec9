// keywords.hpp: the words that MSL adds to C++, and what becomes of each.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace anvil::compiler {

enum class Keyword {
  none,
  address_space,  ///< device, thread, ...: erased
  constant,       ///< becomes const
  threadgroup,    ///< erased, or the mark of a threadgroup variable
  kernel,         ///< becomes an annotation
  stage,          ///< vertex, fragment, ...: erased; only kernels can be asked for
};
Keyword keyword_of(std::string_view identifier);

/// Whether `[[name]]` or `[[name(...)]]` is an attribute of MSL's own.
bool is_msl_attribute(std::string_view name);
/// Whether the arguments of that attribute are expressions that the compiler needs.
bool keeps_arguments(std::string_view name);

/// `1.0h`, `1.0bf` and `1.0`, a float, in clang's spelling; nothing for other literals.
std::optional<std::string> rewrite_literal(std::string_view literal);

/// `__attribute__((annotate("anvil:name", arguments)))`
std::string annotation(std::string_view name, std::string_view arguments = {});

}  // namespace anvil::compiler
