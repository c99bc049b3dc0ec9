// Libraries of .metal files: their kernels, what reflection tells of them, and calls.
#include "foundry/kernel/kernel_library.hpp"

#include <nanobind/stl/filesystem.h>
#include <nanobind/stl/map.h>
#include <nanobind/stl/optional.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/tuple.h>
#include <nanobind/stl/unique_ptr.h>
#include <nanobind/stl/vector.h>

#include <array>
#include <cstddef>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <tuple>
#include <vector>

#include "foundry/core/error.hpp"
#include "kernel.hpp"
#include "operation.hpp"

namespace foundry::python {
namespace {

using ConstantTuple = std::tuple<std::uint32_t, std::string, nb::bytes>;

MathMode to_math(const std::string& name) {
  constexpr std::array kNames{"fast", "relaxed", "safe"};
  for (std::size_t i = 0; i < kNames.size(); ++i) {
    if (name == kNames.at(i)) return static_cast<MathMode>(i);
  }
  throw ArgumentError(concat("unsupported math '", name, "'; supported: fast, relaxed, safe"));
}

LibraryOptions to_options(const std::vector<std::filesystem::path>& include,
                          const std::map<std::string, std::string>& defines,
                          const std::string& math) {
  LibraryOptions options{.include = {}, .defines = defines, .math = to_math(math)};
  for (const auto& folder : include) options.include.push_back(folder.string());
  return options;
}

Device to_device(const std::optional<Device>& device) {
  return device ? *device : Device::system_default();
}

FunctionConstants to_constants(const std::vector<ConstantTuple>& constants) {
  FunctionConstants values;
  for (const auto& [index, type, bytes] : constants) {
    const auto* begin = static_cast<const std::byte*>(bytes.data());
    values.set(index, FunctionConstants::value(type, std::span(begin, bytes.size())));
  }
  return values;
}

/// An argument as a library's kernel has it.
struct LibraryArgument {
  ArgumentDescription is;
};

std::string describe(const LibraryArgument& argument) {
  const ReflectedArgument& reflected = *argument.is.reflected;
  const bool is_buffer = reflected.kind == ReflectedArgument::Kind::buffer;
  return concat("<", reflected.name, ": ", reflected.type.empty() ? "memory" : reflected.type, ", ",
                reflected.size, " bytes, ", name_of(reflected.access), " [[",
                is_buffer ? "buffer(" : "threadgroup(", reflected.index, ")]]>");
}

void bind_reflection(nb::module_& m) {
  nb::class_<ReflectedMember>(m, "LibraryMember", "A member of a struct that a kernel takes.")
      .def_ro("name", &ReflectedMember::name)
      .def_ro("offset", &ReflectedMember::offset, "Bytes from the struct's start.")
      .def_ro("type", &ReflectedMember::type,
              "As MSL has it, \"float4\"; or \"struct\", \"array\", \"pointer\".")
      .def_ro("members", &ReflectedMember::members,
              "Of a struct; of an array its element alone, which has no name.")
      .def_ro("length", &ReflectedMember::length, "Elements of an array.")
      .def_ro("stride", &ReflectedMember::stride, "Bytes from one element of an array to the next.")
      .def("__repr__", [](const ReflectedMember& member) {
        return concat("<", member.name, ": ", member.type, " at ", member.offset, ">");
      });
  nb::class_<ReflectedConstant>(m, "LibraryConstant", "A function constant of a kernel.")
      .def_ro("name", &ReflectedConstant::name)
      .def_ro("index", &ReflectedConstant::index)
      .def_ro("type", &ReflectedConstant::type, "As MSL has it, \"bool\", \"float4\".")
      .def_ro("required", &ReflectedConstant::required,
              "False where the function asks whether it has a value.")
      .def_prop_ro("size",
                   [](const ReflectedConstant& constant) {
                     return FunctionConstants::size_of(constant.type);
                   })
      .def("__repr__", [](const ReflectedConstant& constant) {
        return concat("<", constant.type, " ", constant.name, " [[function_constant(",
                      constant.index, ")]]>");
      });

  using A = LibraryArgument;
  nb::class_<A>(m, "LibraryArgument", "What compiled code says of an argument.")
      .def_prop_ro("name", [](const A& a) { return a.is.name; })
      .def_prop_ro(
          "index", [](const A& a) { return a.is.reflected->index; },
          "Of [[buffer(index)]] or [[threadgroup(index)]].")
      .def_prop_ro(
          "is_threadgroup",
          [](const A& a) { return a.is.kind == ArgumentDescription::Kind::threadgroup_memory; },
          "Whether it is threadgroup memory.")
      .def_prop_ro(
          "is_written", [](const A& a) { return writes(a.is.access); },
          "Whether the kernel may write it: it takes a tensor then.")
      .def_prop_ro(
          "is_used", [](const A& a) { return a.is.reflected->is_used; },
          "False where the code never touches it: it may be left out then.")
      .def_prop_ro(
          "type", [](const A& a) { return a.is.reflected->type; },
          "What it points to as MSL has it, \"float4\", or \"struct\"; empty for threadgroup "
          "memory where the device does not tell.")
      .def_prop_ro(
          "size", [](const A& a) { return element_bytes(a.is); }, "Bytes of what it points to.")
      .def_prop_ro(
          "members", [](const A& a) { return a.is.reflected->members; }, "Of a struct.")
      .def_prop_ro(
          "dtype", [](const A& a) { return a.is.dtype; },
          "Of the numbers in it; u8 where they are not of one dtype.")
      .def("__repr__", &describe);
}

}  // namespace

void bind_library(nb::module_& m) {
  bind_reflection(m);

  nb::class_<LibraryKernel>(m, "CompiledLibraryKernel",
                            "A kernel of a library with values for its constants.")
      .def_prop_ro("name", &LibraryKernel::name)
      .def_prop_ro("arguments",
                   [](const LibraryKernel& k) {
                     std::vector<LibraryArgument> arguments;
                     for (const auto& argument : k.arguments()) arguments.push_back({argument});
                     return arguments;
                   })
      .def_prop_ro(
          "max_threads",
          [](const LibraryKernel& k) { return k.pipeline().max_threads_per_threadgroup(); },
          "Threads that one threadgroup may have.")
      .def("__repr__", [](const LibraryKernel& k) { return to_string(k.pipeline()); })
      .def(
          "call",
          [](const LibraryKernel& k, const nb::list& values, const DispatchConfig& config) {
            std::vector<KernelValue> converted;
            converted.reserve(values.size());
            for (nb::handle value : values) converted.push_back(to_value(value));
            return std::make_unique<OperationOf<KernelCall>>(k.call(std::move(converted), config),
                                                             "KernelCall");
          },
          nb::arg("values"), nb::arg("config"),
          nb::sig("def call(self, values: list[Tensor | bytes | int | "
                  "tuple[Parameter, DType] | None], config: DispatchConfig) -> KernelCall"));

  nb::class_<KernelLibrary>(m, "KernelLibrary", "Kernels of one source, compiled for a device.")
      .def_static(
          "from_file",
          [](const std::filesystem::path& path, const std::vector<std::filesystem::path>& include,
             const std::map<std::string, std::string>& defines, const std::string& math,
             const std::optional<Device>& device) {
            return KernelLibrary::from_file(path.string(), to_options(include, defines, math),
                                            to_device(device));
          },
          nb::arg("path"), nb::arg("include"), nb::arg("defines"), nb::arg("math"),
          nb::arg("device").none(),
          nb::sig("def from_file(path: str | os.PathLike[str], include: "
                  "collections.abc.Sequence[str | os.PathLike[str]], defines: "
                  "collections.abc.Mapping[str, str], math: str, device: Device | None) -> "
                  "KernelLibrary"))
      .def_static(
          "from_source",
          [](const std::string& text, const std::string& name,
             const std::vector<std::filesystem::path>& include,
             const std::map<std::string, std::string>& defines, const std::string& math,
             const std::optional<Device>& device) {
            return KernelLibrary::from_source(text, to_options(include, defines, math), name,
                                              to_device(device));
          },
          nb::arg("text"), nb::arg("name"), nb::arg("include"), nb::arg("defines"), nb::arg("math"),
          nb::arg("device").none(),
          nb::sig("def from_source(text: str, name: str, include: "
                  "collections.abc.Sequence[str | os.PathLike[str]], defines: "
                  "collections.abc.Mapping[str, str], math: str, device: Device | None) -> "
                  "KernelLibrary"))
      .def_static(
          "from_metallib",
          [](const std::filesystem::path& path, const std::optional<Device>& device) {
            return KernelLibrary::from_metallib(path.string(), to_device(device));
          },
          nb::arg("path"), nb::arg("device").none(),
          nb::sig("def from_metallib(path: str | os.PathLike[str], device: Device | None) -> "
                  "KernelLibrary"))
      .def_prop_ro("name", &KernelLibrary::name)
      .def_prop_ro("source", &KernelLibrary::source)
      .def_prop_ro("log", &KernelLibrary::log)
      .def_prop_ro("functions", &KernelLibrary::functions)
      .def("constants", &KernelLibrary::constants, nb::arg("function"))
      .def(
          "kernel",
          [](const KernelLibrary& library, const std::string& function,
             const std::vector<ConstantTuple>& constants) {
            return library.kernel(function, to_constants(constants));
          },
          nb::arg("function"), nb::arg("constants"))
      .def("instantiate", &KernelLibrary::instantiate, nb::arg("expression"))
      .def("__repr__", [](const KernelLibrary& library) { return to_string(library); });
}

}  // namespace foundry::python
