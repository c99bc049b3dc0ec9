// confinement.hpp: a program may define kernels and what they call, and nothing else.
#pragma once

namespace clang {
class ASTContext;
class Decl;
}  // namespace clang

namespace anvil::compiler {

/// Reports, at its place in the source, whatever in a declaration of the user's would decide where
/// code or data is put or when it runs, or reaches past the kernel to the machine below: attributes
/// and builtins beyond a list, assembly, thread-local variables, names that Anvil links by. What
/// instantiates a template is judged by the template.
void check_confined(clang::ASTContext& context, clang::Decl& declaration);

}  // namespace anvil::compiler
