// Library: functions compiled for a device, from which pipelines are made.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "foundry/device/function_constants.hpp"
#include "foundry/device/pipeline.hpp"

namespace foundry {

class Device;

namespace detail {
struct LibraryState;
}

/// `fast` takes for granted that nothing is NaN or infinite; `relaxed` rounds as freely, and both
/// keep their meaning; `safe` follows IEEE 754.
enum class MathMode : std::uint8_t { fast, relaxed, safe };

struct CompileOptions {
  MathMode math = MathMode::relaxed;
  std::map<std::string, std::string> defines;  ///< preprocessor macros
};

/// Immutable and thread-safe counted handle. Made by Device::compile() and
/// Device::open_library().
class [[nodiscard]] Library {
 public:
  Library() = default;

  explicit operator bool() const noexcept { return state_ != nullptr; }
  [[nodiscard]] const std::string& name() const noexcept;
  [[nodiscard]] std::vector<std::string> functions() const;
  /// What the compiler warned of, in its words; empty if nothing.
  [[nodiscard]] const std::string& log() const noexcept;
  [[nodiscard]] const Device& device() const noexcept;
  /// The function constants of `function`; a device may name those of the whole library. Throws
  /// ArgumentError as pipeline() does.
  [[nodiscard]] std::vector<ReflectedConstant> constants(const std::string& function) const;
  /// The kernel `function`, specialised and reflected. Throws KernelCompileError with the
  /// compiler's log, and ArgumentError naming the functions there are if it is not one of them, or
  /// a constant that it needs and that has no value.
  [[nodiscard]] Pipeline pipeline(const std::string& function,
                                  const FunctionConstants& constants = {}) const;

 private:
  friend struct detail::LibraryState;
  explicit Library(std::shared_ptr<const detail::LibraryState> state) : state_(std::move(state)) {}
  std::shared_ptr<const detail::LibraryState> state_;
};

}  // namespace foundry
