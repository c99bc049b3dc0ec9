// In, Out, InOut and FOUNDRY_KERNEL: a C++ struct as the one description of a kernel's arguments.
//
//   struct ScaledAdd {
//     In<f16> x;
//     InOut<f16> y;
//     ScaledAddParams params;                         // any struct of scalars, or a scalar, or a
//                                                     // Scalar<T>, which may be a Parameter
//     static constexpr auto source = shader("kernels/scaled_add.metal");
//     DispatchConfig dispatch_config() const { return per_element(params.count); }
//   };
//   FOUNDRY_KERNEL(ScaledAdd, x, y, params);
//
// What a field is follows from its type alone. The entry function has the struct's name in
// snake_case. The macro stands in the struct's own namespace.
#pragma once

#include <algorithm>
#include <cstring>
#include <optional>
#include <source_location>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>

#include "foundry/core/error.hpp"
#include "foundry/kernel/covered_fields.hpp"
#include "foundry/kernel/description.hpp"
#include "foundry/kernel/encoder.hpp"
#include "foundry/kernel/shader_library.hpp"
#include "foundry/tensor/tensor.hpp"

namespace foundry {

namespace detail {

/// What an argument asks of a tensor, for the check at run time. An empty tensor passes.
struct ArgumentType {
  DType dtype;
  Access access;
  std::optional<StorageMode> mode;  // none: any
  bool has_rank;
  std::span<const std::uint64_t> extents;
};
/// Throws DTypeError, StorageError or ShapeError.
void check_argument(const AnyTensor& tensor, const ArgumentType& type);

}  // namespace detail

/// The storage mode of an argument that takes any.
struct AnyMode {};
template <class M>
concept ArgumentMode = StorageModeTag<M> || std::same_as<M, AnyMode>;

/// What an argument asks of a Tensor's type.
template <class Given, class Asked>
concept SameElement = std::same_as<Given, Asked>;
template <class Given, class Asked>
concept AcceptedMode = std::same_as<Asked, AnyMode> || std::same_as<Given, Asked>;

namespace detail {

template <Element T, Access kAccess, ArgumentMode M, ShapeTag S>
class TensorArgument {
 public:
  static constexpr Access kArgumentAccess = kAccess;
  static constexpr const DType& kDType = dtype_of<T>;

  TensorArgument() = default;
  /// Another element type, storage mode or shape does not compile.
  template <Element Given, StorageState Storage, StorageModeTag GivenMode, ShapeTag GivenShape>
    requires SameElement<Given, T> && AcceptedMode<GivenMode, M> && ShapeMayBe<GivenShape, S>
  TensorArgument(const Tensor<Given, Storage, GivenMode, GivenShape>& tensor)
      : tensor_(tensor.any()) {
    if constexpr (!ShapeForgets<GivenShape, S>) check();
  }
  /// Of an AnyTensor, they throw DTypeError, StorageError and ShapeError.
  template <std::derived_from<AnyTensor> Any>
  TensorArgument(const Any& tensor) : tensor_(tensor) {
    check();
  }

  [[nodiscard]] const AnyTensor& tensor() const noexcept { return tensor_; }
  [[nodiscard]] std::uint64_t count() const noexcept { return tensor_.count(); }

