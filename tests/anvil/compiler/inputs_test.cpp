// Every positional attribute, against the arithmetic of the Metal specification.
#include "compiler.hpp"

using compiler_test::Session;

namespace {

struct Attribute {
  const char* name;
  bool vector;
};
constexpr Attribute kAttributes[] = {
    {"thread_position_in_grid", true},
    {"threads_per_grid", true},
    {"threadgroup_position_in_grid", true},
    {"threadgroups_per_grid", true},
    {"thread_position_in_threadgroup", true},
    {"threads_per_threadgroup", true},
    {"dispatch_threads_per_threadgroup", true},
    {"thread_index_in_threadgroup", false},
    {"thread_index_in_simdgroup", false},
    {"thread_index_in_quadgroup", false},
    {"simdgroup_index_in_threadgroup", false},
    {"quadgroup_index_in_threadgroup", false},
    {"simdgroups_per_threadgroup", false},
    {"quadgroups_per_threadgroup", false},
    {"dispatch_simdgroups_per_threadgroup", false},
    {"dispatch_quadgroups_per_threadgroup", false},
    {"threads_per_simdgroup", false},
    {"thread_execution_width", false},
};
constexpr uint32_t kWords = 7 * 3 + 11;  // per thread

using Size = std::array<uint32_t, 3>;

// Attributes with `type` as the scalar, each thread writes all of its own.
std::string kernel_source(const std::string& type, int width) {
  const std::string vector = width == 1 ? type : type + std::to_string(width);
  std::string parameters, body;
  int word = 0;
  for (const Attribute& attribute : kAttributes) {
    const std::string name = attribute.name;
    parameters += ",\n  " + (attribute.vector ? vector : type) + " " + name + " [[" + name + "]]";
    for (int i = 0; i < (attribute.vector ? 3 : 1); ++i, ++word) {
      if (attribute.vector && i >= width) continue;
      body += "  out[at + " + std::to_string(word) + "] = " + name +
              (attribute.vector && width > 1 ? std::string(".") + "xyz"[i] : "") + ";\n";
    }
  }
  return "#include <metal_stdlib>\nusing namespace metal;\n"
         "kernel void inputs(device uint* out [[buffer(0)]], uint3 p [[thread_position_in_grid]],"
         " uint3 n [[threads_per_grid]]" +
         parameters +
         ") {\n  uint at = ((p.z * n.y + p.y) * n.x"
         " + p.x) * " +
         std::to_string(kWords) + ";\n" + body + "}\n";
}

std::vector<uint32_t> expected(Size grid, Size group, int width) {
  std::vector<uint32_t> out(grid[0] * grid[1] * grid[2] * kWords, 77);
  const auto product = [](Size s) { return s[0] * s[1] * s[2]; };
  for (uint32_t z = 0; z < grid[2]; ++z)
    for (uint32_t y = 0; y < grid[1]; ++y)
      for (uint32_t x = 0; x < grid[0]; ++x) {
        const Size position{x, y, z};
        Size group_position, in_group, threads, groups;
        for (int i = 0; i < 3; ++i) {
          group_position[i] = position[i] / group[i];
          in_group[i] = position[i] % group[i];
          threads[i] = std::min(group[i], grid[i] - group_position[i] * group[i]);
          groups[i] = (grid[i] + group[i] - 1) / group[i];
        }
        const uint32_t index = (in_group[2] * threads[1] + in_group[1]) * threads[0] + in_group[0];
        uint32_t* word = &out[((z * grid[1] + y) * grid[0] + x) * kWords];
        for (const Size& value : {position, grid, group_position, groups, in_group, threads, group})
          for (int i = 0; i < 3; ++i, ++word)
            if (i < width) *word = value[i];
        for (uint32_t value : {index, index % 32, index % 4, index / 32, index / 4,
                               (product(threads) + 31) / 32, (product(threads) + 3) / 4,
                               (product(group) + 31) / 32, (product(group) + 3) / 4, 32u, 32u})
          *word++ = value;
      }
  return out;
}

void check(const char* type, int width, bool full, Size grid, Size group) {
  CAPTURE(type);
  CAPTURE(width);
  CAPTURE(full);
  CAPTURE(group);
  Session session;
  session.compile(kernel_source(type, width), "inputs", full);
  std::vector<uint32_t> out(grid[0] * grid[1] * grid[2] * kWords, 77);
  session.run({out.data()}, grid, group);
  CHECK(out == expected(grid, group, width));
}

}  // namespace

TEST_CASE("kernel inputs have their specified values in code for full threadgroups") {
  check("uint", 3, true, {128, 3, 2}, {32, 3, 2});
  check("ushort", 3, true, {192, 4, 1}, {64, 2, 1});
  check("uint", 1, true, {96, 1, 1}, {32, 1, 1});
}

TEST_CASE("kernel inputs have their specified values in code for any threadgroup") {
  check("uint", 3, false, {45, 7, 3}, {10, 3, 2});
  check("ushort", 2, false, {33, 5, 1}, {33, 2, 1});
  check("ushort", 1, false, {70, 1, 1}, {31, 1, 1});
}
