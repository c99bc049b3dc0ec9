#include "anvil/compiler/frontend/signature_reader.hpp"

#include <clang/AST/ASTContext.h>
#include <clang/AST/Attr.h>
#include <clang/AST/DeclCXX.h>
#include <clang/AST/DeclTemplate.h>
#include <clang/AST/Expr.h>
#include <clang/AST/RecordLayout.h>
#include <clang/Sema/Sema.h>

#include <algorithm>

#include "anvil/abi/kernel_abi.h"
#include "anvil/abi/texture_abi.h"
#include "anvil/compiler/frontend/address_spaces.hpp"
#include "anvil/compiler/frontend/diagnostics.hpp"
#include "anvil/compiler/frontend/handle_types.hpp"
#include "anvil/compiler/frontend/type_names.hpp"
#include "anvil/compiler/source/inputs.hpp"

namespace anvil::compiler {
namespace {

constexpr llvm::StringLiteral kPrefix = "anvil:";

const clang::AnnotateAttr* find_annotation(const clang::Decl& declaration, llvm::StringRef name) {
  for (const auto* attribute : declaration.specific_attrs<clang::AnnotateAttr>())
    if (attribute->getAnnotation().starts_with(kPrefix) &&
        attribute->getAnnotation().substr(kPrefix.size()) == name)
      return attribute;
  return nullptr;
}

std::string string_argument(const clang::AnnotateAttr& attribute) {
  if (attribute.args_size() == 0) return {};
  const auto* text =
      llvm::dyn_cast<clang::StringLiteral>((*attribute.args_begin())->IgnoreParenImpCasts());
  return text ? text->getString().str() : "";
}

/// The definition of a struct of the user's; null for other types, of which the library's own
/// classes are: vec, atomic and their like are values.
const clang::RecordDecl* struct_of(clang::QualType type) {
  const auto* record = type->getAsRecordDecl();
  if (!record || record->isInvalidDecl() || !record->getDefinition()) return nullptr;
  record = record->getDefinition();
  for (const auto* space = record->getDeclContext(); space; space = space->getParent())
    if (const auto* name = llvm::dyn_cast<clang::NamespaceDecl>(space);
        name && name->getName() == "metal")
      return nullptr;
  return record;
}

/// An enumeration is the integer that it is stored as.
clang::QualType stored_type(clang::QualType type) {
  const auto* list = type->getAs<clang::EnumType>();
  return list ? list->getDecl()->getDefinition()->getIntegerType() : type;
}

/// Arguments of a kind have indices of their own.
struct Table {
  Parameter::Kind kind;
  const char* attribute;
  uint32_t size;
};
constexpr Table kTables[] = {{Parameter::Kind::buffer, "buffer", ANVIL_MAX_BUFFERS},
                             {Parameter::Kind::threadgroup, "threadgroup", ANVIL_MAX_BUFFERS},
                             {Parameter::Kind::texture, "texture", ANVIL_MAX_TEXTURES},
                             {Parameter::Kind::sampler, "sampler", ANVIL_MAX_SAMPLERS}};
const Table& table_of(Parameter::Kind kind) {
  return *std::ranges::find(kTables, kind, &Table::kind);
}

std::string type_of_member(clang::QualType type) {
  const auto handle = as_handle(type);
  if (!handle) return msl_type_name(stored_type(type));
  return handle->name + (handle->count > 1 ? "[" + std::to_string(handle->count) + "]" : "");
}

class Reader {
 public:
  explicit Reader(clang::ASTContext& context, clang::Sema* sema = nullptr)
      : context_(context), sema_(sema) {}

  bool failed() const { return failed_; }
  void error(clang::SourceLocation location, const std::string& message) {
    failed_ = true;
    report_error(context_.getDiagnostics(), location, message);
  }

