#include "foundry/program/program_file.hpp"

#include <algorithm>
#include <array>
#include <limits>
#include <type_traits>

#include "foundry/core/checked.hpp"
#include "foundry/core/content_hash.hpp"
#include "foundry/core/error.hpp"
#include "foundry/core/quoted.hpp"
#include "foundry/gguf/byte_reader.hpp"
#include "foundry/kernel/parameter.hpp"

namespace foundry::detail {

namespace {

constexpr std::string_view kMagic = "FNDRYPRG";
constexpr std::uint8_t kOwnDType = 255;  // a format follows, as numbers of an app's own differ
constexpr std::size_t kHeader = kMagic.size() + sizeof(std::uint32_t) + 2 * sizeof(std::uint64_t);

class Writer {
 public:
  template <class T>
    requires std::is_trivially_copyable_v<T>
  void number(const T& value) {
    bytes(std::as_bytes(std::span(&value, 1)));
  }
  void bytes(std::span<const std::byte> raw) { out.insert(out.end(), raw.begin(), raw.end()); }
  void string(std::string_view text) {
    number<std::uint64_t>(text.size());
    bytes(std::as_bytes(std::span(text)));
  }
  void blob(std::span<const std::byte> raw) {
    number<std::uint64_t>(raw.size());
    bytes(raw);
  }
  void dtype(DType dtype) {
    const bool is_built_in = static_cast<std::size_t>(dtype) < kBuiltInDTypes;
    number(is_built_in ? static_cast<std::uint8_t>(dtype) : kOwnDType);
    if (is_built_in) return;
    const BlockFormat format = format_of(dtype);
    string(format.name);
    number(format.block_elements);
    number(format.block_bytes);
    number<std::uint8_t>(format.ggml_type.has_value());
    if (format.ggml_type) number(*format.ggml_type);
  }
  template <class T, class Put>
  void list(const std::vector<T>& items, const Put& put) {
    number<std::uint64_t>(items.size());
    for (const T& item : items) put(item);
  }
  std::vector<std::byte> out;
};

void put(Writer& out, const ArgumentDescription& argument) {
  out.string(argument.name);
  out.number(argument.kind);
  out.number(argument.access);
  out.dtype(argument.dtype);
  out.number<std::uint8_t>(argument.optional);
  out.number<std::uint8_t>(argument.present);
  out.number<std::uint8_t>(argument.strided);
  out.number<std::uint8_t>(argument.layout.has_value());
  if (!argument.layout) return;
  out.string(argument.layout->name);
  out.number(argument.layout->size);
  out.number(argument.layout->alignment);
  out.list(argument.layout->members, [&](const StructMember& member) {
    out.string(member.name);
    out.dtype(member.type);
    out.number(member.count);
    out.number(member.offset);
    out.number(member.lanes);
  });
}

void put(Writer& out, const FunctionConstants& constants) {
  out.number<std::uint64_t>(constants.values().size());
  for (const auto& [index, value] : constants.values()) {
    out.number(index);
    out.string(FunctionConstants::type_of(value));
    std::visit(
        [&]<class T>(const T& held) {
          if constexpr (std::is_same_v<T, ConstantVector>) {
            out.blob(held.bytes());
          } else {
            out.blob(std::as_bytes(std::span(&held, 1)));
          }
        },
        value);
  }
}

void put(Writer& out, const ProgramKernel& kernel) {
  out.string(kernel.description.name);
  out.number(kernel.description.form);
  out.list(kernel.description.arguments,
           [&](const ArgumentDescription& argument) { put(out, argument); });
  out.list(kernel.description.constants, [&](const KernelConstant& constant) {
    out.string(constant.name);
    out.number(static_cast<std::uint8_t>(constant.value.index()));
    std::visit([&](const auto& value) { out.number(value); }, constant.value);
  });
  put(out, kernel.description.specialisation);
  out.number(kernel.description.math);
  out.string(kernel.source);
}

void put(Writer& out, const ProgramStep& step) {
  out.number(step.kernel);
  const auto& [grid, threadgroup] = step.config;
  for (const auto size : {grid.x, grid.y, grid.z}) out.number(size);
  out.number(grid.unit);
  for (const auto size : {threadgroup.x, threadgroup.y, threadgroup.z}) out.number(size);
  out.list(step.bindings, [&](const ProgramBinding& binding) {
    out.number(binding.kind);
    out.number(binding.access);
    out.number(binding.index);
    out.number(binding.tensor);
    out.number(binding.offset);
    out.number(binding.length);
  });
  out.list(step.uses, [&](const ProgramUse& use) {
    out.number(use.parameter);
    out.number(use.binding);
    out.number(use.offset);
    out.dtype(use.type);
    out.number(use.plus);
    out.number(use.tokens);
    out.number(use.limit);
    out.number(use.room);
  });
}

/// A cursor that knows the domains of what it reads.
class Reader : public BasicByteReader<ProgramError> {
 public:
  using BasicByteReader::BasicByteReader;

