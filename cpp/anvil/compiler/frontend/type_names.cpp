#include "anvil/compiler/frontend/type_names.hpp"

#include <clang/AST/ASTContext.h>
#include <clang/AST/DeclTemplate.h>
#include <clang/AST/Type.h>

namespace anvil::compiler {
namespace {

std::string builtin_name(const clang::BuiltinType& type) {
  switch (type.getKind()) {
    case clang::BuiltinType::Bool:
      return "bool";
    case clang::BuiltinType::Char_S:
    case clang::BuiltinType::SChar:
      return "char";
    case clang::BuiltinType::Char_U:
    case clang::BuiltinType::UChar:
      return "uchar";
    case clang::BuiltinType::Short:
      return "short";
    case clang::BuiltinType::UShort:
      return "ushort";
    case clang::BuiltinType::Int:
      return "int";
    case clang::BuiltinType::UInt:
      return "uint";
    case clang::BuiltinType::Long:
    case clang::BuiltinType::LongLong:
      return "long";
    case clang::BuiltinType::ULong:
    case clang::BuiltinType::ULongLong:
      return "ulong";
    case clang::BuiltinType::Float16:
      return "half";
    case clang::BuiltinType::BFloat16:
      return "bfloat";
    case clang::BuiltinType::Float:
      return "float";
    case clang::BuiltinType::Void:
      return "void";
    default:
      return type.getName(clang::PrintingPolicy(clang::LangOptions())).str();
  }
}

// A specialisation of one of the library's own class templates.
const clang::ClassTemplateSpecializationDecl* library_template(clang::QualType type) {
  const auto* record = type->getAsCXXRecordDecl();
  const auto* special = llvm::dyn_cast_or_null<clang::ClassTemplateSpecializationDecl>(record);
  if (!special) return nullptr;
  const auto* space = llvm::dyn_cast<clang::NamespaceDecl>(special->getDeclContext());
  return space && space->getName() == "metal" ? special : nullptr;
}

std::string digits_of(const clang::TemplateArgument& argument) {
  if (argument.getKind() != clang::TemplateArgument::Integral) return "?";
  return std::to_string(argument.getAsIntegral().getZExtValue());
}

}  // namespace

std::string msl_type_name(clang::QualType type) {
  type = type.getCanonicalType().getUnqualifiedType();
  if (const auto* builtin = type->getAs<clang::BuiltinType>()) return builtin_name(*builtin);
  if (type->isPointerType()) return msl_type_name(type->getPointeeType()) + "*";
  if (const auto* array = llvm::dyn_cast<clang::ConstantArrayType>(type.getTypePtr()))
    return msl_type_name(array->getElementType()) + "[" + std::to_string(array->getZExtSize()) +
           "]";
  if (const auto* special = library_template(type)) {
    const llvm::StringRef name = special->getName();
    const auto arguments = special->getTemplateArgs().asArray();
    if (!arguments.empty() && arguments[0].getKind() == clang::TemplateArgument::Type) {
      const std::string element = msl_type_name(arguments[0].getAsType());
      if (name == "atomic" && arguments.size() == 1) return "atomic_" + element;
      if (name == "vec" && arguments.size() == 2) return element + digits_of(arguments[1]);
      if (name == "packed_vec" && arguments.size() == 2)
        return "packed_" + element + digits_of(arguments[1]);
      if (name == "matrix" && arguments.size() == 3)
        return element + digits_of(arguments[1]) + "x" + digits_of(arguments[2]);
      if (name == "array" && arguments.size() == 2)
        return element + "[" + digits_of(arguments[1]) + "]";
    }
  }
  if (const auto* tag = type->getAsTagDecl()) {
    if (!tag->getName().empty() && !llvm::isa<clang::ClassTemplateSpecializationDecl>(tag))
      return tag->getName().str();
  }
  clang::PrintingPolicy policy{clang::LangOptions()};
  policy.SuppressTagKeyword = policy.Bool = true;
  policy.adjustForCPlusPlus();
  return type.getAsString(policy);
}

bool is_vector_type(clang::QualType type) {
  const auto* special = library_template(type.getCanonicalType());
  return special && special->getName() == "vec";
}

std::optional<IntegerVector> as_integer_vector(clang::QualType type) {
  type = type.getNonReferenceType().getCanonicalType().getUnqualifiedType();
  unsigned width = 1;
  if (const auto* special = library_template(type); special && special->getName() == "vec") {
    const auto arguments = special->getTemplateArgs().asArray();
    if (arguments.size() != 2 || arguments[0].getKind() != clang::TemplateArgument::Type ||
        arguments[1].getKind() != clang::TemplateArgument::Integral)
      return {};
    width = static_cast<unsigned>(arguments[1].getAsIntegral().getZExtValue());
    type = arguments[0].getAsType().getCanonicalType();
  }
  const auto* builtin = type->getAs<clang::BuiltinType>();
  if (!builtin) return {};
  switch (builtin->getKind()) {
    case clang::BuiltinType::Short:
      return IntegerVector{"short", 16, true, width};
    case clang::BuiltinType::UShort:
      return IntegerVector{"unsigned short", 16, false, width};
    case clang::BuiltinType::Int:
      return IntegerVector{"int", 32, true, width};
    case clang::BuiltinType::UInt:
      return IntegerVector{"unsigned int", 32, false, width};
    default:
      return {};
  }
}

}  // namespace anvil::compiler
