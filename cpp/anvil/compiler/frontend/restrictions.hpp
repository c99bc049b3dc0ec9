// restrictions.hpp: what Metal leaves out of C++.
#pragma once

namespace clang {
class ASTContext;
class Decl;
}  // namespace clang

namespace anvil::compiler {

/// Reports what a declaration of the user's has of C++ that Metal has not (specification 1.5):
/// double, goto, virtual functions, new and delete.
void check_restrictions(clang::ASTContext& context, clang::Decl& declaration);

}  // namespace anvil::compiler
