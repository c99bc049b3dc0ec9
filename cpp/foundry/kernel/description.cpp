#include "foundry/kernel/description.hpp"

#include <algorithm>
#include <array>
#include <functional>
#include <map>

#include "foundry/core/ascii.hpp"
#include "foundry/core/error.hpp"
#include "foundry/device/limits.hpp"
#include "foundry/kernel/msl_words.hpp"

namespace foundry {
namespace {

using Kind = ArgumentDescription::Kind;

constexpr std::string_view kMarker = "FOUNDRY_ARGUMENTS";
constexpr const char* kSizes = "FoundrySizes";

/// An input of a kernel that is no argument; its attribute has the same name.
struct Position {
  std::string_view type;
  std::string_view name;
};

// In every generated signature.
constexpr std::array kPositions = std::to_array<Position>({
    {"uint3", "thread_position_in_grid"},
    {"uint3", "threads_per_grid"},
    {"uint3", "thread_position_in_threadgroup"},
    {"uint3", "threads_per_threadgroup"},
    {"uint3", "threadgroup_position_in_grid"},
    {"uint3", "threadgroups_per_grid"},
    {"uint", "thread_index_in_simdgroup"},
    {"uint", "simdgroup_index_in_threadgroup"},
    {"uint", "simdgroups_per_threadgroup"},
});

// Metal's others ("Metal Shading Language Specification", 5.2.3.6), where a body names them.
constexpr std::array kFurtherPositions = std::to_array<Position>({
    {"uint", "thread_index_in_threadgroup"},
    {"uint", "thread_index_in_quadgroup"},
    {"uint", "threads_per_simdgroup"},
    {"uint", "thread_execution_width"},
    {"uint", "quadgroup_index_in_threadgroup"},
    {"uint", "quadgroups_per_threadgroup"},
    {"uint", "dispatch_simdgroups_per_threadgroup"},
    {"uint", "dispatch_quadgroups_per_threadgroup"},
    {"uint3", "dispatch_threads_per_threadgroup"},
    {"uint3", "grid_origin"},
    {"uint3", "grid_size"},
});

constexpr std::string_view kOfSignature = "is one that the generated signature uses itself";

/// Every name of the generated source, and what it is, for those that come after.
class Names {
 public:
  explicit Names(const KernelDescription& kernel) : kernel_(&kernel) {
    for (const auto& position : kPositions) taken_.emplace(position.name, kOfSignature);
    if (!is_body()) return;
    for (const auto& position : kFurtherPositions) taken_.emplace(position.name, kOfSignature);
    taken_.emplace("gid", kOfSignature);
    taken_.emplace("sizes", kOfSignature);
  }

  /// A name that the user chose.
  void add(std::string_view what, std::string_view name) {
    const auto complain = [&](std::string_view why) {
      throw ArgumentError(concat(kernel_->name, ": ", what, " name '", name, "' ", why));
    };
    if (!is_msl_identifier(name)) complain("is not an identifier");
    if (is_msl_word(name)) complain("is a word of MSL");
    const auto [found, is_new] = taken_.emplace(name, "occurs twice");
    if (!is_new) complain(found->second);
  }
  /// The names that are made of an argument's.
  void derive(const ArgumentDescription& argument) {
    if (argument.kind != Kind::buffer) return;
    if (is_body()) take(argument.name + "_size", "is the number of elements of", argument.name);
    if (argument.optional) take("has_" + argument.name, "tells of the optional", argument.name);
  }

 private:
  bool is_body() const noexcept { return kernel_->form == KernelDescription::Form::body; }
  void take(const std::string& name, std::string_view what, std::string_view of) {
    if (taken_.contains(name)) {
      throw ArgumentError(concat(kernel_->name, ": argument name '", name, "' ", what, " '", of,
                                 "' in the generated source"));
    }
    taken_.emplace(name, "is another's in the generated source");
  }

