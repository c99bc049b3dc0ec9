#include "anvil/compiler/frontend/small_float_casts.hpp"

#include <clang/AST/Type.h>
#include <clang/Basic/DiagnosticSema.h>

#include "anvil/compiler/frontend/attributes.hpp"
#include "anvil/compiler/frontend/declarations.hpp"
#include "anvil/compiler/source/tokens.hpp"

namespace anvil::compiler {
namespace {

namespace tok = clang::tok;

// In the library: converts its argument to T by float, where that is needed.
std::string through(const TokenSequence& tokens, size_t first, size_t last) {
  return "__anvil_through<" + spelled(tokens, first, last) + ">";
}

std::vector<Edit> rewrite(const TokenSequence& tokens, uint32_t offset) {
  size_t i = 0;
  while (i < tokens.size() && tokens[i].begin < offset) ++i;
  const auto replace = [&](size_t at, std::string text) {
    return Edit{tokens[at].begin, tokens[at].end, std::move(text)};
  };
  if (i == tokens.size() || tokens[i].begin != offset) return {};
  if (tokens[i].is("static_cast")) return {replace(i, "__anvil_static_cast")};
  if (tokens[i].is(tok::l_paren)) {
    // (T)x becomes (T)(through<T>)x: a prefix, as binding as the cast itself.
    const size_t close = tokens.partner(i);
    if (close >= tokens.size()) return {};
    return {replace(close, ")(" + through(tokens, i + 1, close) + ")")};
  }
  const size_t open = skip_type(tokens, i);
  if (open == i || !tokens[open].is(tok::l_paren)) return {};
  const size_t close = tokens.partner(open);
  if (close >= tokens.size()) return {};
  return {replace(open, "(" + through(tokens, i, open) + "("), replace(close, "))")};
}

bool is_small_float(const clang::Diagnostic& complaint, unsigned argument) {
  if (complaint.getArgKind(argument) != clang::DiagnosticsEngine::ak_qualtype) return false;
  const auto type =
      clang::QualType::getFromOpaquePtr(reinterpret_cast<void*>(complaint.getRawArg(argument)));
  return type->isFloat16Type() || type->isBFloat16Type();
}

}  // namespace

bool is_small_float_cast(const clang::Diagnostic& complaint) {
  return complaint.getID() == clang::diag::err_bad_cxx_cast_generic &&
         complaint.getNumArgs() >= 3 && is_small_float(complaint, 1) &&
         is_small_float(complaint, 2);
}

bool SmallFloatCasts::add(uint32_t offset) {
  if (offsets_.contains(offset)) return pending_;
  const auto edits = rewrite(TokenSequence(expanded_), offset);
  if (edits.empty()) return false;
  offsets_.insert(offset);
  edits_.insert(edits_.end(), edits.begin(), edits.end());
  return pending_ = true;
}

bool SmallFloatCasts::was_printed() {
  const bool printed = seen_++ < printed_;
  if (!printed) printed_ = seen_;
  return printed;
}

}  // namespace anvil::compiler