  // The attribute's first argument, an integer constant.
  std::optional<uint32_t> integer(const clang::AnnotateAttr& attribute, uint32_t limit) {
    const std::string name = attribute.getAnnotation().substr(kPrefix.size()).str();
    if (attribute.args_size() == 0) {
      error(attribute.getLocation(), "attribute '" + name + "' needs an integer argument");
      return {};
    }
    const clang::Expr* expression = *attribute.args_begin();
    clang::Expr::EvalResult value;
    if (expression->isValueDependent() || !expression->EvaluateAsInt(value, context_)) {
      error(attribute.getLocation(),
            "argument of attribute '" + name + "' is not an integer constant");
      return {};
    }
    const llvm::APSInt& number = value.Val.getInt();
    if (number.isNegative() || number.getActiveBits() > 32 || number.getZExtValue() >= limit) {
      llvm::SmallString<24> text;
      number.toString(text);
      error(attribute.getLocation(),
            "'" + name + "' attribute parameter is out of bounds: " + std::string(text) +
                " must be between 0 and " + std::to_string(limit - 1));
      return {};
    }
    return static_cast<uint32_t>(number.getZExtValue());
  }

  Parameter parameter(const clang::ParmVarDecl& declaration, const std::string& kernel);
  void assign_indices(const clang::FunctionDecl& function, KernelSignature& kernel,
                      std::vector<bool>& automatic);
  bool has_automatic_index = false;  ///< of the parameter read last

 private:
  void resource(const clang::ParmVarDecl& declaration, Parameter& parameter);
  void handles(const clang::ParmVarDecl& declaration, const HandleType& type, Parameter& parameter);
  void function_table(const clang::ParmVarDecl& declaration, const HandleType& type,
                      Parameter& parameter);
  void assign_indices(const clang::FunctionDecl& function, KernelSignature& kernel,
                      std::vector<bool>& automatic, const Table& table);
  std::vector<StructMember> members(const clang::RecordDecl& record, uint64_t base);
  void input(const clang::ParmVarDecl& declaration, const KernelInput& input,
             const clang::AnnotateAttr& attribute, Parameter& parameter);