  /// An enumerator up to `last`.
  template <class E>
  E enumerator(E last, const char* what) {
    const std::uint64_t at = position();
    const auto value = number<std::underlying_type_t<E>>(what);
    if (value > static_cast<std::underlying_type_t<E>>(last)) {
      fail(at, concat(what, " is ", +value, ", the largest is ",
                      +static_cast<std::underlying_type_t<E>>(last)));
    }
    return static_cast<E>(value);
  }
  DType dtype(const char* what) {
    const std::uint64_t at = position();
    const auto value = number<std::uint8_t>(what);
    if (value < kBuiltInDTypes) return static_cast<DType>(value);
    if (value != kOwnDType) {
      fail(at, concat(what, " is ", +value, ", the largest is ", kBuiltInDTypes - 1));
    }
    return own_dtype(at);
  }
  bool boolean(const char* what) {
    const std::uint64_t at = position();
    const auto value = number<std::uint8_t>(what);
    if (value > 1) fail(at, concat(what, " is ", +value, ", neither 0 nor 1"));
    return value == 1;
  }
  /// One of an app's own, which is to be there already: a file does not add to the process's table.
  DType own_dtype(std::uint64_t at) {
    BlockFormat format{.name = string("a dtype's name")};
    format.block_elements = number<std::uint32_t>("a dtype's weights");
    format.block_bytes = number<std::uint32_t>("a dtype's bytes");
    if (boolean("has a number")) format.ggml_type = number<std::uint32_t>("a dtype's number");
    const auto known = find_dtype(format.name);
    if (!known) {
      fail(at,
           concat("unsupported dtype ", Quoted{format.name}, " of ", to_string(format),
                  "; register it before the program is loaded; supported: ", supported_dtypes()));
    }
    if (format_of(*known) != format) {
      fail(at, concat("dtype ", Quoted{format.name}, " has ", to_string(format),
                      ", but here it has ", to_string(format_of(*known))));
    }
    return *known;
  }
  /// An index below `count`.
  std::uint32_t index(std::size_t count, const char* what) {
    const std::uint64_t at = position();
    const auto value = number<std::uint32_t>(what);
    if (value >= count) fail(at, concat(what, " is ", value, ", there are ", count));
    return value;
  }
  /// A vector whose items take `least` bytes each, at least.
  template <class T, class Get>
  std::vector<T> list(std::uint64_t least, const char* what, const Get& get) {
    const std::uint64_t at = position();
    const auto count = number<std::uint64_t>(what);
    require_count(at, count, least, what);
    std::vector<T> items;
    items.reserve(count);
    for (std::uint64_t i = 0; i < count; ++i) items.push_back(get());
    return items;
  }
  std::vector<std::byte> blob(const char* what) {
    const std::string_view text = string(what);
    const auto bytes = std::as_bytes(std::span(text));
    return {bytes.begin(), bytes.end()};
  }
};

Extents read_extents(Reader& in, DType dtype, std::uint64_t& length) {
  const std::uint64_t at = in.position();
  const auto values = in.list<std::uint64_t>(sizeof(std::uint64_t), "extents",
                                             [&] { return in.number<std::uint64_t>("an extent"); });
  try {
    const Extents extents{std::span<const std::uint64_t>(values)};
    length = byte_length(extents, dtype);
    return extents;
  } catch (const Error& error) {
    in.fail(at, error.what());
  }
}

ArgumentDescription read_argument(Reader& in) {
  ArgumentDescription argument;
  argument.name = in.string("an argument's name");
  argument.kind = in.enumerator(ArgumentDescription::Kind::threadgroup_memory, "argument kind");
  argument.access = in.enumerator(Access::write_some, "access");
  argument.dtype = in.dtype("argument dtype");
  argument.optional = in.boolean("optional");
  argument.present = in.boolean("present");
  argument.strided = in.boolean("strided");
  if (!in.boolean("has a layout")) return argument;
  StructLayout layout;
  layout.name = in.string("a struct's name");
  layout.size = in.number<std::uint64_t>("a struct's size");
  layout.alignment = in.number<std::uint64_t>("a struct's alignment");
  layout.members = in.list<StructMember>(25, "struct members", [&] {
    StructMember member;
    member.name = in.string("a member's name");
    member.type = in.dtype("member type");
    member.count = in.number<std::uint32_t>("a member's count");
    member.offset = in.number<std::uint64_t>("a member's offset");
    member.lanes = in.number<std::uint32_t>("a member's lanes");
    return member;
  });
  argument.layout = std::move(layout);
  return argument;
}

template <std::size_t I = 0>
FunctionConstants::Value read_value(Reader& in, std::size_t index) {
  if constexpr (I < std::variant_size_v<FunctionConstants::Value>) {
    if (index != I) return read_value<I + 1>(in, index);
    using T = std::variant_alternative_t<I, FunctionConstants::Value>;
    if constexpr (std::is_same_v<T, bool>) {
      return in.boolean("a constant's value");
    } else if constexpr (std::is_same_v<T, ConstantVector>) {
      in.fail(in.position(), "a constant of a kernel's own description is a vector");
    } else if constexpr (std::is_same_v<T, f16>) {
      return f16::from_bits(in.number<std::uint16_t>("a constant's value"));
    } else {
      return in.number<T>("a constant's value");
    }
  } else {
    in.fail(in.position(), concat("a constant's type is ", index));
  }
}

FunctionConstants read_specialisation(Reader& in) {
  FunctionConstants constants;
  const std::uint64_t begin = in.position();
  const auto count = in.number<std::uint64_t>("values of function constants");
  in.require_count(begin, count, 20, "values of function constants");
  for (std::uint64_t i = 0; i < count; ++i) {
    const auto index = in.number<std::uint32_t>("a function constant's index");
    const std::uint64_t at = in.position();
    const std::string type(in.string("a function constant's type"));
    const auto bytes = in.blob("a function constant's value");
    try {
      constants.set(index, FunctionConstants::value(type, bytes));
    } catch (const ArgumentError& error) {
      in.fail(at, error.what());
    }
  }
  return constants;
}

ProgramKernel read_kernel(Reader& in) {
  ProgramKernel kernel;
  kernel.description.name = in.string("a kernel's name");
  kernel.description.form = in.enumerator(KernelDescription::Form::library, "kernel form");
  kernel.description.arguments =
      in.list<ArgumentDescription>(15, "arguments", [&] { return read_argument(in); });
  kernel.description.constants = in.list<KernelConstant>(10, "constants", [&] {
    std::string name(in.string("a constant's name"));
    const auto type = in.number<std::uint8_t>("a constant's type");
    return KernelConstant{std::move(name), read_value(in, type)};
  });
  kernel.description.specialisation = read_specialisation(in);
  kernel.description.math = in.enumerator(MathMode::safe, "math mode");
  kernel.source = in.string("a kernel's source");
  return kernel;
}

/// A step of `graph`, of which everything but the steps is known; `lengths` are its tensors' bytes.
ProgramStep read_step(Reader& in, const ProgramGraph& graph,
                      std::span<const std::uint64_t> lengths) {
  ProgramStep step;
  step.kernel = in.index(graph.kernels.size(), "a step's kernel");
  const auto size = [&](const char* what) {
    const std::uint64_t at = in.position();
    const auto value = in.number<std::uint32_t>(what);
    if (value == 0) in.fail(at, concat(what, " is 0"));
    return value;
  };
  auto& [grid, threadgroup] = step.config;
  for (auto* value : {&grid.x, &grid.y, &grid.z}) *value = size("a grid's size");
  grid.unit = in.enumerator(GridSize::Unit::threadgroups, "grid unit");
  for (auto* value : {&threadgroup.x, &threadgroup.y, &threadgroup.z}) {
    *value = size("a threadgroup's size");
  }
  step.bindings = in.list<ProgramBinding>(26, "bindings", [&] {
    const std::uint64_t at = in.position();
    ProgramBinding binding;
    binding.kind = in.enumerator(Binding::Kind::threadgroup_memory, "binding kind");
    binding.access = in.enumerator(Access::write_some, "access");
    binding.index = in.number<std::uint32_t>("a binding's index");
    const bool is_buffer = binding.kind == Binding::Kind::buffer;
    binding.tensor = is_buffer ? in.index(graph.tensors.size(), "a binding's tensor")
                               : in.number<std::uint32_t>("a binding's tensor");
    binding.offset = in.number<std::uint64_t>("a binding's offset");
    binding.length = in.number<std::uint64_t>("a binding's length");
    const std::uint64_t room = is_buffer ? lengths[binding.tensor] : graph.constants.size();
    if (binding.kind != Binding::Kind::threadgroup_memory &&
        !range_fits(binding.offset, binding.length, room)) {
      in.fail(at,
              concat("a binding has ", binding.length, " bytes at ", binding.offset, " of ", room));
    }
    if (is_buffer && writes(binding.access) && !graph.tensors[binding.tensor].is_written) {
      in.fail(at, concat("tensor '", graph.tensors[binding.tensor].name,
                         "' is written, and is said not to be"));
    }
    return binding;
  });
  step.uses = in.list<ProgramUse>(41, "uses of parameters", [&] {
    const std::uint64_t at = in.position();
    ProgramUse use;
    use.parameter = in.index(graph.parameters.size(), "a use's parameter");
    use.binding = in.index(step.bindings.size(), "a use's binding");
    use.offset = in.number<std::uint32_t>("a use's offset");
    use.type = in.dtype("use's type");
    use.plus = in.number<std::int64_t>("a use's summand");
    use.tokens = in.number<std::uint64_t>("a use's tokens");
    use.limit = in.number<std::uint64_t>("a use's limit");
    use.room = in.number<std::uint32_t>("a use's room");
    const ProgramBinding& binding = step.bindings[use.binding];
    if (binding.kind != Binding::Kind::bytes || is_block(use.type) ||
        !range_fits(use.offset, info(use.type).block_bytes, binding.length)) {
      in.fail(at, concat("a ", name_of(use.type), " at byte ", use.offset,
                         " is not in its binding of ", binding.length));
    }
    if (use.room != ProgramUse::kNoRoom &&
        (use.room >= graph.tensors.size() || graph.tensors[use.room].extents.rank() == 0)) {
      in.fail(at, concat("a position's tensor is ", use.room));
    }
    return use;
  });
  return step;
}

TensorContents read_contents(Reader& in, std::uint64_t length) {
  const std::uint64_t at = in.position();
  TensorContents contents;
  contents.kind = in.enumerator(TensorContents::Kind::weight, "contents kind");
  contents.bytes = in.blob("a tensor's contents");
  contents.file = in.number<std::uint32_t>("a weight's file");
  contents.weight = in.string("a weight's name");
  contents.hash = in.number<std::uint64_t>("a weight's hash");
  if (contents.kind == TensorContents::Kind::bytes && contents.bytes.size() != length) {
    in.fail(at, concat("a tensor of ", length, " bytes has ", contents.bytes.size(), " of them"));
  }
  return contents;
}

}  // namespace

std::vector<std::byte> write_program(const ProgramImage& image) {
  const ProgramGraph& graph = image.graph;
  Writer body;
  body.string(graph.name);
  body.list(graph.kernels, [&](const ProgramKernel& kernel) { put(body, kernel); });
  body.list(graph.tensors, [&](const ProgramTensor& tensor) {
    body.string(tensor.name);
    body.dtype(tensor.dtype);
    body.number<std::uint8_t>(tensor.is_written);
    body.number<std::uint64_t>(tensor.extents.rank());
    for (const std::uint64_t extent : tensor.extents) body.number(extent);
  });
  body.list(graph.parameters, [&](const std::string& name) { body.string(name); });
  body.blob(graph.constants);
  body.list(graph.steps, [&](const ProgramStep& step) { put(body, step); });
  body.list(image.weight_files, [&](const std::string& path) { body.string(path); });
  for (const TensorContents& contents : image.contents) {
    body.number(contents.kind);
    body.blob(contents.bytes);
    body.number(contents.file);
    body.string(contents.weight);
    body.number(contents.hash);
  }
  Writer file;
  file.bytes(std::as_bytes(std::span(kMagic)));
  file.number(kProgramVersion);
  file.number<std::uint64_t>(body.out.size());
  file.number(content_hash(body.out));
  file.bytes(body.out);
  return std::move(file.out);
}

ProgramImage read_program(const std::string& path, std::span<const std::byte> bytes) {
  Reader in(path, bytes);
  if (bytes.size() < kHeader) {
    in.fail(0, concat("a program file has a header of ", kHeader, " bytes, this one has ",
                      bytes.size()));
  }
  if (unsafe::text_of(bytes.first(kMagic.size())) != kMagic) in.fail(0, "not a program file");
  in.skip(kMagic.size());
  const auto version = in.number<std::uint32_t>("the version");
  if (version != kProgramVersion) {
    in.fail(kMagic.size(),
            concat("version ", version, "; this Foundry reads version ", kProgramVersion));
  }
  const auto length = in.number<std::uint64_t>("the length");
  const auto hash = in.number<std::uint64_t>("the hash");
  if (length != in.left()) {
    in.fail(kHeader, concat(length, " bytes should follow, there are ", in.left()));
  }
  if (content_hash(bytes.subspan(kHeader)) != hash) {
    in.fail(kHeader, "the contents are damaged: their hash is another");
  }

  ProgramImage image;
  ProgramGraph& graph = image.graph;
  graph.name = in.string("the name");
  graph.kernels = in.list<ProgramKernel>(42, "kernels", [&] { return read_kernel(in); });
  std::vector<std::uint64_t> lengths;
  graph.tensors = in.list<ProgramTensor>(18, "tensors", [&] {
    ProgramTensor tensor;
    tensor.name = in.string("a tensor's name");
    const std::uint64_t at = in.position();
    tensor.dtype = in.dtype("tensor dtype");
    if (!is_supported(tensor.dtype)) {
      in.fail(at, concat("unsupported dtype ", name_of(tensor.dtype),
                         "; supported: ", supported_dtypes()));
    }
    tensor.is_written = in.boolean("is written");
    tensor.extents = read_extents(in, tensor.dtype, lengths.emplace_back());
    return tensor;
  });
  graph.parameters = in.list<std::string>(8, "parameters", [&] {
    const std::uint64_t at = in.position();
    std::string name(in.string("a parameter's name"));
    try {
      (void)Parameter(name);
    } catch (const ArgumentError& error) {
      in.fail(at, error.what());
    }
    return name;
  });
  graph.constants = in.blob("the constants");
  graph.steps = in.list<ProgramStep>(45, "steps", [&] { return read_step(in, graph, lengths); });
  image.weight_files = in.list<std::string>(
      8, "weight files", [&] { return std::string(in.string("a weight file")); });
  for (const std::uint64_t tensor_length : lengths) {
    const std::uint64_t at = in.position();
    image.contents.push_back(read_contents(in, tensor_length));
    const TensorContents& contents = image.contents.back();
    if (contents.kind == TensorContents::Kind::weight &&
        contents.file >= image.weight_files.size()) {
      in.fail(at, concat("a weight's file is ", contents.file, ", there are ",
                         image.weight_files.size()));
    }
  }
  if (in.left() != 0) in.fail(in.position(), concat(in.left(), " bytes are left over"));
  return image;
}

}  // namespace foundry::detail
