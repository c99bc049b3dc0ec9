// Kernels described from Python: arguments, body, dispatch sizes, and a call with its values.
#include <nanobind/stl/filesystem.h>
#include <nanobind/stl/optional.h>
#include <nanobind/stl/pair.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/string_view.h>
#include <nanobind/stl/tuple.h>
#include <nanobind/stl/unique_ptr.h>
#include <nanobind/stl/vector.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "foundry/core/error.hpp"
#include "foundry/core/value_text.hpp"
#include "foundry/kernel/description.hpp"
#include "foundry/kernel/dispatch_config.hpp"
#include "foundry/kernel/included_source.hpp"
#include "foundry/kernel/kernel_call.hpp"
#include "foundry/kernel/msl_words.hpp"
#include "kernel.hpp"
#include "operation.hpp"
#include "tensor.hpp"

namespace foundry::python {
namespace {

/// nanobind's holder of a definition that calls share.
struct DefinitionHandle {
  std::shared_ptr<const KernelDefinition> definition;
};

/// A constant of a plain type from its bytes.
FunctionConstants::Value to_constant(DType dtype, const nb::bytes& bytes) {
  const auto as = [&]<class T>(T value) -> FunctionConstants::Value {
    if (bytes.size() != sizeof(T)) {
      throw ArgumentError(concat("a constant of type ", name_of(dtype), " has ", sizeof(T),
                                 " bytes, got ", bytes.size()));
    }
    std::memcpy(&value, bytes.data(), sizeof(T));
    return value;
  };
  switch (dtype) {
    case DType::bool_:
      return as(false);
    case DType::i32:
      return as(std::int32_t{});
    case DType::u32:
      return as(std::uint32_t{});
    case DType::f32:
      return as(0.0f);
    case DType::f16:
      return as(f16());
    case DType::u16:
      return as(std::uint16_t{});
    case DType::i16:
      return as(std::int16_t{});
    case DType::i64:
      return as(std::int64_t{});
    case DType::u64:
      return as(std::uint64_t{});
    default:
      throw DTypeError(concat("no constant can be ", name_of(dtype),
                              "; Metal has bool, i16, u16, i32, u32, i64, u64, f16 and f32"));
  }
}

/// Elements as Python writes them: "2.0", "[1.0, 2.0]" for several.
std::string elements_text(DType dtype, std::span<const std::byte> bytes) {
  const nb::bytes copy(bytes.data(), bytes.size());
  const nb::object array =
      nb::module_::import_("numpy").attr("frombuffer")(copy, nb::arg("dtype") = numpy_dtype(dtype));
  const bool is_one = bytes.size() == info(dtype).block_bytes;
  return text_of(is_one ? array.attr("item")() : array.attr("tolist")());
}

std::string bytes_text(const ArgumentDescription& argument, std::span<const std::byte> bytes) {
  constexpr std::size_t kShown = 64;
  const bool is_long =
      bytes.size() > kShown || bytes.size() % info(argument.dtype).block_bytes != 0;
  if (argument.reflected && (argument.reflected->type == "struct" || is_long)) {
    return concat(bytes.size(), " bytes");
  }
  if (!argument.layout) return elements_text(argument.dtype, bytes);
  std::string text;
  for (const StructMember& member : argument.layout->members) {
    const std::size_t length = std::size_t{info(member.type).block_bytes} * member.lanes *
                               std::max<std::size_t>(1, member.count);
    text += concat(text.empty() ? "" : ", ", member.name, "=",
                   elements_text(member.type, bytes.subspan(member.offset, length)));
  }
  return concat(argument.layout->name, "(", text, ")");
}

struct ConstantText {
  std::string operator()(f16 value) const { return value_text(static_cast<float>(value)); }
  std::string operator()(const ConstantVector& value) const { return value.type(); }
  template <class T>
  std::string operator()(T value) const {
    return value_text(value);
  }
};

/// "axpy(x=x (8,) f16, a=2.0)": its arguments, without those that are left out.
std::string call_text(const KernelCall& call) {
  std::string text;
  const auto put = [&](std::string_view name, const std::string& value) {
    text += concat(text.empty() ? "" : ", ", name, "=", value);
  };
  const KernelDescription& described = call.kernel->description();
  for (std::size_t i = 0; i < call.values.size() && i < described.arguments.size(); ++i) {
    const ArgumentDescription& argument = described.arguments[i];
    const KernelValue& value = call.values[i];
    if (const auto* tensor = std::get_if<AnyTensor>(&value)) {
      put(argument.name, tensor->describe());
    } else if (const auto* bytes = std::get_if<std::vector<std::byte>>(&value)) {
      put(argument.name, bytes_text(argument, *bytes));
    } else if (const auto* elements = std::get_if<std::uint64_t>(&value)) {
      put(argument.name, std::to_string(*elements));
    } else if (const auto* use = std::get_if<ParameterUse>(&value)) {
      put(argument.name, to_string(*use->parameter));
    }
  }
  for (std::size_t i = 0; i < call.constants.size() && i < described.constants.size(); ++i) {
    put(described.constants[i].name, std::visit(ConstantText{}, call.constants[i]));
  }
  return concat(call.kernel->name(), "(", text, ")");
}

using NamePairs = std::vector<std::pair<std::string, std::string>>;
using MemberTuple = std::tuple<std::string, DType, std::uint32_t, std::uint32_t>;

}  // namespace

KernelValue to_value(nb::handle value) {
  if (value.is_none()) return std::monostate();
  if (nb::isinstance<TensorHandle>(value)) {
    return static_cast<const AnyTensor&>(nb::cast<const TensorHandle&>(value));
  }
  if (nb::isinstance<nb::tuple>(value)) {  // a Parameter and the dtype of the value it stands for
    const auto [parameter, dtype] = nb::cast<std::pair<Parameter, DType>>(value);
    return ParameterUse{0, dtype, parameter};
  }
  if (nb::isinstance<nb::bytes>(value)) {
    const auto bytes = nb::borrow<nb::bytes>(value);
    const auto* begin = static_cast<const std::byte*>(bytes.data());
    return std::vector<std::byte>(begin, begin + bytes.size());
  }
  return nb::cast<std::uint64_t>(value);
}

void bind_kernel(nb::module_& m) {
  m.def("is_msl_word", &is_msl_word, nb::arg("name"),
        "Whether MSL keeps the word for itself: a keyword, a type, a macro.");
  nb::enum_<Access>(m, "Access", "What a kernel does with a tensor.")
      .value("read", Access::read)
      .value("write", Access::write)
      .value("read_write", Access::read_write);

  nb::class_<ThreadgroupSize>(m, "ThreadgroupSize", "Threads of one threadgroup.")
      .def(
          "__init__",
          [](ThreadgroupSize* self, std::uint64_t x, std::uint64_t y, std::uint64_t z) {
            new (self) ThreadgroupSize(ThreadgroupSize::d3(x, y, z));
          },
          nb::arg("x"), nb::arg("y") = 1, nb::arg("z") = 1)
      .def_ro("x", &ThreadgroupSize::x)
      .def_ro("y", &ThreadgroupSize::y)
      .def_ro("z", &ThreadgroupSize::z)
      .def("__repr__", [](const ThreadgroupSize& s) { return "ThreadgroupSize" + to_string(s); });

  nb::class_<GridSize>(m, "GridSize", "What a dispatch covers, in threads or whole threadgroups.")
      .def_static("threads", &GridSize::threads, nb::arg("x"), nb::arg("y") = 1, nb::arg("z") = 1)
      .def_static("threadgroups", &GridSize::threadgroups, nb::arg("x"), nb::arg("y") = 1,
                  nb::arg("z") = 1)
      .def_ro("x", &GridSize::x)
      .def_ro("y", &GridSize::y)
      .def_ro("z", &GridSize::z)
      .def("__repr__", [](const GridSize& s) { return "GridSize " + to_string(s); });

  nb::class_<DispatchConfig>(m, "DispatchConfig", "The grid and the threadgroup of a dispatch.")
      .def(
          "__init__",
          [](DispatchConfig* self, const GridSize& grid, const ThreadgroupSize& threadgroup) {
            new (self) DispatchConfig{grid, threadgroup};
          },
          nb::arg("grid"), nb::arg("threadgroup"))
      .def_static("per_element", &per_element, nb::arg("elements"), "One thread per element.")
      .def_ro("grid", &DispatchConfig::grid)
      .def_ro("threadgroup", &DispatchConfig::threadgroup)
      .def("__repr__", [](const DispatchConfig& c) {
        return concat("DispatchConfig(", to_string(c.grid), " by ", to_string(c.threadgroup), ")");
      });

  nb::class_<StructLayout>(m, "StructLayout",
                           "A parameter struct as host and shader must agree on it.")
      .def_static(
          "packed_like_c",
          [](std::string name, const std::vector<MemberTuple>& members) {
            std::vector<StructMember> made;
            for (const auto& [member, dtype, count, lanes] : members) {
              made.push_back({member, dtype, count, 0, lanes});
            }
            return StructLayout::packed_like_c(std::move(name), std::move(made));
          },
          nb::arg("name"), nb::arg("members"),
          "Members in order, as C lays them out: (name, dtype, length of an array or 0, elements "
          "of "
          "a packed vector or 1).")
      .def_ro("name", &StructLayout::name)
      .def_ro("size", &StructLayout::size)
      .def_ro("alignment", &StructLayout::alignment)
      .def_prop_ro("offsets",
                   [](const StructLayout& layout) {
                     std::vector<std::uint64_t> offsets;
                     for (const auto& member : layout.members) offsets.push_back(member.offset);
                     return offsets;
                   })
      .def_prop_ro("msl", &StructLayout::msl, "The definition, with its static_asserts.")
      .def("__repr__", [](const StructLayout& layout) {
        std::string members;
        for (const StructMember& member : layout.members) {
          members += concat(members.empty() ? "" : ", ", msl_type(member), " ", member.name);
        }
        return concat("<struct ", layout.name, " {", members, "}, ", layout.size, " bytes>");
      });

  nb::class_<ArgumentDescription>(m, "ArgumentDescription", "One argument of a kernel's signature.")
      .def_static("buffer", &ArgumentDescription::buffer, nb::arg("name"), nb::arg("access"),
                  nb::arg("dtype"))
      .def_static(
          "value",
          [](std::string name, DType dtype) {
            return ArgumentDescription::value(std::move(name), dtype);
          },
          nb::arg("name"), nb::arg("dtype"))
      .def_static("optional_buffer", &ArgumentDescription::optional_buffer, nb::arg("name"),
                  nb::arg("access"), nb::arg("dtype"), nb::arg("present") = true)
      .def_static(
          "struct",
          [](std::string name, const StructLayout& layout) {
            return ArgumentDescription::value(std::move(name), layout);
          },
          nb::arg("name"), nb::arg("layout"))
      .def_static("threadgroup_memory", &ArgumentDescription::threadgroup_memory, nb::arg("name"),
                  nb::arg("dtype"))
      .def_ro("name", &ArgumentDescription::name)
      .def_ro("dtype", &ArgumentDescription::dtype)
      .def("__repr__", [](const ArgumentDescription& argument) {
        return concat("<argument ", argument.name, ": ",
                      argument.layout ? argument.layout->name : name_of(argument.dtype), ">");
      });

  nb::class_<OperationOf<KernelCall>, Operation>(m, "KernelCall",
                                                 "A kernel with its values, ready to run.")
      .def("__repr__", [](const OperationOf<KernelCall>& o) { return call_text(o.op()); });
  nb::class_<DefinitionHandle>(m, "KernelDefinition", "A kernel from a signature and an MSL body.")
      .def(
          "__init__",
          [](DefinitionHandle* self, std::string name, std::vector<ArgumentDescription> arguments,
             std::string body, std::string file, unsigned first_line,
             const std::vector<std::pair<std::string, DType>>& constants,
             const std::optional<NamePairs>& in_place, std::string template_lines,
             const std::string& header, const std::string& header_file, unsigned header_line,
             const std::vector<std::filesystem::path>& include) {
            KernelDescription description;
            description.name = std::move(name);
            description.arguments = std::move(arguments);
            description.source = {std::move(file), std::move(body), first_line};
            description.form = KernelDescription::Form::body;
            std::vector<std::string> folders;
            for (const auto& folder : include) folders.push_back(folder.string());
            description.template_lines = std::move(template_lines);
            if (!header.empty()) {
              check_source(header, header_file);
              description.header = {
                  header_file,
                  with_includes(header, header_file, folders, ShaderFiles::left, header_line),
                  header_line};
            }
            for (const auto& [constant, dtype] : constants) {
              // Zero: a call brings the value.
              const std::vector<char> zero(info(dtype).block_bytes);
              description.constants.push_back(
                  {constant, to_constant(dtype, nb::bytes(zero.data(), zero.size()))});
            }
            if (!in_place) allow_in_place(description);
            for (const auto& [output, input] : in_place.value_or(NamePairs())) {
              allow_in_place(description, output, input);
            }
            new (self)
                DefinitionHandle{std::make_shared<const KernelDefinition>(std::move(description))};
          },
          nb::arg("name"), nb::arg("arguments"), nb::arg("body"), nb::arg("file"),
          nb::arg("first_line") = 1,
          nb::arg("constants") = std::vector<std::pair<std::string, DType>>(),
          nb::arg("in_place") = nb::none(), nb::arg("template_lines") = "", nb::arg("header") = "",
          nb::arg("header_file") = "", nb::arg("header_line") = 1,
          nb::arg("include") = std::vector<std::filesystem::path>(),
          nb::sig("def __init__(self, name: str, arguments: "
                  "collections.abc.Sequence[ArgumentDescription], body: str, file: str, "
                  "first_line: int = 1, constants: collections.abc.Sequence[tuple[str, DType]] = "
                  "[], in_place: collections.abc.Sequence[tuple[str, str]] | None = None, "
                  "template_lines: str = '', header: str = '', header_file: str = '', "
                  "header_line: int = 1, include: collections.abc.Sequence[str | "
                  "os.PathLike[str]] = []) -> None"))
      .def_prop_ro(
          "source", [](const DefinitionHandle& k) { return k.definition->source(); },
          "The whole MSL, signature included.")
      .def("__repr__",
           [](const DefinitionHandle& k) {
             return concat("<kernel ", k.definition->name(), " of ",
                           k.definition->description().arguments.size(), " arguments>");
           })
      .def(
          "call",
          [](const DefinitionHandle& k, const nb::list& values, const DispatchConfig& config,
             const std::vector<std::pair<DType, nb::bytes>>& constants) {
            KernelCall call{k.definition, {}, config};
            for (const auto& [dtype, bytes] : constants) {
              call.constants.push_back(to_constant(dtype, bytes));
            }
            call.values.reserve(values.size());
            for (nb::handle value : values) call.values.push_back(to_value(value));
            return std::make_unique<OperationOf<KernelCall>>(std::move(call), "KernelCall");
          },
          nb::arg("values"), nb::arg("config"),
          nb::arg("constants") = std::vector<std::pair<DType, nb::bytes>>(),
          nb::sig("def call(self, values: list[Tensor | bytes | int | "
                  "tuple[Parameter, DType] | None], config: DispatchConfig, constants: "
                  "collections.abc.Sequence[tuple[DType, bytes]] = []) -> KernelCall"));
}

}  // namespace foundry::python