  const KernelDescription* kernel_;
  std::map<std::string, std::string_view, std::less<>> taken_;
};

void check(const KernelDescription& kernel) {
  if (!is_msl_identifier(kernel.name) || is_msl_word(kernel.name) || kernel.name == "main") {
    throw ArgumentError(
        concat("kernel name '", kernel.name, "' is ",
               is_msl_identifier(kernel.name) ? "a word of MSL" : "not an identifier"));
  }
  Names names(kernel);
  std::uint32_t buffers = kernel.has_sizes() ? 1 : 0;
  std::uint32_t threadgroups = 0;
  for (const auto& argument : kernel.arguments) {
    names.add("argument", argument.name);
    ++(argument.kind == Kind::threadgroup_memory ? threadgroups : buffers);
    if (argument.layout &&
        (argument.layout->name == kernel.name || argument.layout->name == kSizes)) {
      throw ArgumentError(concat(kernel.name, ": argument '", argument.name, "' is a struct ",
                                 argument.layout->name,
                                 ", a name that the generated source uses itself"));
    }
  }
  for (const auto& constant : kernel.constants) {
    names.add("constant", constant.name);
    if (constant.name == kernel.name) {
      throw ArgumentError(concat("constant '", constant.name, "' has the kernel's own name"));
    }
  }
  for (const auto& argument : kernel.arguments) names.derive(argument);
  if (buffers > kMaxArgumentIndices || threadgroups > kMaxArgumentIndices) {
    throw ArgumentError(concat(kernel.name, ": ", buffers, " buffers and values, ", threadgroups,
                               " threadgroup memories; Metal has ", kMaxArgumentIndices,
                               " indices for each"));
  }
}

StructLayout sizes_layout(const KernelDescription& kernel) {
  std::vector<StructMember> members;
  for (const auto& argument : kernel.arguments) {
    if (argument.kind == Kind::buffer) members.push_back({argument.name, DType::u32, 0, 0});
  }
  if (members.empty()) members.push_back({"none", DType::u32, 0, 0});
  return StructLayout::packed_like_c(kSizes, std::move(members));
}

/// "uint3 grid_size [[grid_size]]".
std::string spelled(const Position& position) {
  return concat(position.type, " ", position.name, " [[", position.name, "]]");
}

bool names_word(std::string_view text, std::string_view word) {
  const auto is_part = [&](std::size_t at) { return at < text.size() && is_word(text[at]); };
  for (auto at = text.find(word); at != text.npos; at = text.find(word, at + 1)) {
    if (!(at > 0 && is_part(at - 1)) && !is_part(at + word.size())) return true;
  }
  return false;
}

std::string argument_list(const KernelDescription& kernel) {
  std::string text;
  for (std::size_t i = 0; i < kernel.arguments.size(); ++i) {
    text += concat("    ", msl_argument(kernel, i), ",\n");
  }
  if (kernel.has_sizes()) {
    text += concat("    constant ", kSizes, "& sizes [[buffer(", kernel.sizes_index(), ")]],\n");
  }
  text += concat("    ", position_arguments());
  if (kernel.form == KernelDescription::Form::body) {
    for (const auto& position : kFurtherPositions) {
      if (names_word(kernel.source.text, position.name))
        text += concat(",\n    ", spelled(position));
    }
  }
  return text;
}

void emit_body(const KernelDescription& kernel, SourceBuilder& out) {
  out.line(concat("kernel void ", kernel.name, "(\n", argument_list(kernel), ") {"));
  out.line("  const uint gid = thread_position_in_grid.x;\n  (void)gid;");
  for (const auto& argument : kernel.arguments) {
    if (argument.kind != Kind::buffer) continue;
    out.line(concat("  const uint ", argument.name, "_size = sizes.", argument.name, ";\n  (void)",
                    argument.name, "_size;"));
  }
  out.splice(kernel.source.file, kernel.source.text, kernel.source.first_line);
  out.line("}");
}

void emit_file(const KernelDescription& kernel, SourceBuilder& out) {
  const SourceText& source = kernel.source;
  const auto put = [&](std::string_view text, unsigned first_line) {
    source.file.empty() ? out.line(text) : out.splice(source.file, text, first_line);
  };
  const auto at = source.text.find(kMarker);
  if (at == std::string::npos) {
    put(source.text, source.first_line);
    return;
  }
  const std::string_view text = source.text;
  const auto lines_before = std::count(text.begin(), text.begin() + static_cast<long>(at), '\n');
  put(text.substr(0, at), source.first_line);
  out.line(argument_list(kernel));
  put(text.substr(at + kMarker.size()), source.first_line + static_cast<unsigned>(lines_before));
}

}  // namespace

ArgumentDescription ArgumentDescription::buffer(std::string name, Access access, DType dtype) {
  return {std::move(name), Kind::buffer, access, dtype, {}, false, true, false, {}};
}

ArgumentDescription ArgumentDescription::optional_buffer(std::string name, Access access,
                                                         DType dtype, bool present) {
  return {std::move(name), Kind::buffer, access, dtype, {}, true, present, false, {}};
}

ArgumentDescription ArgumentDescription::value(std::string name, DType dtype) {
  return {std::move(name), Kind::bytes, Access::read, dtype, {}, false, true, false, {}};
}

ArgumentDescription ArgumentDescription::value(std::string name, StructLayout layout) {
  return {std::move(name), Kind::bytes, Access::read, DType::u8, std::move(layout),
          false,           true,        false,        {}};
}

ArgumentDescription ArgumentDescription::threadgroup_memory(std::string name, DType dtype) {
  return {std::move(name),
          Kind::threadgroup_memory,
          Access::read_write,
          dtype,
          {},
          false,
          true,
          false,
          {}};
}

bool ArgumentDescription::may_be(const ArgumentDescription& other) const {
  return std::find(in_place.begin(), in_place.end(), other.name) != in_place.end();
}

std::string ArgumentDescription::what_may_overlap() const {
  if (in_place.empty()) return concat("no tensor may overlap '", name, "'");
  std::string names;
  for (const std::string& input : in_place)
    names += concat(names.empty() ? "'" : ", '", input, "'");
  return concat("only ", names, " may be '", name, "', as the same elements in the same order");
}

const ArgumentDescription& KernelDescription::buffer_at(std::uint32_t index) const {
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    if (arguments[i].kind == Kind::buffer && index_of(i) == index) return arguments[i];
  }
  throw ArgumentError(concat(name, ": no tensor is at buffer index ", index));
}