  clang::ASTContext& context_;
  clang::Sema* sema_;
  bool failed_ = false;
};

Parameter Reader::parameter(const clang::ParmVarDecl& declaration, const std::string& kernel) {
  Parameter result;
  has_automatic_index = false;
  result.name = declaration.getName().str();
  const clang::QualType type = declaration.getType();
  for (const auto* attribute : declaration.specific_attrs<clang::AnnotateAttr>()) {
    llvm::StringRef name = attribute->getAnnotation();
    if (!name.consume_front(kPrefix)) continue;
    if (const KernelInput* known = find_kernel_input(std::string_view(name))) {
      input(declaration, *known, *attribute, result);
      return result;
    }
    if (name != "function_constant" && name != "id" &&
        std::ranges::find(kTables, name, &Table::attribute) == std::end(kTables)) {
      error(attribute->getLocation(), "attribute '" + name.str() + "' of parameter '" +
                                          result.name + "' is not supported in a kernel");
      return result;
    }
  }
  if (type->isPointerType() || type->isLValueReferenceType()) {
    resource(declaration, result);
    return result;
  }
  if (const auto handle = as_handle(type)) {
    if (handle->is_function_table())
      function_table(declaration, *handle, result);
    else
      handles(declaration, *handle, result);
    return result;
  }
  if (find_annotation(declaration, "buffer") || find_annotation(declaration, "threadgroup")) {
    error(declaration.getLocation(), "parameter '" + result.name + "' of kernel '" + kernel +
                                         "' must be a pointer or a reference, not '" +
                                         msl_type_name(type) + "'");
  } else {
    error(declaration.getLocation(), "parameter '" + result.name + "' of kernel '" + kernel +
                                         "' (type '" + msl_type_name(type) +
                                         "') needs an attribute that says where its value comes "
                                         "from, such as [[thread_position_in_grid]]");
  }
  return result;
}

void Reader::input(const clang::ParmVarDecl& declaration, const KernelInput& input,
                   const clang::AnnotateAttr& attribute, Parameter& parameter) {
  parameter.kind = Parameter::Kind::input;
  parameter.input = input.attribute;
  parameter.type = msl_type_name(declaration.getType());
  const auto type = as_integer_vector(declaration.getType());
  const unsigned most = input.vector ? 3 : 1;
  if (!type || type->width > most) {
    error(attribute.getLocation(),
          "type '" + parameter.type + "' of parameter '" + parameter.name +
              "' is not valid for "
              "attribute '" +
              parameter.input + "': it must be " +
              (input.vector ? "ushort, ushort2, ushort3, uint, uint2 or uint3" : "ushort or uint"));
    return;
  }
  parameter.component = type->component;
  parameter.width = type->width;
}

void Reader::resource(const clang::ParmVarDecl& declaration, Parameter& parameter) {
  const clang::QualType type = declaration.getType();
  parameter.reference = type->isReferenceType();
  const clang::QualType pointee = type->getPointeeType();
  parameter.read_only = pointee.isConstQualified();
  parameter.type = msl_type_name(pointee);

  if (const auto* condition = find_annotation(declaration, "function_constant"))
    parameter.condition = string_argument(*condition);
  const auto* buffer = find_annotation(declaration, "buffer");
  const auto* memory = find_annotation(declaration, "threadgroup");
  const clang::LangAS space = pointee.getAddressSpace();
  if (space == clang::LangAS::Default) {
    error(declaration.getLocation(), "parameter '" + parameter.name +
                                         "' must be in the device, constant or threadgroup "
                                         "address space");
    return;
  }
  const bool is_threadgroup = space == kThreadgroupSpace;
  if (is_threadgroup ? buffer != nullptr : memory != nullptr) {
    error(declaration.getLocation(), "parameter '" + parameter.name +
                                         "' cannot be both in a buffer and in threadgroup memory");
    return;
  }
  parameter.kind = is_threadgroup ? Parameter::Kind::threadgroup : Parameter::Kind::buffer;
  parameter.address_space = address_space_name(space);
  const auto* place = parameter.kind == Parameter::Kind::buffer ? buffer : memory;
  if (place) {
    if (const auto index = integer(*place, ANVIL_MAX_BUFFERS)) parameter.index = *index;
  } else {
    has_automatic_index = true;
  }

  const bool complete = sema_->isCompleteType(declaration.getLocation(), pointee);
  if (!complete || pointee->isFunctionType()) {
    if (pointee->isVoidType()) {
      parameter.element_size = parameter.alignment = 1;
      return;
    }
    error(declaration.getLocation(), "parameter '" + parameter.name +
                                         "' points to the incomplete type '" + parameter.type +
                                         "'");
    return;
  }
  parameter.element_size =
      static_cast<uint64_t>(context_.getTypeSizeInChars(pointee).getQuantity());
  parameter.alignment = static_cast<uint64_t>(context_.getTypeAlignInChars(pointee).getQuantity());
  if (const auto* record = struct_of(pointee)) {
    parameter.is_struct = true;
    parameter.members = members(*record, 0);
  }
}

/// Those of bases first. `base`: where the record begins in the outermost one.
std::vector<StructMember> Reader::members(const clang::RecordDecl& record, uint64_t base) {
  std::vector<StructMember> list;
  const clang::ASTRecordLayout& layout = context_.getASTRecordLayout(&record);
  if (const auto* derived = llvm::dyn_cast<clang::CXXRecordDecl>(&record)) {
    for (const clang::CXXBaseSpecifier& each : derived->bases()) {
      const clang::CXXRecordDecl* parent = each.getType()->getAsCXXRecordDecl();
      if (!parent || each.isVirtual()) continue;
      const auto offset = static_cast<uint64_t>(layout.getBaseClassOffset(parent).getQuantity());
      for (StructMember& member : members(*parent, base + offset))
        list.push_back(std::move(member));
    }
  }
  for (const clang::FieldDecl* field : record.fields()) {
    const clang::QualType type = field->getType();
    StructMember member{field->getName().str(),
                        base + layout.getFieldOffset(field->getFieldIndex()) / 8,
                        type_of_member(type),
                        0,
                        {}};
    if (!type->isReferenceType())
      member.size = static_cast<uint64_t>(context_.getTypeSizeInChars(type).getQuantity());
    if (const auto* inner = struct_of(context_.getBaseElementType(type)))
      member.members = members(*inner, 0);
    if (const auto* id = find_annotation(*field, "id")) member.id = integer(*id, UINT32_MAX);
    list.push_back(std::move(member));
  }
  return list;
}

void Reader::handles(const clang::ParmVarDecl& declaration, const HandleType& type,
                     Parameter& parameter) {
  parameter.kind = type.is_sampler() ? Parameter::Kind::sampler : Parameter::Kind::texture;
  parameter.type = type.is_sampler() ? type.name : type.element;
  parameter.texture = type.is_sampler() ? "" : type.name;
  parameter.access = type.access;
  parameter.read_only = type.access == "read" || type.access == "sample";
  parameter.count = type.count;
  if (const auto* condition = find_annotation(declaration, "function_constant"))
    parameter.condition = string_argument(*condition);
  const Table& its = table_of(parameter.kind);
  for (const Table& other : kTables)
    if (other.kind != parameter.kind && find_annotation(declaration, other.attribute))
      error(declaration.getLocation(),
            "parameter '" + parameter.name + "' of type '" + msl_type_name(declaration.getType()) +
                "' needs attribute '" + its.attribute + "', not '" + other.attribute + "'");
  const auto* place = find_annotation(declaration, its.attribute);
  has_automatic_index = !place;
  if (!place) return;
  if (const auto index = integer(*place, its.size)) parameter.index = *index;
  if (parameter.index + parameter.count > its.size)
    error(declaration.getLocation(),
          "parameter '" + parameter.name + "' has " + std::to_string(parameter.count) +
              " elements from " + its.attribute + " index " + std::to_string(parameter.index) +
              " on; the last index is " + std::to_string(its.size - 1));
}

/// Its memory is a buffer, of the index that it has among them.
void Reader::function_table(const clang::ParmVarDecl& declaration, const HandleType& type,
                            Parameter& parameter) {
  parameter.kind = Parameter::Kind::buffer;
  parameter.type = type.name;
  parameter.is_table = parameter.read_only = true;
  parameter.address_space = "device";
  parameter.element_size = parameter.alignment = 8;
  if (const auto* condition = find_annotation(declaration, "function_constant"))
    parameter.condition = string_argument(*condition);
  if (type.count > 1)
    error(declaration.getLocation(), "unsupported array of visible function tables '" +
                                         parameter.name +
                                         "' as a parameter; supported: in an argument buffer");
  const auto* place = find_annotation(declaration, "buffer");
  has_automatic_index = !place;
  if (!place) return;
  if (const auto index = integer(*place, ANVIL_MAX_BUFFERS)) parameter.index = *index;
}

// Metal gives the parameters without an index the lowest that are free, in order.
void Reader::assign_indices(const clang::FunctionDecl& function, KernelSignature& kernel,
                            std::vector<bool>& automatic, const Table& table) {
  const std::string name = table.attribute;
  std::vector<const Parameter*> owners(table.size);
  for (size_t i = 0; i < kernel.parameters.size(); ++i) {
    Parameter& parameter = kernel.parameters[i];
    if (parameter.kind != table.kind || automatic[i]) continue;
    for (uint32_t index = parameter.index; index < parameter.index + parameter.count; ++index) {
      if (const Parameter* other = owners[index];
          other && other->condition.empty() && parameter.condition.empty()) {
        error(function.getParamDecl(i)->getLocation(), "parameters '" + other->name + "' and '" +
                                                           parameter.name + "' both use " + name +
                                                           " index " + std::to_string(index));
        break;
      }
      owners[index] = &parameter;
    }
  }
  for (size_t i = 0; i < kernel.parameters.size(); ++i) {
    Parameter& parameter = kernel.parameters[i];
    if (parameter.kind != table.kind || !automatic[i]) continue;
    const auto place =
        std::ranges::search_n(owners, parameter.count, static_cast<const Parameter*>(nullptr));
    if (place.empty()) {
      error(function.getParamDecl(i)->getLocation(),
            "no " + name + " index is left for parameter '" + parameter.name + "'");
      return;
    }
    parameter.index = static_cast<uint32_t>(place.begin() - owners.begin());
    std::ranges::fill(place, &parameter);
  }
}

void Reader::assign_indices(const clang::FunctionDecl& function, KernelSignature& kernel,
                            std::vector<bool>& automatic) {
  for (const Table& table : kTables) assign_indices(function, kernel, automatic, table);
  uint32_t slots = 0;
  for (Parameter& parameter : kernel.parameters) {
    if (parameter.kind != Parameter::Kind::texture && parameter.kind != Parameter::Kind::sampler)
      continue;
    parameter.slot = slots;
    slots += parameter.count;
  }
}

}  // namespace

bool has_annotation(const clang::Decl& declaration, const char* name) {
  return find_annotation(declaration, name) != nullptr;
}

std::string host_name(const clang::FunctionDecl& function) {
  if (const auto* attribute = find_annotation(function, "host_name"))
    if (std::string name = string_argument(*attribute); !name.empty()) return name;
  return function.getNameAsString();
}

std::optional<KernelSignature> read_signature(clang::Sema& sema,
                                              const clang::FunctionDecl& function) {
  Reader reader(sema.Context, &sema);
  KernelSignature kernel;
  kernel.name = host_name(function);
  kernel.max_threads = ANVIL_MAX_THREADS_PER_THREADGROUP;
  if (function.getIdentifier() && function.getName() == "main")
    reader.error(function.getLocation(), "a kernel cannot be named 'main'");
  if (!function.getReturnType()->isVoidType())
    reader.error(function.getLocation(), "kernel '" + kernel.name + "' must return void");
  if (function.isVariadic())
    reader.error(function.getLocation(), "kernel '" + kernel.name + "' cannot be variadic");
  if (const auto* attribute = find_annotation(function, "max_total_threads_per_threadgroup"))
    if (const auto limit = reader.integer(*attribute, ANVIL_MAX_THREADS_PER_THREADGROUP + 1)) {
      kernel.max_threads = *limit;
      if (*limit == 0)
        reader.error(attribute->getLocation(),
                     "'max_total_threads_per_threadgroup' must be at least 1");
    }
  std::vector<bool> automatic;
  for (const clang::ParmVarDecl* declaration : function.parameters()) {
    kernel.parameters.push_back(reader.parameter(*declaration, kernel.name));
    automatic.push_back(reader.has_automatic_index);
  }
  if (!reader.failed()) reader.assign_indices(function, kernel, automatic);
  if (reader.failed()) return {};
  return kernel;
}

std::optional<FunctionConstantInfo> read_function_constant(clang::ASTContext& context,
                                                           const clang::VarDecl& variable) {
  const auto* attribute = find_annotation(variable, "function_constant");
  if (!attribute) return {};
  Reader reader(context);
  FunctionConstantInfo info;
  info.name = variable.getName().str();
  info.type = msl_type_name(variable.getType());
  if (!variable.getType()->isArithmeticType() && !is_vector_type(variable.getType()))
    reader.error(variable.getLocation(), "function constant '" + info.name +
                                             "' cannot have type '" + info.type +
                                             "': it must be a scalar or a vector");
  const auto index = reader.integer(*attribute, 65536);
  if (!index || reader.failed()) return {};
  info.index = *index;
  return info;
}

}  // namespace anvil::compiler
