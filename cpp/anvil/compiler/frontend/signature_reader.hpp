// signature_reader.hpp: what the AST says about kernels and function constants.
#pragma once

#include <optional>
#include <string>

#include "anvil/compiler/source/signature.hpp"

namespace clang {
class ASTContext;
class Decl;
class FunctionDecl;
class Sema;
class VarDecl;
}  // namespace clang

namespace anvil::compiler {

/// Whether the token pass marked `declaration` with [[name]] (or the keyword).
bool has_annotation(const clang::Decl& declaration, const char* name);
/// The name that [[host_name("...")]] gives, else the function's own.
std::string host_name(const clang::FunctionDecl& function);

/// The arguments of a kernel, whose types are instantiated; nothing, after diagnostics, where they
/// are not valid MSL.
std::optional<KernelSignature> read_signature(clang::Sema& sema,
                                              const clang::FunctionDecl& function);

/// A function constant's index and type; nothing, after diagnostics, where they are wrong. Symbols
/// and `required` are left to the caller.
std::optional<FunctionConstantInfo> read_function_constant(clang::ASTContext& context,
                                                           const clang::VarDecl& variable);

}  // namespace anvil::compiler
