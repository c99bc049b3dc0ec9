// KernelLibrary: a .metal file or a .metallib of many kernels, whose own signatures are bound and
// checked.
//
//   const auto library = KernelLibrary::from_file("kernels.metal", {.include = {"include"}});
//   const LibraryKernel axpy = library.kernel("axpy");
//   foundry.run(axpy({x, y, 2.0f}, per_element(1000)));               // by index
//   foundry.run(axpy({{"a", 2.0f}, {"x", x}, {"y", y}}, per_element(1000)));
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include "foundry/device/device.hpp"
#include "foundry/kernel/dispatch_config.hpp"
#include "foundry/kernel/kernel_call.hpp"
#include "foundry/tensor/tensor.hpp"

namespace foundry {

struct LibraryOptions {
  std::vector<std::string> include = {};            ///< folders that #include looks in, in order
  std::map<std::string, std::string> defines = {};  ///< preprocessor macros
  MathMode math = MathMode::fast;                   ///< as Metal's compiler by itself
};

/// So many elements of a threadgroup argument; of a type that reflection does not tell, bytes.
struct ThreadgroupElements {
  std::uint64_t count = 0;
};

/// What stands for an argument: a tensor; a number or Parameter, converted to the argument's type;
/// the bytes of a struct or of elements; elements of threadgroup memory.
class LibraryValue {
 public:
  LibraryValue(AnyTensor tensor) : value_(std::move(tensor)) {}
  template <Element T, StorageState Storage, StorageModeTag Mode, ShapeTag S>
  LibraryValue(const Tensor<T, Storage, Mode, S>& tensor) : value_(tensor.any()) {}
  template <class T>
    requires std::is_arithmetic_v<T>
  LibraryValue(T number) : value_(parameter_value(number)) {}
  LibraryValue(f16 number) : LibraryValue(static_cast<float>(number)) {}
  LibraryValue(bf16 number) : LibraryValue(static_cast<float>(number)) {}
  LibraryValue(Parameter parameter) : value_(parameter) {}
  LibraryValue(ThreadgroupElements elements) : value_(elements) {}
  LibraryValue(std::span<const std::byte> bytes)
      : value_(std::vector<std::byte>(bytes.begin(), bytes.end())) {}
  /// A struct, or an array of elements, as the kernel has it.
  template <class T>
    requires(std::is_class_v<T> && std::is_trivially_copyable_v<T> && std::is_aggregate_v<T>)
  LibraryValue(const T& value) : LibraryValue(std::as_bytes(std::span(&value, 1))) {}

 private:
  friend class LibraryKernel;
  std::variant<AnyTensor, ParameterValue, Parameter, ThreadgroupElements, std::vector<std::byte>>
      value_;
};

struct NamedValue {
  std::string_view name;
  LibraryValue value;
};

/// One kernel of a library with values for its constants. Counted handle, immutable.
class [[nodiscard]] LibraryKernel {
 public:
  [[nodiscard]] const std::string& name() const noexcept { return definition_->name(); }
  /// Buffers by index, then threadgroup memory by index: the order of values by position.
  [[nodiscard]] const std::vector<ArgumentDescription>& arguments() const noexcept {
    return definition_->description().arguments;
  }
  [[nodiscard]] const Pipeline& pipeline() const noexcept {
    return definition_->description().pipeline;
  }

  /// For Foundry::run(), by position or by name. Throws ArgumentError for a missing, surplus,
  /// misspelt or twice given argument, for a number or bytes that its type does not hold, and for
  /// what is no tensor where the kernel writes; DTypeError and ShapeError for a tensor of other
  /// elements.
  [[nodiscard]] KernelCall operator()(std::initializer_list<LibraryValue> values,
                                      const DispatchConfig& config) const;
  [[nodiscard]] KernelCall operator()(std::initializer_list<NamedValue> values,
                                      const DispatchConfig& config) const;
  /// The same with values in the form that the call keeps, one for each argument.
  [[nodiscard]] KernelCall call(std::vector<KernelValue> values,
                                const DispatchConfig& config) const;

 private:
  friend class KernelLibrary;
  explicit LibraryKernel(std::shared_ptr<const KernelDefinition> definition)
      : definition_(std::move(definition)) {}
  [[nodiscard]] KernelValue converted(const ArgumentDescription& argument,
                                      const LibraryValue& value) const;
  [[nodiscard]] std::string takes() const;

  std::shared_ptr<const KernelDefinition> definition_;
};

/// Counted handle; thread-safe. What it was made of may change afterwards: a library stays as it
/// is.
class [[nodiscard]] KernelLibrary {
 public:
  /// Compiles the file for the device. Throws ArgumentError for a file that cannot be read or is no
  /// text, and KernelCompileError with the compiler's log.
  [[nodiscard]] static KernelLibrary from_file(const std::string& path,
                                               const LibraryOptions& options = {},
                                               const Device& device = Device::system_default());
  /// `name` is what messages call the text, and where its includes in quotes begin.
  [[nodiscard]] static KernelLibrary from_source(std::string_view text,
                                                 const LibraryOptions& options = {},
                                                 const std::string& name = "library.metal",
                                                 const Device& device = Device::system_default());

  /// Opens a library that was compiled before, as Apple's compiler writes them (.metallib) and, on
  /// Anvil, the `metal` that comes with it. Throws ArgumentError for what is none.
  [[nodiscard]] static KernelLibrary from_metallib(const std::string& path,
                                                   const Device& device = Device::system_default());

  [[nodiscard]] const std::string& name() const noexcept;
  /// The whole MSL, with its includes in place; empty for a library that was compiled before.
  [[nodiscard]] const std::string& source() const noexcept;
  /// Names of the kernels; templates have those of their `host_name`s.
  [[nodiscard]] const std::vector<std::string>& functions() const noexcept;
  /// The compiler's warnings, in its words.
  [[nodiscard]] const std::string& log() const noexcept;
  /// Function constants that `function` may have.
  [[nodiscard]] std::vector<ReflectedConstant> constants(const std::string& function) const;

  /// Compiled at the first call with these constants. Throws ArgumentError for a name that there is
  /// not, a constant without a value, and a value for none; KernelCompileError; DTypeError for a
  /// constant of another type.
  [[nodiscard]] LibraryKernel kernel(const std::string& function,
                                     const FunctionConstants& constants = {}) const;
  /// The same with constants by name.
  [[nodiscard]] LibraryKernel kernel(
      const std::string& function,
      std::span<const std::pair<std::string, FunctionConstants::Value>> constants) const;
  [[nodiscard]] LibraryKernel kernel(
      const std::string& function,
      std::initializer_list<std::pair<std::string, FunctionConstants::Value>> constants) const {
    return kernel(function, std::span(constants.begin(), constants.size()));
  }
  /// The library with one kernel more: an instance of a template, `gemm<half, 4>`, of that name.
  /// ArgumentError for what is no name with arguments in <>, and where there is no source;
  /// KernelCompileError.
  [[nodiscard]] KernelLibrary instantiate(const std::string& expression) const;

 private:
  struct State;
  explicit KernelLibrary(std::shared_ptr<State> state);
  static KernelLibrary make(std::string source, const std::string& name,
                            const LibraryOptions& options, const Device& device);
  std::shared_ptr<State> state_;
};

/// "library 'kernels.metal' of 3 kernels".
[[nodiscard]] std::string to_string(const KernelLibrary& library);

}  // namespace foundry