 private:
  void check() const {
    std::optional<StorageMode> mode;
    if constexpr (StorageModeTag<M>) mode = M::kMode;
    check_argument(tensor_, {kDType, kAccess, mode, S::kHasRank, S::kValues});
  }
  AnyTensor tensor_;
};

}  // namespace detail

/// A tensor that the kernel reads. `std::optional<In<T>>` is one that may be left out; the shader
/// asks `has_<name>`. `In<T, Private>` takes that storage mode only, `In<T, AnyMode, Shape<4096>>`
/// that shape.
template <Element T, ArgumentMode M = AnyMode, ShapeTag S = AnyShape>
class In : public detail::TensorArgument<T, Access::read, M, S> {
  using detail::TensorArgument<T, Access::read, M, S>::TensorArgument;
};
/// A tensor that the kernel writes.
template <Element T, ArgumentMode M = AnyMode, ShapeTag S = AnyShape>
class Out : public detail::TensorArgument<T, Access::write, M, S> {
  using detail::TensorArgument<T, Access::write, M, S>::TensorArgument;
};
/// A tensor that the kernel reads and writes.
template <Element T, ArgumentMode M = AnyMode, ShapeTag S = AnyShape>
class InOut : public detail::TensorArgument<T, Access::read_write, M, S> {
  using detail::TensorArgument<T, Access::read_write, M, S>::TensorArgument;
};
/// Threadgroup memory of `elements` elements.
template <Element T>
struct ThreadgroupMemory {
  std::uint64_t elements = 0;
};
/// A value that is compiled into the kernel: `constant T name [[function_constant(i)]]`.
template <class T>
struct Constant {
  T value{};
};

/// In a kernel struct, `static constexpr std::array in_place{InPlace{"y", "x"}}`: only x may be y,
/// as the same elements in the same order. Without it any two tensors may; no other overlap is
/// allowed where one of them is written (ArgumentError).
struct InPlace {
  std::string_view output;
  std::string_view input;
};

/// Source of a kernel: a shader file with the marker FOUNDRY_ARGUMENTS (kernel/description.hpp).
struct ShaderFile {
  std::string_view path;
};
[[nodiscard]] constexpr ShaderFile shader(std::string_view path) {
  return {path};
}

/// Source of a kernel: the statements of its body, written in the C++ file.
struct ShaderBody {
  std::string_view text;
  std::string_view file;
  unsigned line = 1;
};
[[nodiscard]] constexpr ShaderBody msl(
    std::string_view text, std::source_location where = std::source_location::current()) {
  return {text, where.file_name(), where.line()};
}

namespace detail {

void set_source(KernelDescription& description, const ShaderFile& source);
void set_source(KernelDescription& description, const ShaderBody& source);
[[nodiscard]] std::string snake_case(std::string_view type_name);

using NothingCompiled = std::tuple<>;

/// How a field of type F is described and bound, and what of its value is compiled in: what
/// compiled() gives, else nothing. Specialised for what may be a field.
template <class F>
struct FieldTraits {
  static_assert(!std::same_as<F, F>,
                "a field of a kernel struct is an In, Out or InOut, an optional one, a scalar, a "
                "Scalar, a parameter struct, a Constant or ThreadgroupMemory");
};

template <class F>
concept TensorField = requires(const F& field) {
  { field.tensor() } -> std::same_as<const AnyTensor&>;
  F::kArgumentAccess;
};

template <TensorField F>
struct FieldTraits<F> {
  static void describe(KernelDescription& kernel, const char* name, NothingCompiled) {
    kernel.arguments.push_back(ArgumentDescription::buffer(name, F::kArgumentAccess, F::kDType));
  }
  template <class Bind>
  static void bind(const F& field, const Bind& bind) {
    bind(Argument(field.tensor()));
  }
};

template <TensorField F>
struct FieldTraits<std::optional<F>> {
  static bool compiled(const std::optional<F>& field) { return field.has_value(); }
  static void describe(KernelDescription& kernel, const char* name, bool is_present) {
    kernel.arguments.push_back(
        ArgumentDescription::optional_buffer(name, F::kArgumentAccess, F::kDType, is_present));
  }
  template <class Bind>
  static void bind(const std::optional<F>& field, const Bind& bind) {
    bind(field ? Argument(field->tensor()) : Argument());
  }
};

template <Element T>
struct FieldTraits<ThreadgroupMemory<T>> {
  static void describe(KernelDescription& kernel, const char* name, NothingCompiled) {
    kernel.arguments.push_back(ArgumentDescription::threadgroup_memory(name, dtype_of<T>));
  }
  template <class Bind>
  static void bind(const ThreadgroupMemory<T>& field, const Bind& bind) {
    bind(Argument::threadgroup_memory(field.elements));
  }
};

template <class T>
struct FieldTraits<Constant<T>> {
  static T compiled(const Constant<T>& field) { return field.value; }
  static void describe(KernelDescription& kernel, const char* name, T value) {
    kernel.constants.push_back({name, FunctionConstants::Value(value)});
  }
  template <class Bind>
  static void bind(const Constant<T>&, const Bind&) {}
};

template <ParameterStruct F>
  requires(!Element<F> && !TensorField<F>)
struct FieldTraits<F> {
  static void describe(KernelDescription& kernel, const char* name, NothingCompiled) {
    kernel.arguments.push_back(ArgumentDescription::value(name, struct_layout<F>()));
  }
  template <class Bind>
  static void bind(const F& field, const Bind& bind) {
    bind(Argument::value(field));
  }
};

template <Element F>
struct FieldTraits<F> {
  static void describe(KernelDescription& kernel, const char* name, NothingCompiled) {
    kernel.arguments.push_back(ArgumentDescription::value(name, dtype_of<F>));
  }
  template <class Bind>
  static void bind(const F& field, const Bind& bind) {
    bind(Argument::value(field));
  }
};

template <class F>
  requires std::is_enum_v<F>
struct FieldTraits<F> {
  static void describe(KernelDescription& kernel, const char* name, NothingCompiled) {
    kernel.arguments.push_back(
        ArgumentDescription::value(name, dtype_of<std::underlying_type_t<F>>));
  }
  template <class Bind>
  static void bind(const F& field, const Bind& bind) {
    bind(Argument::value(field));
  }
};

template <Element T>
struct FieldTraits<Scalar<T>> {
  static void describe(KernelDescription& kernel, const char* name, NothingCompiled) {
    kernel.arguments.push_back(ArgumentDescription::value(name, dtype_of<T>));
  }
  template <class Bind>
  static void bind(const Scalar<T>& field, const Bind& bind) {
    bind(Argument::scalar(field));
  }
};

}  // namespace detail

/// A struct that FOUNDRY_KERNEL has described.
template <class K>
concept DescribedKernel = requires(const K& kernel) {
  foundry_kernel_fields(static_cast<const K*>(nullptr));
  { kernel.dispatch_config() } -> std::convertible_to<DispatchConfig>;
  K::source;
};

namespace detail {

template <class F>
[[nodiscard]] auto compiled_value(const F& field) {
  if constexpr (requires { FieldTraits<F>::compiled(field); }) {
    return FieldTraits<F>::compiled(field);
  } else {
    return NothingCompiled();
  }
}

template <class K>
[[nodiscard]] auto compiled_values(const K& kernel) {
  return std::apply(
      [&](const auto&... field) {
        return std::make_tuple(compiled_value(kernel.*field.member)...);
      },
      foundry_kernel_fields(static_cast<const K*>(nullptr)));
}

/// What of a kernel struct's values is compiled in.
template <DescribedKernel K>
struct StructRecipe {
  decltype(compiled_values(std::declval<const K&>())) values;

