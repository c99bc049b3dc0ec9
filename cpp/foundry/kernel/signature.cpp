// The generated signature against the compiled function's own account of it.
#include <algorithm>

#include "foundry/core/ascii.hpp"
#include "foundry/core/error.hpp"
#include "foundry/kernel/description.hpp"

namespace foundry {
namespace {

using Kind = ArgumentDescription::Kind;
using ReflectedKind = ReflectedArgument::Kind;

/// What the signature states about one index, in the terms of reflection.
struct Expected {
  std::string name;
  std::string spelled;  // "device half*"
  std::string type;     // as reflection has it: "half", "struct"
  std::uint64_t size = 0;
  bool writable = false;
  const StructLayout* layout = nullptr;
};

Expected expected(const ArgumentDescription& argument) {
  Expected result;
  result.name = argument.name;
  result.writable = argument.kind == Kind::threadgroup_memory || writes(argument.access);
  if (argument.layout) {
    result.layout = &*argument.layout;
    result.type = "struct";
    result.size = argument.layout->size;
  } else {
    result.type = is_block(argument.dtype) ? "struct" : msl_type(argument.dtype);
    result.size = info(argument.dtype).block_bytes;
  }
  const std::string type = argument.layout ? argument.layout->name : msl_type(argument.dtype);
  switch (argument.kind) {
    case Kind::bytes:
      result.spelled = concat("constant ", type, "&");
      break;
    case Kind::threadgroup_memory:
      result.spelled = concat("threadgroup ", type, "*");
      break;
    case Kind::buffer:
      result.spelled = concat("device ", writes(argument.access) ? "" : "const ", type, "*");
  }
  return result;
}

std::string spelled(const ReflectedArgument& argument, bool is_value) {
  if (argument.kind == ReflectedKind::threadgroup_memory)
    return concat("threadgroup ", argument.type, "*");
  if (is_value && !writes(argument.access)) return concat("constant ", argument.type, "&");
  return concat("device ", writes(argument.access) ? "" : "const ", argument.type, "*");
}

std::string members_of(const StructLayout& layout) {
  std::string text;
  for (const auto& member : layout.members) {
    text +=
        concat(text.empty() ? "" : ", ", msl_type(member), " ", member.name, " at ", member.offset);
  }
  return concat("{", text, "}, ", layout.size, " bytes");
}

std::string members_of(const ReflectedArgument& argument) {
  std::string text;
  for (const auto& member : argument.members) {
    text += concat(text.empty() ? "" : ", ", member.type, " ", member.name, " at ", member.offset);
  }
  return concat("{", text, "}, ", argument.size, " bytes");
}

bool same_members(const StructLayout& layout, const ReflectedArgument& argument) {
  if (layout.size != argument.size) return false;
  // A device may decline to list members; the static_asserts in the source hold the layout then.
  if (argument.members.empty()) return true;
  return std::equal(layout.members.begin(), layout.members.end(), argument.members.begin(),
                    argument.members.end(), [](const auto& a, const auto& b) {
                      return a.name == b.name && a.offset == b.offset;
                    });
}

bool same_type(const Expected& want, const ReflectedArgument& found) {
  // Metal's reflection of threadgroup memory has a size and no type.
  if (found.type.empty()) return found.size == 0 || found.size == want.size;
  // Sizes of parameter structs are compared with their members.
  if (want.type == "struct") return want.layout != nullptr || found.size == want.size;
  return found.type == want.type;
}

}  // namespace

std::string msl_type(DType dtype) {
  return is_block(dtype) ? block_struct_of(dtype) : info(dtype).metal_name;
}

void check_signature(const KernelDescription& kernel, const Reflection& reflection) {
  const auto mismatch = [&](std::size_t position, const std::string& signature,
                            const std::string& compiled) {
    throw SignatureMismatchError(
        concat(kernel.name, ": argument ", position, " '", kernel.arguments[position].name, "' is ",
               signature, " in the signature and ", compiled, " in the compiled function"));
  };
  const auto quoted = [](const std::string& text) { return concat("'", text, "'"); };
  std::vector<bool> matched(reflection.arguments.size());

  for (std::size_t i = 0; i < kernel.arguments.size(); ++i) {
    const ArgumentDescription& argument = kernel.arguments[i];
    const Expected want = expected(argument);
    const auto kind = argument.kind == Kind::threadgroup_memory ? ReflectedKind::threadgroup_memory
                                                                : ReflectedKind::buffer;
    const auto found = std::find_if(
        reflection.arguments.begin(), reflection.arguments.end(),
        [&](const auto& r) { return r.kind == kind && r.index == kernel.index_of(i); });
    if (found == reflection.arguments.end()) {
      if (argument.optional && !argument.present) continue;
      mismatch(i, quoted(want.spelled), "absent");
    }
    matched[static_cast<std::size_t>(found - reflection.arguments.begin())] = true;
    const std::string have = spelled(*found, argument.kind == Kind::bytes);
    if (found->name != want.name) mismatch(i, quoted(want.name), quoted(found->name));
    if (!same_type(want, *found) || (writes(found->access) && !want.writable)) {
      mismatch(i, quoted(want.spelled), quoted(have));
    }
    if (want.layout && !same_members(*want.layout, *found)) {
      mismatch(i, members_of(*want.layout), members_of(*found));
    }
  }

  for (std::size_t r = 0; r < reflection.arguments.size(); ++r) {
    const ReflectedArgument& extra = reflection.arguments[r];
    const bool is_sizes = kernel.has_sizes() && extra.kind == ReflectedKind::buffer &&
                          extra.index == kernel.sizes_index();
    if (matched[r] || is_sizes || extra.kind == ReflectedKind::other) continue;
    throw SignatureMismatchError(concat(kernel.name,
                                        ": the compiled function has an argument that "
                                        "the signature has not: ",
                                        to_string(extra)));
  }
}

}  // namespace foundry
