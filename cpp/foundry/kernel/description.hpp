// KernelDescription: everything about a kernel but its values. C++ structs, ops, fusion and Python
// all fill this one, and everything else (signature, indices, binding, checks) is derived from it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "foundry/device/function_constants.hpp"
#include "foundry/device/library.hpp"
#include "foundry/device/reflection.hpp"
#include "foundry/kernel/source_builder.hpp"
#include "foundry/kernel/struct_layout.hpp"
#include "foundry/tensor/dtype.hpp"

namespace foundry {

/// One argument of a kernel, in the order of the signature.
struct ArgumentDescription {
  enum class Kind : std::uint8_t {
    buffer,              ///< a tensor: `device [const] T* name [[buffer(i)]]`
    bytes,               ///< a value: `constant T& name [[buffer(i)]]`
    threadgroup_memory,  ///< `threadgroup T* name [[threadgroup(i)]]`
  };
  std::string name;
  Kind kind = Kind::buffer;
  Access access = Access::read;
  DType dtype = DType::f32;            ///< of the elements, or of a scalar value
  std::optional<StructLayout> layout;  ///< kind bytes: of a struct; `dtype` is then ignored
  /// A buffer that may be left out: the shader sees a function constant `has_<name>`.
  bool optional = false;
  bool present = true;   ///< whether an optional buffer is there this time
  bool strided = false;  ///< a view with gaps may be bound: the kernel takes strides
  /// Of a buffer that is written: the others that may be the same elements in the same order, each
  /// read by no thread but the one that writes it, before it does. No other overlap is allowed.
  std::vector<std::string> in_place = {};
  /// Of a library's kernel, whose signature is its own: what the compiled function says of it.
  std::optional<ReflectedArgument> reflected = {};

  [[nodiscard]] bool may_be(const ArgumentDescription& other) const;
  /// "only 'x' may be 'y', as the same elements in the same order".
  [[nodiscard]] std::string what_may_overlap() const;

  [[nodiscard]] static ArgumentDescription buffer(std::string name, Access access, DType dtype);
  [[nodiscard]] static ArgumentDescription optional_buffer(std::string name, Access access,
                                                           DType dtype, bool present);
  [[nodiscard]] static ArgumentDescription value(std::string name, DType dtype);
  [[nodiscard]] static ArgumentDescription value(std::string name, StructLayout layout);
  [[nodiscard]] static ArgumentDescription threadgroup_memory(std::string name, DType dtype);
};

/// `using name = msl;` before the source, so that one file serves many types.
struct TypeAlias {
  std::string name;
  std::string msl;
};

/// `constant T name [[function_constant(i)]]`, specialised with `value`.
struct KernelConstant {
  std::string name;
  FunctionConstants::Value value;
};

struct KernelDescription {
  enum class Form : std::uint8_t {
    /// Statements: the kernel's signature and braces are generated around them. They see the
    /// arguments, `<name>_size` (elements) of every buffer, `gid` (thread_position_in_grid.x), and
    /// the positions under Metal's names.
    body,
    /// A file with the entry `kernel void <name>(FOUNDRY_ARGUMENTS) {...}`; the marker becomes the
    /// argument list. Without the marker the file's own signature stands and reflection checks it.
    file,
    /// The same of a library of many kernels: the compiled function's reflection is the signature.
    /// A buffer that it only reads may be given as bytes.
    library,
    /// The same of a library that has no source: the text says which one it is.
    compiled,
  };
  std::string name;  ///< of the entry function
  std::vector<ArgumentDescription> arguments;
  SourceText source;
  Form form = Form::file;
  std::vector<std::string> includes;  ///< shader files that `aliases` need
  std::vector<TypeAlias> aliases;
  std::vector<KernelConstant> constants;
  std::string template_lines;        ///< generated MSL before the header: what its names mean
  SourceText header;                 ///< MSL before the kernel: types and functions
  FunctionConstants specialisation;  ///< values by index, beside those of `constants`
  MathMode math = MathMode::relaxed;
  Pipeline pipeline;  ///< forms library and compiled: made already, for its own device

  /// The whole MSL. Throws ArgumentError on names that are not identifiers, repeated names, more
  /// arguments than indices, and a name that the generated signature uses itself.
  [[nodiscard]] std::string msl() const;
  /// Values of `constants` and of every `has_<name>`.
  [[nodiscard]] FunctionConstants function_constants() const;

  /// [[buffer(i)]] or [[threadgroup(i)]] of argument `position`.
  [[nodiscard]] std::uint32_t index_of(std::size_t position) const;
  /// Whether the kernel takes the generated `<name>_size` values, bound after the arguments.
  [[nodiscard]] bool has_sizes() const noexcept { return form == Form::body; }
  [[nodiscard]] std::uint32_t sizes_index() const;
  /// The buffer at [[buffer(index)]]; ArgumentError if there is none.
  [[nodiscard]] const ArgumentDescription& buffer_at(std::uint32_t index) const;
};

/// How MSL writes the element type: "half", "uint", and for block dtypes the policy's block struct.
[[nodiscard]] std::string msl_type(DType dtype);

/// "device half* y [[buffer(1)]]": one argument as the signature has it.
[[nodiscard]] std::string msl_argument(const KernelDescription& kernel, std::size_t position);

/// Notes that `input` may be `output`, element for element. ArgumentError unless these are buffers,
/// of which `output` is written.
void allow_in_place(KernelDescription& kernel, std::string_view output, std::string_view input);
/// The same of every two buffers: the kernel's author knows best, as with Metal.
void allow_in_place(KernelDescription& kernel);

/// The position arguments that every generated signature ends with, under Metal's own names.
[[nodiscard]] std::string_view position_arguments();

/// The arguments of a compiled function. Every two buffers may be the same elements.
[[nodiscard]] std::vector<ArgumentDescription> library_arguments(const Reflection& reflection);

/// Bytes of what an argument points to.
[[nodiscard]] std::uint64_t element_bytes(const ArgumentDescription& argument);

/// Whether a tensor of `dtype` may stand for the elements that a library's kernel takes: of a
/// vector or matrix its scalars', of bytes (char and uchar), a struct or what reflection does not
/// tell, any.
[[nodiscard]] bool takes_dtype(const ArgumentDescription& argument, DType dtype);

/// Compares the signature with the pipeline's reflection. Throws SignatureMismatchError with both.
void check_signature(const KernelDescription& kernel, const Reflection& reflection);

}  // namespace foundry