  const auto& key() const noexcept { return values; }
  [[nodiscard]] KernelDescription describe() const {
    KernelDescription description;
    description.name = snake_case(type_name<K>());
    set_source(description, K::source);
    constexpr auto fields = foundry_kernel_fields(static_cast<const K*>(nullptr));
    using Fields = std::remove_const_t<decltype(fields)>;
    [&]<std::size_t... I>(std::index_sequence<I...>) {
      (FieldTraits<typename std::tuple_element_t<I, Fields>::Type>::describe(
           description, std::get<I>(fields).name, std::get<I>(values)),
       ...);
    }(std::make_index_sequence<std::tuple_size_v<Fields>>());
    if constexpr (requires { K::in_place; }) {
      for (const InPlace& pair : K::in_place) allow_in_place(description, pair.output, pair.input);
    } else {
      allow_in_place(description);
    }
    return description;
  }
};

}  // namespace detail

/// The description of a kernel struct; its values say which optional arguments are present.
template <DescribedKernel K>
[[nodiscard]] KernelDescription describe_kernel(const K& kernel) {
  detail::check_covered_bytes(kernel, foundry_kernel_fields(static_cast<const K*>(nullptr)));
  return detail::StructRecipe<K>{detail::compiled_values(kernel)}.describe();
}

/// Compiles (once) and dispatches a kernel struct.
template <DescribedKernel K>
void encode_kernel(Encoder& encoder, const K& kernel) {
  constexpr auto fields = foundry_kernel_fields(static_cast<const K*>(nullptr));
  if constexpr (!std::is_aggregate_v<K>) {
    [[maybe_unused]] static const bool covered =
        (detail::check_covered_bytes(kernel, fields), true);
  }
  const auto compiled = encoder.kernel(detail::StructRecipe<K>{detail::compiled_values(kernel)});
  InlineVector<Argument, std::max<std::size_t>(std::tuple_size_v<decltype(fields)>, 1)> arguments;
  std::apply(
      [&](const auto&... field) {
        (detail::FieldTraits<std::remove_cvref_t<decltype(kernel.*field.member)>>::bind(
             kernel.*field.member, [&](Argument argument) { arguments.push_back(argument); }),
         ...);
      },
      fields);
  encoder.dispatch(*compiled, std::span(arguments.data(), arguments.size()),
                   kernel.dispatch_config());
}

}  // namespace foundry

