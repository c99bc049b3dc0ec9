// token_pass.hpp: what turns expanded MSL text into plain C++20.
//
// Address spaces, MSL's attributes, its literals and function constants have no place in C++: each
// is rewritten into something clang carries through to the AST, where the rest of the compiler
// finds it again (qualifiers of types, GNU `annotate` attributes whose text begins with "anvil:").
#pragma once

#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "anvil/compiler/source/edits.hpp"

namespace anvil::compiler {

/// `template [[host_name("n")]] [[kernel]] decltype(f<A>) f<A>;`
struct Instance {
  std::string name;        ///< "n"
  std::string expression;  ///< "f < A >"
  uint32_t begin = 0;      ///< the whole statement, which is blank until someone fills it
  uint32_t end = 0;
};

struct TokenPassError {
  uint32_t offset = 0;
  std::string message;
};

struct TokenPassResult {
  std::vector<Edit> edits;
  std::vector<Instance> instances;
  std::set<std::string> guarded_constants;  ///< those asked about by is_function_constant_defined
  std::vector<TokenPassError> errors;
};

TokenPassResult run_token_pass(const std::string& text);

}  // namespace anvil::compiler
