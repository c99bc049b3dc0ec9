// interpreter.hpp: runs a kernel's IR, one lane's program, as slowly and plainly as can be.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include "memory.hpp"

namespace anvil::oracle {

struct Dispatch {
  std::array<std::span<std::byte>, 31> buffers;
  std::array<uint32_t, 31> threadgroup_memory_length{};
  std::array<uint32_t, 3> threads_per_grid{1, 1, 1};
  std::array<uint32_t, 3> threads_per_threadgroup{32, 1, 1};
  uint64_t static_memory = 0;
};

/// A module with `void anvil_scalar_entry(ptr threadgroup, i32 simdgroup, i32 lane)`, as the
/// compiler has it before any optimisation.
class Interpreter {
 public:
  /// Text or bitcode. Throw Fault with the parser's words.
  static Interpreter load(const std::string& path);
  static Interpreter parse(const std::string& text);

  Interpreter(Interpreter&&) noexcept;
  ~Interpreter();

  /// Runs threadgroup by threadgroup, simdgroup by simdgroup from barrier to barrier. Throws Fault
  /// for an access outside the kernel's memory, a barrier that not all lanes reach, a division by
  /// zero, a shift by too much, and what it does not know.
  void run(const Dispatch& dispatch) const;

 private:
  struct Module;
  explicit Interpreter(std::unique_ptr<Module> module);
  std::unique_ptr<Module> module_;
};

}  // namespace anvil::oracle
