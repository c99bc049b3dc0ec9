// air.hpp: AIR as Apple's compiler writes it, from text.
#pragma once

#include <string>

namespace compiler_test {

/// Bitcode of a module that ends in `body`: `@f`, its kernel, has the arguments that `arguments`
/// (nodes of metadata) describe.
struct AirText {
  std::string body;
  std::string arguments;
  std::string options = "!{!\"air.compile.fast_math_disable\"}";
  std::string version = "i32 2, i32 7, i32 0";
  std::string kind = "air.kernel";
};
std::string bitcode(const AirText& text);

/// The nodes of a `device` or `constant` buffer, and of an input.
std::string buffer(unsigned position, unsigned index, const std::string& type, unsigned size,
                   unsigned space = 1);
std::string input(unsigned position, const std::string& attribute, const std::string& type);

}  // namespace compiler_test