// FOUNDRY_KERNEL(Type, field...): every field, in the order of the MSL signature; fields of bases
// too. A template's: `template <class T> FOUNDRY_KERNEL(Scale<T>, x, y);`.
#define FOUNDRY_KERNEL(Type, ...)                                                                 \
  [[maybe_unused]] constexpr auto foundry_kernel_fields(const Type*) {                            \
    using FoundryKernel = Type;                                                                   \
    constexpr auto fields = std::make_tuple(__VA_OPT__(FOUNDRY_EACH_FIELD(__VA_ARGS__)));         \
    static_assert(::foundry::detail::lists_every_field<FoundryKernel>(fields),                    \
                  "FOUNDRY_KERNEL lists every field of " #Type ", each once, and this does not"); \
    return fields;                                                                                \
  }                                                                                               \
  static_assert(true, "so that a semicolon follows")

#define FOUNDRY_FIELD(name) \
  ::foundry::detail::kernel_field<FoundryKernel>(#name, &FoundryKernel::name)
#define FOUNDRY_PARENTHESES ()
#define FOUNDRY_EXPAND(...) FOUNDRY_EXPAND3(FOUNDRY_EXPAND3(FOUNDRY_EXPAND3(__VA_ARGS__)))
#define FOUNDRY_EXPAND3(...) FOUNDRY_EXPAND2(FOUNDRY_EXPAND2(FOUNDRY_EXPAND2(__VA_ARGS__)))
#define FOUNDRY_EXPAND2(...) FOUNDRY_EXPAND1(FOUNDRY_EXPAND1(FOUNDRY_EXPAND1(__VA_ARGS__)))
#define FOUNDRY_EXPAND1(...) FOUNDRY_EXPAND0(FOUNDRY_EXPAND0(FOUNDRY_EXPAND0(__VA_ARGS__)))
#define FOUNDRY_EXPAND0(...) __VA_ARGS__
#define FOUNDRY_EACH_FIELD(...) FOUNDRY_EXPAND(FOUNDRY_NEXT_FIELD(__VA_ARGS__))
#define FOUNDRY_NEXT_FIELD(name, ...) \
  FOUNDRY_FIELD(name) __VA_OPT__(, FOUNDRY_NEXT_FIELD_AGAIN FOUNDRY_PARENTHESES(__VA_ARGS__))
#define FOUNDRY_NEXT_FIELD_AGAIN() FOUNDRY_NEXT_FIELD
