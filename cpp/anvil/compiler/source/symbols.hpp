// symbols.hpp: names that the compiler gives things in a program, and finds them again by.
#pragma once

#include <string_view>

namespace anvil::compiler {

/// What the compiler writes into a program, and its library, is called this and something else.
inline constexpr std::string_view kReservedPrefix = "__anvil";
/// A function through which a thread reaches what is outside of it is called this, then its
/// meaning.
inline constexpr std::string_view kPrimitivePrefix = "__anvil_";
inline constexpr std::string_view kLogPrimitive = "__anvil_log";
/// The flag that says whether function constant x has a value is called this, then x.
inline constexpr std::string_view kDefinedPrefix = "__anvil_defined_";
/// Stands for `thread` in a program, where it is a macro for nothing.
inline constexpr std::string_view kThreadWord = "__anvil_thread";
/// What names instance i of a kernel's template is called this, then i.
inline constexpr std::string_view kInstancePrefix = "__anvil_instance_";
/// The address of linked function i is a constant called this, then i.
inline constexpr std::string_view kLinkedPrefix = "__anvil_linked_";
/// The section that marks a `threadgroup` variable until it is lowered.
inline constexpr std::string_view kThreadgroupSection = "anvil.threadgroup";
/// One lane's program: `void anvil_scalar_entry(tg, simdgroup, lane)`.
inline constexpr std::string_view kScalarEntry = "anvil_scalar_entry";

}  // namespace anvil::compiler
