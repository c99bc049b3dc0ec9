#include "foundry/kernel/msl_words.hpp"

#include <algorithm>
#include <array>

#include "foundry/core/ascii.hpp"

namespace foundry {
namespace {

// C++14 (ISO/IEC 14882:2014, tables 4 and 5) and what Metal adds to it ("Metal Shading Language
// Specification", 1.4 and 4).
constexpr std::array kKeywords = std::to_array<std::string_view>({
    "alignas",
    "alignof",
    "and",
    "and_eq",
    "asm",
    "auto",
    "bitand",
    "bitor",
    "break",
    "case",
    "catch",
    "char16_t",
    "char32_t",
    "class",
    "compl",
    "const",
    "const_cast",
    "constant",
    "constexpr",
    "continue",
    "decltype",
    "default",
    "delete",
    "device",
    "do",
    "dynamic_cast",
    "else",
    "enum",
    "explicit",
    "export",
    "extern",
    "false",
    "for",
    "fragment",
    "friend",
    "goto",
    "if",
    "inline",
    "kernel",
    "metal",
    "mutable",
    "namespace",
    "new",
    "noexcept",
    "not",
    "not_eq",
    "nullptr",
    "object_data",
    "operator",
    "or",
    "or_eq",
    "private",
    "protected",
    "public",
    "ray_data",
    "register",
    "reinterpret_cast",
    "return",
    "signed",
    "sizeof",
    "static",
    "static_assert",
    "static_cast",
    "struct",
    "switch",
    "template",
    "this",
    "thread",
    "thread_local",
    "threadgroup",
    "threadgroup_imageblock",
    "throw",
    "true",
    "try",
    "typedef",
    "typeid",
    "typename",
    "union",
    "unsigned",
    "using",
    "vertex",
    "virtual",
    "void",
    "volatile",
    "wchar_t",
    "while",
    "xor",
    "xor_eq",
});

// The same, chapter 2: with a size after it each of the first ones is a vector or a matrix.
constexpr std::array kElements =
    std::to_array<std::string_view>({"bool", "char", "uchar", "short", "ushort", "int", "uint",
                                     "long", "ulong", "half", "float", "bfloat", "double"});
constexpr std::array kOtherTypes =
    std::to_array<std::string_view>({"size_t", "ptrdiff_t", "int8_t", "int16_t", "int32_t",
                                     "int64_t", "uint8_t", "uint16_t", "uint32_t", "uint64_t"});

// Macros of <metal_stdlib>: limits and constants (chapters 6.5 and 7).
constexpr std::array kMacros = std::to_array<std::string_view>(
    {"INFINITY", "NAN", "HUGE_VALF", "HUGE_VALH", "MAXFLOAT", "MAXHALF", "NULL"});
constexpr std::array kMacroPrefixes =
    std::to_array<std::string_view>({"M_", "FLT_", "HALF_", "DBL_", "CHAR_", "SCHAR_", "UCHAR_",
                                     "SHRT_", "USHRT_", "INT_", "UINT_", "LONG_", "ULONG_"});

template <class Words>
bool contains(const Words& words, std::string_view name) {
  return std::find(words.begin(), words.end(), name) != words.end();
}

/// "", "4", "4x4": what makes a type of an element's name.
bool is_size(std::string_view text) {
  const auto is_one = [](char c) { return c >= '2' && c <= '4'; };
  if (text.empty()) return true;
  if (text.size() == 1) return is_one(text[0]);
  return text.size() == 3 && is_one(text[0]) && text[1] == 'x' && is_one(text[2]);
}

bool is_type(std::string_view name) {
  if (name.starts_with("packed_")) name.remove_prefix(7);
  return contains(kOtherTypes, name) ||
         std::any_of(kElements.begin(), kElements.end(), [&](std::string_view element) {
           return name.starts_with(element) && is_size(name.substr(element.size()));
         });
}

bool is_macro(std::string_view name) {
  const bool is_shouted = std::all_of(
      name.begin(), name.end(), [](char c) { return is_upper(c) || is_digit(c) || c == '_'; });
  return contains(kMacros, name) ||
         (is_shouted &&
          std::any_of(kMacroPrefixes.begin(), kMacroPrefixes.end(),
                      [&](std::string_view prefix) { return name.starts_with(prefix); }));
}

/// [lex.name]: two underscores in a row, or one and a capital at the start.
bool is_reserved_form(std::string_view name) {
  return name.find("__") != name.npos || (name.size() > 1 && name[0] == '_' && is_upper(name[1]));
}

}  // namespace

bool is_msl_word(std::string_view name) noexcept {
  return contains(kKeywords, name) || is_type(name) || is_macro(name) || is_reserved_form(name);
}

bool is_msl_identifier(std::string_view name) noexcept {
  return !name.empty() && !is_digit(name.front()) && std::all_of(name.begin(), name.end(), is_word);
}

}  // namespace foundry