void allow_in_place(KernelDescription& kernel, std::string_view output, std::string_view input) {
  const auto find = [&](std::string_view name) -> ArgumentDescription& {
    const auto found = std::find_if(kernel.arguments.begin(), kernel.arguments.end(),
                                    [&](const auto& a) { return a.name == name; });
    if (found == kernel.arguments.end() || found->kind != Kind::buffer) {
      throw ArgumentError(
          concat(kernel.name, ": in place: '", name, "' is no tensor among its arguments"));
    }
    return *found;
  };
  find(input);
  ArgumentDescription& written = find(output);
  if (!writes(written.access) || input == output) {
    throw ArgumentError(
        concat(kernel.name, ": in place: '", output, "' is not written over '", input, "'"));
  }
  written.in_place.emplace_back(input);
}

void allow_in_place(KernelDescription& kernel) {
  for (ArgumentDescription& output : kernel.arguments) {
    if (output.kind != Kind::buffer || !writes(output.access)) continue;
    for (const ArgumentDescription& input : kernel.arguments) {
      if (input.kind == Kind::buffer && &input != &output) output.in_place.push_back(input.name);
    }
  }
}

std::string_view position_arguments() {
  static const std::string text = [] {
    std::string joined;
    for (const auto& position : kPositions) {
      if (!joined.empty()) joined += ",\n    ";
      joined += spelled(position);
    }
    return joined;
  }();
  return text;
}

