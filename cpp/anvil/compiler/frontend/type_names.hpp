// type_names.hpp: MSL's names of clang's types.
#pragma once

#include <optional>
#include <string>

namespace clang {
class QualType;
}

namespace anvil::compiler {

/// "half", "uint", "float4", "packed_half3", "float4x4", "atomic_uint", "MyParams", "float*", ...
std::string msl_type_name(clang::QualType type);

/// Whether that is one of the library's vec types.
bool is_vector_type(clang::QualType type);

/// An integer scalar or a vec of them, as kernel inputs are.
struct IntegerVector {
  std::string component;  ///< C++'s name
  unsigned bits;
  bool is_signed;
  unsigned width;
};
std::optional<IntegerVector> as_integer_vector(clang::QualType type);

}  // namespace anvil::compiler
