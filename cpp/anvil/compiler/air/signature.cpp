#include "anvil/compiler/air/signature.hpp"

#include <llvm/IR/Function.h>

#include <algorithm>

#include "anvil/abi/kernel_abi.h"
#include "anvil/abi/texture_abi.h"
#include "anvil/compiler/air/metadata.hpp"
#include "anvil/compiler/air/module.hpp"
#include "anvil/compiler/source/errors.hpp"
#include "anvil/compiler/source/inputs.hpp"

namespace anvil::compiler::air {
namespace {

constexpr unsigned kDeepestStruct = 16;

[[noreturn]] void damaged(const std::string& what) {
  throw AirError("the function's metadata is damaged: " + what);
}

// Reflection names a struct as its own declaration does.
std::string own_name(llvm::StringRef name) {
  if (name.contains('<')) return name.str();
  return name.substr(name.rfind("::") == llvm::StringRef::npos ? 0 : name.rfind("::") + 2).str();
}

// Members are offset, size and length (0: no array), type and name; before a struct's stands what
// is in it.
std::vector<StructMember> read_members(const llvm::MDNode& info, unsigned depth) {
  if (depth > kDeepestStruct) damaged("structures are nested too deeply");
  std::vector<StructMember> members;
  const llvm::MDNode* inner = nullptr;
  for (unsigned at = 0; at < info.getNumOperands();) {
    if (!text(info, at).empty()) {
      if (text(info, at) == "air.struct_type_info") inner = node(info, at + 1);
      at += 2;
      continue;
    }
    const auto offset = number(info, at), size = number(info, at + 1),
               length = number(info, at + 2);
    if (!offset || !size || !length) damaged("a member of a structure has no place");
    StructMember member{text(info, at + 4).str(), *offset, own_name(text(info, at + 3)), *size, {}};
    if (inner) member.members = read_members(*inner, depth + 1);
    inner = nullptr;
    // Apple's library has a structure of one member for an atomic number.
    if (member.type == "_atomic" && member.members.size() == 1) {
      member.type = "atomic_" + member.members.front().type;
      member.members.clear();
    }
    if (*length > 0) {
      member.type += "[" + std::to_string(*length) + "]";
      member.size *= *length;
    }
    members.push_back(std::move(member));
    at += 5;
  }
  return members;
}

struct Integer {
  llvm::StringRef name;
  const char* component;  // C++'s name
  unsigned bits;
};
constexpr Integer kIntegers[] = {{"ushort", "unsigned short", 16},
                                 {"short", "short", 16},
                                 {"uint", "unsigned int", 32},
                                 {"int", "int", 32}};

void read_input(const KernelInput& input, const llvm::Type& type, Parameter& parameter) {
  parameter.kind = Parameter::Kind::input;
  parameter.input = input.attribute;
  llvm::StringRef name = parameter.type;
  const llvm::StringRef element = name.rtrim("23");
  if (element.size() != name.size()) parameter.width = static_cast<unsigned>(name.back() - '0');
  const auto* found = std::ranges::find(kIntegers, element, &Integer::name);
  const llvm::Type* scalar = type.getScalarType();
  const auto* vector = llvm::dyn_cast<llvm::FixedVectorType>(&type);
  if (found == std::end(kIntegers) || parameter.width > (input.vector ? 3u : 1u) ||
      !scalar->isIntegerTy(found->bits) ||
      (vector ? vector->getNumElements() : 1u) != parameter.width)
    damaged("argument '" + parameter.name + "' has type '" + parameter.type + "'");
  parameter.component = found->component;
}

void read_buffer(const llvm::MDNode* structure, const llvm::Type& type, uint32_t space,
                 Parameter& parameter) {
  static constexpr const char* kSpaces[] = {nullptr, "device", "constant", "threadgroup"};
  if (!type.isPointerTy() || space == 0 || space > 3 || type.getPointerAddressSpace() != space ||
      parameter.index >= ANVIL_MAX_BUFFERS)
    damaged("argument '" + parameter.name + "' is no buffer");
  parameter.kind = space == 3 ? Parameter::Kind::threadgroup : Parameter::Kind::buffer;
  parameter.address_space = kSpaces[space];
  if (!structure) return;
  parameter.is_struct = true;
  parameter.members = read_members(*structure, 0);
}

// Classes are named as in Metal's language: texture2d<float, sample>.
void read_handle(bool is_sampler, const llvm::Type& type, uint32_t count, const char* access,
                 Parameter& parameter) {
  const uint32_t most = is_sampler ? ANVIL_MAX_SAMPLERS : ANVIL_MAX_TEXTURES;
  if (!type.isPointerTy() || count != 1)
    throw AirError("unsupported argument '" + parameter.name +
                   "': an array of textures or samplers; supported: single ones");
  if (parameter.index >= most) damaged("argument '" + parameter.name + "' has no place");
  parameter.kind = is_sampler ? Parameter::Kind::sampler : Parameter::Kind::texture;
  parameter.access = access;
  parameter.read_only = !is_sampler && (parameter.access == "sample" || parameter.access == "read");
  parameter.element_size = 0;
  parameter.alignment = 0;
  if (is_sampler) return;
  const auto [name, rest] = llvm::StringRef(parameter.type).split('<');
  parameter.texture = name.str();
  parameter.type = rest.split(',').first.rtrim('>').str();
}

Parameter read_argument(const llvm::MDNode& argument, const llvm::Function& kernel,
                        unsigned position) {
  Parameter parameter;
  std::string kind;  // what is neither a buffer nor an input
  bool is_buffer = false, is_texture = false, is_sampler = false;
  const char* access = "";
  uint32_t count = 1;
  const KernelInput* input = nullptr;
  const llvm::MDNode* structure = nullptr;
  uint32_t space = 0;
  for (unsigned at = 1; at < argument.getNumOperands(); ++at) {
    llvm::StringRef word = text(argument, at);
    const auto value = number(argument, at + 1);
    if (word == "air.buffer" || word == "air.indirect_buffer") {
      is_buffer = true;
    } else if (word == "air.texture") {
      is_texture = true;
    } else if (word == "air.sampler") {
      is_sampler = true;
    } else if (word == "air.location_index") {
      parameter.index = value.value_or(UINT32_MAX);
      count = number(argument, at + 2).value_or(1);
    } else if (word == "air.address_space") {
      space = value.value_or(0);
    } else if (word == "air.arg_type_size") {
      parameter.element_size = value.value_or(0);
    } else if (word == "air.arg_type_align_size") {
      parameter.alignment = value.value_or(1);
    } else if (word == "air.arg_type_name") {
      parameter.type = own_name(text(argument, ++at));
    } else if (word == "air.arg_name") {
      parameter.name = text(argument, ++at).str();
    } else if (word == "air.read") {
      parameter.read_only = true;
      access = "read";
    } else if (word == "air.sample") {
      access = "sample";
    } else if (word == "air.write") {
      access = "write";
    } else if (word == "air.read_write") {
      access = "read_write";
    } else if (word == "air.struct_type_info") {
      structure = node(argument, at + 1);
    } else if (word == "air.function_constant") {
      if (const llvm::MDNode* condition = node(argument, at + 1))
        parameter.condition = text(*condition, 2).str();
    } else if (word.consume_front("air.")) {
      if (const KernelInput* known = find_kernel_input(std::string_view(word))) input = known;
      if (kind.empty()) kind = word.str();
    }
  }
  const llvm::Type& type = *kernel.getArg(position)->getType();
  if (is_buffer)
    read_buffer(structure, type, space, parameter);
  else if (is_texture || is_sampler)
    read_handle(is_sampler, type, count, access, parameter);
  else if (input)
    read_input(*input, type, parameter);
  else
    throw AirError("unsupported argument '" + parameter.name + "' of kind '" + kind +
                   "'; supported: buffers, threadgroup memory, textures, samplers, and positions "
                   "and sizes of threads");
  return parameter;
}

// Buffers as addresses, inputs by reference: no ABI has more than one way to pass those.
std::string function_type(const KernelSignature& kernel) {
  std::string list;
  for (const Parameter& parameter : kernel.parameters) {
    if (!list.empty()) list += ", ";
    if (parameter.kind != Parameter::Kind::input)
      list += "void*";
    else if (parameter.width == 1)
      list += "const " + parameter.component + "&";
    else
      list +=
          "const metal::vec<" + parameter.component + ", " + std::to_string(parameter.width) + ">&";
  }
  return "void(" + list + ")";
}

}  // namespace

KernelSignature read_signature(const llvm::Module& module) {
  const llvm::Function& function = kernel_of(module);
  if (first_node(module, "air.sampler_states"))
    throw AirError("unsupported sampler of a function's own; supported: those that are arguments");
  const llvm::MDNode& entry = *first_node(module, "air.kernel");
  KernelSignature kernel;
  kernel.name = function.getName().str();
  kernel.callee = kKernelSymbol;
  kernel.max_threads = ANVIL_MAX_THREADS_PER_THREADGROUP;
  if (!function.getReturnType()->isVoidTy()) damaged("the kernel gives a result");
  for (unsigned at = 3; at < entry.getNumOperands(); ++at)
    if (const llvm::MDNode* limit = node(entry, at);
        limit && text(*limit, 0) == "air.max_work_group_size")
      kernel.max_threads =
          std::min<uint32_t>(kernel.max_threads, number(*limit, 1).value_or(kernel.max_threads));
  const llvm::MDNode* arguments = node(entry, 2);
  if (!arguments || arguments->getNumOperands() != function.arg_size())
    damaged("the kernel's arguments are not all described");
  uint32_t handles = 0;
  for (unsigned i = 0; i < arguments->getNumOperands(); ++i) {
    const llvm::MDNode* argument = node(*arguments, i);
    if (!argument || number(*argument, 0) != i) damaged("the kernel's arguments are out of order");
    kernel.parameters.push_back(read_argument(*argument, function, i));
    Parameter& parameter = kernel.parameters.back();
    if (parameter.kind == Parameter::Kind::texture || parameter.kind == Parameter::Kind::sampler)
      parameter.slot = handles++;
  }
  kernel.type = function_type(kernel);
  return kernel;
}

std::vector<FunctionConstantInfo> read_function_constants(const llvm::Module& module) {
  std::vector<FunctionConstantInfo> constants;
  const llvm::NamedMDNode* list = module.getNamedMetadata("air.function_constants");
  if (!list) return constants;
  for (const llvm::MDNode* constant : list->operands()) {
    const llvm::GlobalObject* variable = global(*constant, 0);
    const auto index = number(*constant, 3), required = number(*constant, 4);
    if (!index) damaged("a function constant has no index");
    const std::string symbol = variable ? variable->getName().str() : "";
    constants.push_back({text(*constant, 2).str(), *index, text(*constant, 1).str(), symbol,
                         kDefinedPrefix + symbol, required.value_or(1) != 0});
  }
  return constants;
}

std::string math_mode(const llvm::Module& module) {
  const llvm::NamedMDNode* options = module.getNamedMetadata("air.compile_options");
  if (options)
    for (const llvm::MDNode* option : options->operands())
      if (text(*option, 0) == "air.compile.fast_math_disable") return "safe";
  return "fast";
}

}  // namespace anvil::compiler::air
