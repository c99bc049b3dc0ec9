// address_spaces.hpp: Metal's address spaces as clang has them.
//
// device, threadgroup and constant are qualifiers of types, those that OpenCL brings; thread is
// none. All of them lie in LLVM's address space 0.
#pragma once

#include <clang/Basic/AddressSpaces.h>

#include <string_view>

namespace clang {
class CXXMethodDecl;
class IdentifierTable;
}  // namespace clang

namespace anvil::compiler {

inline constexpr clang::LangAS kDeviceSpace = clang::LangAS::opencl_global;
inline constexpr clang::LangAS kThreadgroupSpace = clang::LangAS::opencl_local;
inline constexpr clang::LangAS kConstantSpace = clang::LangAS::opencl_constant;

/// "device", "threadgroup", "constant" or "thread".
std::string_view address_space_name(clang::LangAS space);

/// Makes __global, __local and __constant (qualifier_of) words of the language, and known what the
/// pragmas below name. Before anything is parsed.
void add_address_spaces(clang::IdentifierTable& words);

/// Pragmas between which declarations are as Metal has them: a function's variable is placed by its
/// type, one in the threadgroup address space with kThreadgroupSection as the mark, and methods are
/// qualified with the address space that they are written with.
extern const char* const kBeginDeclarations;
extern const char* const kEndDeclarations;

/// Overload resolution makes methods of several address spaces __restrict. Takes that away again,
/// for code generation, to which it says that nothing else leads to the object.
void keep_aliases(clang::CXXMethodDecl& method);

}  // namespace anvil::compiler
