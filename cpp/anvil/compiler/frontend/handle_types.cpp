#include "anvil/compiler/frontend/handle_types.hpp"

#include <clang/AST/DeclTemplate.h>
#include <clang/AST/Type.h>

#include <iterator>

#include "anvil/compiler/frontend/type_names.hpp"

namespace anvil::compiler {
namespace {

// In the order of metal::access.
constexpr const char* kAccess[] = {"sample", "read", "write", "read_write"};

/// A class of the library's; null for all others.
const clang::CXXRecordDecl* library_class(clang::QualType type) {
  const auto* record = type->getAsCXXRecordDecl();
  const auto* space =
      record ? llvm::dyn_cast<clang::NamespaceDecl>(record->getDeclContext()) : nullptr;
  return space && space->getName() == "metal" ? record : nullptr;
}

std::optional<uint64_t> number(const clang::TemplateArgument& argument) {
  if (argument.getKind() != clang::TemplateArgument::Integral) return {};
  return argument.getAsIntegral().getZExtValue();
}

}  // namespace

std::optional<HandleType> as_handle(clang::QualType type) {
  type = type.getCanonicalType().getUnqualifiedType();
  const clang::CXXRecordDecl* record = library_class(type);
  if (!record) return {};
  const llvm::StringRef name = record->getName();
  if (name == "sampler") return HandleType{.name = name.str(), .element = "", .access = ""};
  const auto* special = llvm::dyn_cast<clang::ClassTemplateSpecializationDecl>(record);
  if (!special) return {};
  const auto arguments = special->getTemplateArgs().asArray();
  if (name == "visible_function_table")
    return HandleType{.name = name.str(), .element = "", .access = ""};
  if (arguments.size() != 2 || arguments[0].getKind() != clang::TemplateArgument::Type) return {};
  const clang::QualType element = arguments[0].getAsType();
  const auto second = number(arguments[1]);
  if (!second) return {};
  if (name == "array") {
    auto handle = as_handle(element);
    if (!handle || *second == 0 || *second > UINT16_MAX) return {};
    handle->count *= static_cast<uint32_t>(*second);
    return handle;
  }
  if ((!name.starts_with("texture") && !name.starts_with("depth")) || *second >= std::size(kAccess))
    return {};
  return HandleType{
      .name = name.str(), .element = msl_type_name(element), .access = kAccess[*second]};
}

}  // namespace anvil::compiler
