#include "foundry/kernel/struct_layout.hpp"

#include <algorithm>
#include <string_view>
#include <unordered_set>

#include "foundry/core/error.hpp"
#include "foundry/kernel/msl_words.hpp"

namespace foundry {
namespace {

void check_names(const StructLayout& layout) {
  const auto why = [](const std::string& name) {
    return is_msl_identifier(name) ? "is a word of MSL" : "is not an identifier";
  };
  const auto is_fit = [](const std::string& name) {
    return is_msl_identifier(name) && !is_msl_word(name);
  };
  if (!is_fit(layout.name)) {
    throw ArgumentError(concat("struct name '", layout.name, "' ", why(layout.name)));
  }
  std::unordered_set<std::string_view> seen;
  for (const auto& member : layout.members) {
    if (!is_fit(member.name)) {
      throw ArgumentError(
          concat(layout.name, ": member name '", member.name, "' ", why(member.name)));
    }
    if (!seen.insert(member.name).second) {
      throw ArgumentError(concat(layout.name, ": member '", member.name, "' occurs twice"));
    }
    if (is_block(member.type) || !is_supported(member.type)) {
      throw DTypeError(concat(layout.name, ".", member.name, " is ", name_of(member.type),
                              ", which a struct of MSL cannot hold"));
    }
  }
}

}  // namespace

StructLayout StructLayout::packed_like_c(std::string name, std::vector<StructMember> members) {
  StructLayout layout{std::move(name), 0, 1, std::move(members)};
  check_names(layout);
  const auto align = [](std::uint64_t value, std::uint64_t to) {
    return (value + to - 1) / to * to;
  };
  for (auto& member : layout.members) {
    const DTypeInfo& type = info(member.type);
    member.offset = align(layout.size, type.alignment);
    layout.size =
        member.offset + std::uint64_t{type.block_bytes} * member.lanes * std::max(1u, member.count);
    layout.alignment = std::max<std::uint64_t>(layout.alignment, type.alignment);
  }
  layout.size = align(layout.size, layout.alignment);
  return layout;
}

std::string msl_type(const StructMember& member) {
  const char* element = info(member.type).metal_name;
  return member.lanes == 1 ? element : concat("packed_", element, member.lanes);
}

std::string StructLayout::msl() const {
  std::string text = concat("struct ", name, " {\n");
  for (const auto& member : members) {
    text += concat("  ", msl_type(member), " ", member.name);
    if (member.count != 0) text += concat("[", member.count, "]");
    text += ";\n";
  }
  text += concat("};\nstatic_assert(sizeof(", name, ") == ", size, " && alignof(", name,
                 ") == ", alignment, ", \"", name, ": size and alignment as on the host\");\n");
  for (const auto& member : members) {
    text +=
        concat("static_assert(__builtin_offsetof(", name, ", ", member.name, ") == ", member.offset,
               ", \"", name, "::", member.name, ": offset as on the host\");\n");
  }
  return text;
}

}  // namespace foundry
