#include "foundry/kernel/struct_layout.hpp"

#include <algorithm>

#include "foundry/core/concat.hpp"

namespace foundry {

StructLayout StructLayout::packed_like_c(std::string name, std::vector<StructMember> members) {
  StructLayout layout{std::move(name), 0, 1, std::move(members)};
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
