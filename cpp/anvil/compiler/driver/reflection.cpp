#include "anvil/compiler/driver/reflection.hpp"

#include <llvm/Support/JSON.h>
#include <llvm/Support/raw_ostream.h>

namespace anvil::compiler {
namespace {

llvm::json::Array members_of(const std::vector<StructMember>& members) {
  llvm::json::Array list;
  for (const StructMember& member : members) {
    llvm::json::Object object{{"name", member.name},
                              {"offset", member.offset},
                              {"type", member.type},
                              {"size", member.size}};
    if (!member.members.empty()) object["members"] = members_of(member.members);
    if (member.id) object["id"] = *member.id;
    list.push_back(std::move(object));
  }
  return list;
}

const char* name_of(Parameter::Kind kind) {
  switch (kind) {
    case Parameter::Kind::buffer:
      return "buffer";
    case Parameter::Kind::threadgroup:
      return "threadgroup";
    case Parameter::Kind::texture:
      return "texture";
    case Parameter::Kind::sampler:
      return "sampler";
    case Parameter::Kind::input:
      break;
  }
  return "";
}

const char* access_of(const Parameter& parameter) {
  return parameter.read_only ? "read" : parameter.access == "write" ? "write" : "readwrite";
}

llvm::json::Value argument(const Parameter& parameter) {
  llvm::json::Object object{{"name", parameter.name},
                            {"kind", name_of(parameter.kind)},
                            {"index", parameter.index},
                            {"type", parameter.type},
                            {"pointer_size", 8},
                            {"element_size", parameter.element_size},
                            {"alignment", parameter.alignment},
                            {"access", access_of(parameter)},
                            {"address_space", parameter.address_space},
                            {"texture", parameter.texture},
                            {"count", parameter.count},
                            {"slot", parameter.slot},
                            {"struct", nullptr}};
  if (parameter.is_struct) {
    object["struct"] = llvm::json::Object{{"name", parameter.type},
                                          {"size", parameter.element_size},
                                          {"members", members_of(parameter.members)}};
  }
  return object;
}

}  // namespace

std::string reflection_json(const KernelSignature& signature, const LoweredKernel& lowered,
                            const std::vector<FunctionConstantInfo>& constants) {
  llvm::json::Array arguments, values;
  for (const Parameter& parameter : signature.parameters)
    if (parameter.kind != Parameter::Kind::input) arguments.push_back(argument(parameter));
  for (const FunctionConstantInfo& constant : constants)
    values.push_back(llvm::json::Object{{"name", constant.name},
                                        {"index", constant.index},
                                        {"type", constant.type},
                                        {"required", constant.required}});
  const llvm::json::Value json = llvm::json::Object{{"name", signature.name},
                                                    {"barriers", lowered.barriers},
                                                    {"static_memory", lowered.static_memory},
                                                    {"max_threads", signature.max_threads},
                                                    {"arguments", std::move(arguments)},
                                                    {"constants", std::move(values)}};
  std::string text;
  llvm::raw_string_ostream(text) << json;
  return text + "\n";
}

}  // namespace anvil::compiler
