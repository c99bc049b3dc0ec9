#include <doctest/doctest.h>

#include <algorithm>
#include <sstream>

#include "foundry/core/error.hpp"
#include "foundry/kernel/shader_library.hpp"
#include "foundry/kernel/source_builder.hpp"

using namespace foundry;

namespace {

/// Where a compiler would say that the line with `needle` stands: "file:line".
std::string place_of(const std::string& source, const std::string& needle) {
  std::istringstream lines(source);
  std::string text;
  std::string file = "?";
  unsigned line = 0;
  while (std::getline(lines, text)) {
    ++line;
    if (text.starts_with("#line ")) {
      std::istringstream directive(text.substr(6));
      directive >> line >> file;
      file = file.substr(1, file.size() - 2);
      --line;
      continue;
    }
    if (text.find(needle) != text.npos) return file + ":" + std::to_string(line);
  }
  return "nowhere";
}

}  // namespace

TEST_CASE("every line keeps the file and line that it came from") {
  register_shader("test/inner.metal", "#pragma once\n// inner two\nint inner_three;\n");
  register_shader("test/outer.metal",
                  "int outer_one;\n#include \"test/inner.metal\"\nint outer_three;\n"
                  "  #  include \"test/inner.metal\"\nint outer_five;\n#include <metal_stdlib>\n");
  SourceBuilder builder("made.metal");
  builder.line("int generated_first;\nint generated_second;");
  builder.include("test/outer.metal");
  builder.line("int generated_late;");
  builder.line("int generated_last;");
  builder.splice("user.py", "int spliced;\nint spliced_two;", 40);
  const std::string& source = builder.str();

  CHECK(place_of(source, "inner_three") == "test/inner.metal:3");
  CHECK(place_of(source, "outer_one") == "test/outer.metal:1");
  CHECK(place_of(source, "outer_three") == "test/outer.metal:3");
  CHECK(place_of(source, "outer_five") == "test/outer.metal:5");
  CHECK(place_of(source, "metal_stdlib") == "test/outer.metal:6");
  CHECK(place_of(source, "spliced_two") == "user.py:41");
  // Generated lines are numbered as they stand in the printed source.
  for (const char* name :
       {"generated_first", "generated_second", "generated_late", "generated_last"}) {
    const auto before = source.substr(0, source.find(name));
    const auto line = 1 + std::count(before.begin(), before.end(), '\n');
    CHECK(place_of(source, name) == "made.metal:" + std::to_string(line));
  }
  CHECK(source.find("inner_three") == source.rfind("inner_three"));
  CHECK(source.find("#include \"") == source.npos);
}

TEST_CASE("a shader file that does not exist is named") {
  CHECK_THROWS_WITH_AS(find_shader("stages/none.metal"),
                       "shader file 'stages/none.metal' does not exist", ArgumentError);
  register_shader("test/twice.metal", "int a;");
  CHECK_NOTHROW(register_shader("test/twice.metal", "int a;"));
  CHECK_THROWS_WITH_AS(register_shader("test/twice.metal", "int b;"),
                       "shader file 'test/twice.metal' exists already, with another text",
                       ArgumentError);
}
