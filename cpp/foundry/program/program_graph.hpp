// ProgramGraph: what a program does, as plain data: kernels, tensors, parameters and dispatches.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "foundry/device/binding.hpp"
#include "foundry/kernel/description.hpp"
#include "foundry/kernel/dispatch_config.hpp"
#include "foundry/tensor/dtype.hpp"
#include "foundry/tensor/extents.hpp"

namespace foundry::detail {

/// A kernel as it was compiled: of the description only name, arguments, form and constants.
struct ProgramKernel {
  KernelDescription description;
  std::string source;  // the whole MSL
};

/// A range of memory that dispatches touch: one lease, whole. Views are offsets into it.
struct ProgramTensor {
  std::string name;  // unique in the program
  Extents extents;
  DType dtype = DType::u8;
  bool is_written = false;  // by any dispatch; else its contents are part of the program
};

struct ProgramBinding {
  Binding::Kind kind = Binding::Kind::buffer;
  Access access = Access::read;
  std::uint32_t index = 0;
  std::uint32_t tensor = 0;  // kind buffer
  std::uint64_t offset = 0;  // kind buffer: bytes into the tensor; kind bytes: into the constants
  std::uint64_t length = 0;  // bytes
};

/// A parameter's place in a step's constants.
struct ProgramUse {
  static constexpr std::uint32_t kNoRoom = ~std::uint32_t{0};

  std::uint32_t parameter = 0;
  std::uint32_t binding = 0;  // of the step; kind bytes
  std::uint32_t offset = 0;   // bytes into the binding
  DType type = DType::u32;
  std::int64_t plus = 0;
  // A position: with `tokens` of them from the value on, all lie within `limit`; more if tensor
  // `room` is bound to one that is longer than recorded.
  std::uint64_t tokens = 0;  // 0: no position
  std::uint64_t limit = 0;
  std::uint32_t room = kNoRoom;
};

struct ProgramStep {
  std::uint32_t kernel = 0;
  DispatchConfig config;
  std::vector<ProgramBinding> bindings;
  std::vector<ProgramUse> uses;
};

struct ProgramGraph {
  std::string name;
  std::vector<ProgramKernel> kernels;
  std::vector<ProgramTensor> tensors;
  std::vector<std::string> parameters;
  std::vector<ProgramStep> steps;
  std::vector<std::byte> constants;  // of the steps, one after the other

  /// Indices by name; ArgumentError that lists the names there are.
  [[nodiscard]] std::uint32_t tensor(std::string_view name) const;
  [[nodiscard]] std::uint32_t parameter(std::string_view name) const;
};

}  // namespace foundry::detail
