// declarations.hpp: what a declaration is of, by its tokens.
#pragma once

#include "anvil/compiler/source/tokens.hpp"

namespace anvil::compiler {

/// Whether `.`, `->` or `::` precedes token i.
bool is_member_or_qualified(const TokenSequence& tokens, size_t i);

/// For the `threadgroup` at token i: `threadgroup T x[N];`, as against `threadgroup T* x`, a cast
/// or a template argument.
bool is_threadgroup_variable(const TokenSequence& tokens, size_t i);

/// Whether the template argument list at `open` may name half or bfloat, between which clang has no
/// conversion: it is a name, and not of a type that has nothing to do with them.
bool may_be_small_float(const TokenSequence& tokens, size_t open);

/// Past `decltype(...)` or a name with its qualifiers and template arguments.
size_t skip_type(const TokenSequence& tokens, size_t at);

/// The parameter list of the kernel last seen.
class KernelParameters {
 public:
  explicit KernelParameters(const TokenSequence& tokens) : tokens_(tokens) {}

  /// Looks for it where the declaration of a kernel goes on, at token i.
  void find(size_t i);
  bool contains(size_t i) const { return i > begin_ && i < end_; }
  /// Whether token i is one of the specifiers that a parameter begins with.
  bool is_specifier(size_t i) const;

 private:
  const TokenSequence& tokens_;
  size_t begin_ = 0;  // its parentheses
  size_t end_ = 0;
};

}  // namespace anvil::compiler
