// Reflection: what the compiled function says about its arguments, in plain C++.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace foundry {

/// What a kernel does with an argument's bytes: `write` all of them, before it reads any;
/// `write_some`, without reading others than these.
enum class Access : std::uint8_t { read, write, read_write, write_some };

[[nodiscard]] constexpr const char* name_of(Access access) noexcept {
  return access == Access::read         ? "read"
         : access == Access::write      ? "write"
         : access == Access::read_write ? "read-write"
                                        : "write-some";
}
[[nodiscard]] constexpr bool reads(Access access) noexcept {
  return access == Access::read || access == Access::read_write;
}
[[nodiscard]] constexpr bool writes(Access access) noexcept {
  return access != Access::read;
}
/// Whether what the bytes were before is gone without a trace.
[[nodiscard]] constexpr bool covers(Access access) noexcept {
  return access == Access::write;
}

struct ReflectedMember {
  std::string name;
  std::uint64_t offset = 0;  ///< bytes from the struct's start
  std::string type;          ///< MSL spelling: "uint", "float4"; or "struct", "array", "pointer"
  std::vector<ReflectedMember> members = {};  ///< of a struct; of an array its element alone
  std::uint64_t length = 0;                   ///< elements of an array
  std::uint64_t stride = 0;                   ///< bytes from one element of an array to the next
};

struct ReflectedArgument {
  enum class Kind : std::uint8_t { buffer, threadgroup_memory, other };
  Kind kind = Kind::buffer;
  std::string name;
  std::uint32_t index = 0;      ///< [[buffer(index)]] or [[threadgroup(index)]]
  std::string type;             ///< the pointee in MSL: "half", "uint", "struct" for a struct
  std::uint64_t size = 0;       ///< bytes of the pointee
  std::uint64_t alignment = 0;  ///< bytes
  Access access = Access::read;
  bool is_used = true;                   ///< false: the function never touches it
  std::vector<ReflectedMember> members;  ///< of a struct, in order; else empty
};

/// A function constant, `constant T name [[function_constant(index)]]`.
struct ReflectedConstant {
  std::string name;
  std::uint32_t index = 0;
  std::string type;      ///< MSL spelling: "bool", "float4"
  bool required = true;  ///< false: the function asks whether it has a value
};

/// Arguments in the order of their kind and index.
struct Reflection {
  std::string function;
  std::vector<ReflectedArgument> arguments;
};

/// "buffer 1 'y': half, read-write", for error messages.
[[nodiscard]] std::string to_string(const ReflectedArgument& argument);

}  // namespace foundry