std::uint32_t KernelDescription::index_of(std::size_t position) const {
  if (const auto& reflected = arguments.at(position).reflected) return reflected->index;
  const bool threadgroup = arguments.at(position).kind == Kind::threadgroup_memory;
  std::uint32_t index = 0;
  for (std::size_t i = 0; i < position; ++i) {
    index += (arguments[i].kind == Kind::threadgroup_memory) == threadgroup;
  }
  return index;
}

std::uint32_t KernelDescription::sizes_index() const {
  return static_cast<std::uint32_t>(
      std::count_if(arguments.begin(), arguments.end(),
                    [](const auto& a) { return a.kind != Kind::threadgroup_memory; }));
}

std::string msl_argument(const KernelDescription& kernel, std::size_t position) {
  const ArgumentDescription& argument = kernel.arguments.at(position);
  const std::uint32_t index = kernel.index_of(position);
  const std::string type = argument.layout ? argument.layout->name : msl_type(argument.dtype);
  switch (argument.kind) {
    case Kind::bytes:
      return concat("constant ", type, "& ", argument.name, " [[buffer(", index, ")]]");
    case Kind::threadgroup_memory:
      return concat("threadgroup ", type, "* ", argument.name, " [[threadgroup(", index, ")]]");
    case Kind::buffer:
      break;
  }
  const char* constness = writes(argument.access) ? "" : "const ";
  const std::string condition =
      argument.optional ? concat(", function_constant(has_", argument.name, ")") : std::string();
  return concat("device ", constness, type, "* ", argument.name, " [[buffer(", index, ")",
                condition, "]]");
}

std::string KernelDescription::msl() const {
  if (form == Form::library || form == Form::compiled) return source.text;
  check(*this);
  SourceBuilder out(name + ".metal");
  out.line("#include <metal_stdlib>\nusing namespace metal;\n");
  std::map<std::string_view, const StructLayout*> defined;
  for (const auto& argument : arguments) {
    if (!argument.layout) continue;
    const auto [other, is_new] = defined.emplace(argument.layout->name, &*argument.layout);
    if (is_new) {
      out.line(argument.layout->msl());
    } else if (!(*other->second == *argument.layout)) {
      throw ArgumentError(concat(name, ": argument '", argument.name, "' is another ",
                                 argument.layout->name,
                                 " than an argument before it; MSL has one struct of a name"));
    }
  }
  for (const auto& argument : arguments) {
    // A block dtype is the Block of the policy that has its name.
    if (!argument.layout && is_block(argument.dtype)) {
      out.include(concat("policies/", name_of(argument.dtype), ".metal"));
    }
  }
  if (has_sizes()) out.line(sizes_layout(*this).msl());
  std::uint32_t constant_index = 0;
  for (const auto& constant : constants) {
    out.line(concat("constant ", FunctionConstants::type_of(constant.value), " ", constant.name,
                    " [[function_constant(", constant_index++, ")]];"));
  }
  for (const auto& argument : arguments) {
    if (!argument.optional) continue;
    out.line(concat("constant bool has_", argument.name, " [[function_constant(", constant_index++,
                    ")]];"));
  }
  for (const auto& path : includes) out.include(path);
  for (const auto& alias : aliases) {
    out.line(concat("using ", alias.name, " = ", alias.msl, ";"));
  }
  if (!template_lines.empty()) out.line(template_lines);
  if (!header.text.empty()) out.splice(header.file, header.text, header.first_line);
  if (form == Form::body) {
    emit_body(*this, out);
  } else {
    emit_file(*this, out);
  }
  return out.str();
}

FunctionConstants KernelDescription::function_constants() const {
  FunctionConstants values = specialisation;
  std::uint32_t index = 0;
  for (const auto& constant : constants) values.set(index++, constant.value);
  for (const auto& argument : arguments) {
    if (argument.optional) values.set(index++, argument.present);
  }
  return values;
}

}  // namespace foundry
