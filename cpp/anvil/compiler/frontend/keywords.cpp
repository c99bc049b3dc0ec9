#include "anvil/compiler/frontend/keywords.hpp"

#include <algorithm>
#include <array>

#include "anvil/compiler/source/symbols.hpp"

namespace anvil::compiler {
namespace {

// Metal Shading Language Specification, sections 5.1 and 5.2.
constexpr std::array kMslAttributes = std::to_array<std::string_view>({
    // functions
    "kernel",
    "vertex",
    "fragment",
    "host_name",
    "max_total_threads_per_threadgroup",
    "required_threads_per_threadgroup",
    "early_fragment_tests",
    "visible",
    "stitchable",
    "intersection",
    "object",
    "mesh",
    "patch",
    "max_total_threadgroups_per_mesh_grid",
    // resources
    "buffer",
    "threadgroup",
    "texture",
    "sampler",
    "id",
    "function_constant",
    "stage_in",
    "raster_order_group",
    "payload",
    "imageblock_data",
    "alias_implicit_imageblock",
    // kernel inputs
    "thread_position_in_grid",
    "thread_position_in_threadgroup",
    "thread_index_in_threadgroup",
    "thread_index_in_simdgroup",
    "thread_index_in_quadgroup",
    "thread_execution_width",
    "threads_per_simdgroup",
    "threads_per_grid",
    "threads_per_threadgroup",
    "dispatch_threads_per_threadgroup",
    "threadgroup_position_in_grid",
    "threadgroups_per_grid",
    "simdgroup_index_in_threadgroup",
    "simdgroups_per_threadgroup",
    "dispatch_simdgroups_per_threadgroup",
    "quadgroup_index_in_threadgroup",
    "quadgroups_per_threadgroup",
    "dispatch_quadgroups_per_threadgroup",
    "grid_origin",
    "grid_size",
    // vertex, fragment and struct members
    "position",
    "point_size",
    "clip_distance",
    "invariant",
    "flat",
    "center_perspective",
    "center_no_perspective",
    "centroid_perspective",
    "centroid_no_perspective",
    "sample_perspective",
    "sample_no_perspective",
    "color",
    "depth",
    "sample_mask",
    "sample_id",
    "stencil",
    "user",
    "attribute",
    "vertex_id",
    "instance_id",
    "base_vertex",
    "base_instance",
    "front_facing",
    "point_coord",
    "primitive_id",
    "barycentric_coord",
    "viewport_array_index",
    "render_target_array_index",
    "amplification_id",
    "amplification_count",
    "patch_id",
    "position_in_patch",
});

constexpr std::array kWithArguments = std::to_array<std::string_view>(
    {"buffer", "threadgroup", "texture", "sampler", "id", "function_constant", "host_name",
     "max_total_threads_per_threadgroup", "required_threads_per_threadgroup"});

bool is_one_of(std::string_view name, auto& names) {
  return std::find(std::begin(names), std::end(names), name) != std::end(names);
}

}  // namespace

Keyword keyword_of(std::string_view identifier) {
  if (identifier == "device" || identifier == "thread" || identifier == "threadgroup" ||
      identifier == "constant" || identifier == "threadgroup_imageblock" ||
      identifier == "ray_data" || identifier == "object_data")
    return Keyword::address_space;
  if (identifier == "kernel") return Keyword::kernel;
  if (identifier == "vertex" || identifier == "fragment") return Keyword::stage;
  return Keyword::none;
}

std::string_view qualifier_of(std::string_view address_space) {
  if (address_space == "device") return "__global";
  if (address_space == "threadgroup") return "__local";
  if (address_space == "constant") return "const __constant";
  if (address_space == "thread") return kThreadWord;
  return "";
}

bool is_msl_attribute(std::string_view name) {
  return is_one_of(name, kMslAttributes);
}
bool keeps_arguments(std::string_view name) {
  return is_one_of(name, kWithArguments);
}

std::optional<std::string> rewrite_literal(std::string_view literal) {
  if (literal.size() < 2) return {};
  const bool hex = literal.substr(0, 2) == "0x" || literal.substr(0, 2) == "0X";
  // MSL has no double: what C++ would make one is a float.
  const bool floating = literal.find_first_of(hex ? "pP" : ".eE") != std::string_view::npos;
  const char last = literal.back();
  if (floating && (last == '.' || (last >= '0' && last <= '9')) &&
      literal.find('_') == std::string_view::npos)
    return std::string(literal) + "f";
  if (hex) return {};
  const auto ends_with = [&](std::string_view a, std::string_view b) {
    return literal.ends_with(a) || literal.ends_with(b);
  };
  const bool bfloat = ends_with("bf", "BF");
  if (!bfloat && !ends_with("h", "H")) return {};
  std::string digits(literal.substr(0, literal.size() - (bfloat ? 2 : 1)));
  // What is no number stays as it is, for clang to complain about.
  if (digits.empty() || digits.find_first_not_of("0123456789.eE+-'") != std::string::npos)
    return {};
  if (digits.find_first_of(".eE") == std::string::npos) digits += ".0";
  return bfloat ? "__bf16(" + digits + "f)" : digits + "f16";
}

std::string annotation(std::string_view name, std::string_view arguments) {
  std::string result = "__attribute__((annotate(\"anvil:";
  result += name;
  result += '"';
  if (!arguments.empty()) {
    result += ", ";
    result += arguments;
  }
  return result + ")))";
}

}  // namespace anvil::compiler
