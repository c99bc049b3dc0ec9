#include "anvil/service/reflection.hpp"

#include <algorithm>

#include <nlohmann/json.hpp>

using nlohmann::json;

namespace anvil::service {
namespace {

constexpr int kLibraryVersion = 1;

template <typename Action>
void reading(const char* what, const Action& action) {
  try {
    action();
  } catch (const json::exception& error) {
    throw CompileError(std::string("anvil-compiler wrote ") + what +
                       " that cannot be read: " + error.what());
  }
}

std::vector<FunctionConstant> read_constants(const json& list) {
  std::vector<FunctionConstant> constants;
  for (const auto& each : list)
    constants.push_back(
        {each.at("name"), each.at("index"), each.at("type"), each.value("required", false)});
  return constants;
}

std::vector<StructMember> read_members(const json& list) {
  std::vector<StructMember> members;
  for (const auto& each : list) {
    members.push_back(
        {each.at("name"), each.at("offset"), each.at("type"), each.value("size", uint64_t{0}), {}});
    if (const auto found = each.find("members"); found != each.end())
      members.back().members = read_members(*found);
    if (const auto found = each.find("id"); found != each.end()) members.back().id = *found;
  }
  return members;
}

StructInfo read_struct(const json& from) {
  return {from.at("name"), from.at("size"), read_members(from.at("members"))};
}

ArgumentInfo::Kind read_kind(const std::string& name) {
  return name == "threadgroup" ? ArgumentInfo::Kind::threadgroup
         : name == "texture"   ? ArgumentInfo::Kind::texture
         : name == "sampler"   ? ArgumentInfo::Kind::sampler
                               : ArgumentInfo::Kind::buffer;
}

ArgumentInfo read_argument(const json& from) {
  ArgumentInfo argument{};
  argument.name = from.at("name");
  argument.kind = read_kind(from.at("kind"));
  argument.index = from.at("index");
  argument.type = from.at("type");
  argument.element_size = from.at("element_size");
  argument.alignment = from.at("alignment");
  argument.access = from.at("access");
  argument.address_space = from.at("address_space");
  argument.texture = from.value("texture", "");
  argument.count = from.value("count", 1u);
  argument.slot = from.value("slot", 0u);
  if (const auto found = from.find("struct"); found != from.end() && !found->is_null())
    argument.structure = read_struct(*found);
  return argument;
}

}  // namespace

void read_library(std::string_view text, LibraryImage& library) {
  reading("a library", [&] {
    const json head = json::parse(text.substr(0, text.find('\n')));
    if (head.at("version") != kLibraryVersion)
      throw CompileError("anvil-compiler wrote a library of version " + head.at("version").dump() +
                         ", version " + std::to_string(kLibraryVersion) + " is understood");
    for (const auto& function : head.at("functions"))
      library.functions.push_back(function.at("name"));
    if (const auto found = head.find("visible"); found != head.end())
      for (const auto& function : *found) library.visible.push_back(function.at("name"));
    library.constants = read_constants(head.at("constants"));
  });
}

void read_reflection(std::string_view text, KernelInfo& kernel) {
  reading("a reflection", [&] {
    const json reflection = json::parse(text);
    kernel.name = reflection.at("name");
    kernel.barriers = reflection.at("barriers");
    kernel.static_memory = reflection.at("static_memory");
    kernel.max_threads = reflection.at("max_threads");
    for (const auto& argument : reflection.at("arguments"))
      kernel.arguments.push_back(read_argument(argument));
    for (const ArgumentInfo& argument : kernel.arguments)
      if (argument.kind == ArgumentInfo::Kind::texture ||
          argument.kind == ArgumentInfo::Kind::sampler)
        kernel.handles = std::max(kernel.handles, argument.slot + argument.count);
    kernel.constants = read_constants(reflection.at("constants"));
  });
}

std::string constants_json(std::span<const ConstantValue> constants) {
  json list = json::array();
  for (const auto& constant : constants) {
    std::string hex;
    for (const std::byte byte : constant.data) {
      hex += "0123456789abcdef"[std::to_integer<unsigned>(byte) >> 4];
      hex += "0123456789abcdef"[std::to_integer<unsigned>(byte) & 15];
    }
    list.push_back({{"index", constant.index ? json(*constant.index) : json()},
                    {"name", constant.index ? json() : json(constant.name)},
                    {"type", constant.type},
                    {"data", hex}});
  }
  return list.dump();
}

}  // namespace anvil::service
