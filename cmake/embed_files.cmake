# Script of foundry_embed(): writes STEM.hpp and STEM.cpp with the FILES below BASE.
string(REPLACE "," ";" FILES "${FILES}")
file(WRITE ${STEM}.hpp "// Generated: text files compiled into the program.
#pragma once
#include <span>
#include <string_view>

namespace ${NAMESPACE} {
struct EmbeddedFile {
  std::string_view path;
  std::string_view text;
};
std::span<const EmbeddedFile> ${FUNCTION}();
}  // namespace ${NAMESPACE}
")
string(REPEAT "[0-9a-f]" 64 line)
set(entries "")
foreach(path IN LISTS FILES)
  # Read as hex: CMake's own strings would lose brackets and semicolons.
  file(READ ${BASE}/${path} text HEX)
  string(LENGTH "${text}" length)
  math(EXPR length "${length} / 2")
  string(REGEX REPLACE "(${line})" "\\1\"\n\"" text "${text}")
  string(REGEX REPLACE "([0-9a-f][0-9a-f])" "\\\\x\\1" text "${text}")
  string(APPEND entries "    {\"${path}\", std::string_view(\n\"${text}\", ${length})},\n")
endforeach()
file(WRITE ${STEM}.cpp "// Generated: text files compiled into the program.
#include \"${FUNCTION}.hpp\"

namespace ${NAMESPACE} {
namespace {
constexpr EmbeddedFile kFiles[] = {
${entries}};
}  // namespace
std::span<const EmbeddedFile> ${FUNCTION}() { return kFiles; }
}  // namespace ${NAMESPACE}
")
