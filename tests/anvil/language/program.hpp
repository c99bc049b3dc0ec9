// program.hpp: compiles MSL on the default device and runs its kernels over host vectors.
#pragma once

#include <doctest/doctest.h>

#include <Metal/Metal.hpp>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace language {

struct Size {
  uint32_t x = 1, y = 1, z = 1;
};

/// One argument of a kernel, by its place in the call.
struct Argument {
  enum class Kind { memory, threadgroup } kind;
  void* data;
  size_t bytes;
  bool written;
};
/// A vector that the kernel reads and writes; the results are there after the run.
template <class T>
Argument buffer(std::vector<T>& v) {
  return {Argument::Kind::memory, v.data(), v.size() * sizeof(T), true};
}
template <class T>
Argument value(const T& v) {
  return {Argument::Kind::memory, const_cast<T*>(&v), sizeof(T), false};
}
inline Argument threadgroup_memory(size_t bytes) {
  return {Argument::Kind::threadgroup, nullptr, bytes, false};
}

struct Constant {
  uint32_t index;
  MTL::DataType type;
  const void* data;
};

/// A library made from source. The test fails, with the compiler's log, if anything does.
class Program {
 public:
  explicit Program(std::string_view source, MTL::MathMode math = MTL::MathModeFast);
  ~Program();
  Program(const Program&) = delete;
  Program& operator=(const Program&) = delete;

  /// Runs `function` over `grid` threads (not threadgroups), arguments bound from index 0 on.
  void run(const char* function, Size grid, Size threadgroup, std::vector<Argument> arguments,
           const std::vector<Constant>& constants = {});

 private:
  NS::AutoreleasePool* pool_;
  NS::SharedPtr<MTL::Device> device_;
  NS::SharedPtr<MTL::CommandQueue> queue_;
  NS::SharedPtr<MTL::Library> library_;
};

/// The compiler's log for a source that must not compile.
std::string compile_error(std::string_view source);

}  // namespace language
