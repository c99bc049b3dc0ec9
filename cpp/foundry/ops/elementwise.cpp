#include "foundry/ops/elementwise.hpp"

#include "foundry/ops/element_run.hpp"
#include "foundry/ops/kernel_file.hpp"

namespace foundry::ops {
namespace {

constexpr StageType kMultiplyStage{.kind = StageKind::epilogue,
                                   .name = "Multiply",
                                   .file = "stages/multiply.metal",
                                   .argument = "factor",
                                   .tensor = StageTensor::result};

struct Operand {
  const char* name;   ///< of the argument
  const char* alias;  ///< of its type in the kernel
};

/// kernels/<name>.metal: y from two tensors, element by element.
struct Binary {
  const char* op;
  const char* name;
  Operand first;
  Operand second;
  bool only_floats = false;
};

constexpr Binary kAdd{.op = "Add", .name = "add", .first = {"a", "A"}, .second = {"b", "B"}};
constexpr Binary kMultiply{
    .op = "Multiply", .name = "multiply", .first = {"a", "A"}, .second = {"b", "B"}};
constexpr Binary kSwiGlu{.op = "SwiGlu",
                         .name = "swiglu",
                         .first = {"gate", "Gate"},
                         .second = {"up", "Up"},
                         .only_floats = true};
constexpr Binary kGeGlu{.op = "GeGlu",
                        .name = "geglu",
                        .first = {"gate", "Gate"},
                        .second = {"up", "Up"},
                        .only_floats = true};

/// What integers of y's type are computed in: unsigned, so that wrapping around is defined.
const char* integers_of(DType y) {
  return info(y).block_bytes == 8 ? "ulong" : "uint";
}

struct Recipe {
  const Binary* of;
  DType first;
  DType second;
  DType y;

  KernelDescription describe() const {
    auto kernel = kernel_file(of->name);
    kernel.arguments = {ArgumentDescription::buffer(of->first.name, Access::read, first),
                        ArgumentDescription::buffer(of->second.name, Access::read, second),
                        ArgumentDescription::buffer("y", Access::write, y),
                        ArgumentDescription::value("params", struct_layout<ElementwiseParams>())};
    allow_in_place(kernel, "y", of->first.name);
    allow_in_place(kernel, "y", of->second.name);
    const bool floats = is_float(first) || is_float(second) || is_float(y);
    kernel.aliases = {{of->first.alias, msl_type(first)},
                      {of->second.alias, msl_type(second)},
                      {"Y", msl_type(y)},
                      {"Via", floats ? "float" : integers_of(y)}};
    return kernel;
  }
};

void encode_binary(Encoder& encoder, const Binary& of, const AnyTensor& first,
                   const AnyTensor& second, const AnyTensor& y) {
  const auto require = of.only_floats ? require_float : require_plain;
  require(of.op, "y", y);
  require(of.op, of.first.name, first);
  require_count(of.op, of.first.name, first, y.count());
  require(of.op, of.second.name, second);
  require_count(of.op, of.second.name, second, y.count());
  const ElementwiseParams params{in_32_bits(of.op, "the number of elements", y.count())};
  const auto kernel = encoder.kernel(
      Recipe{.of = &of, .first = first.dtype(), .second = second.dtype(), .y = y.dtype()});
  encoder.dispatch(*kernel, {first, second, y, Argument::value(params)},
                   element_runs(params.count));
}

}  // namespace

void Add::encode(Encoder& encoder) const {
  encode_binary(encoder, kAdd, a, b, y);
}

Traffic Add::traffic() const {
  return traffic_of({&a, &b}, {&y});
}

void Multiply::encode(Encoder& encoder) const {
  encode_binary(encoder, kMultiply, a, b, y);
}

Traffic Multiply::traffic() const {
  return traffic_of({&a, &b}, {&y});
}

Multiply::operator Stage() const {
  if (b || y) {
    throw ArgumentError(concat("Multiply: an epilogue takes a alone, got ", b ? "b" : "y", " ",
                               (b ? b : y).describe()));
  }
  return {.type = &kMultiplyStage, .tensor = a};
}

void SwiGlu::encode(Encoder& encoder) const {
  encode_binary(encoder, kSwiGlu, gate, up, y);
}

Traffic SwiGlu::traffic() const {
  return traffic_of({&gate, &up}, {&y});
}

void GeGlu::encode(Encoder& encoder) const {
  encode_binary(encoder, kGeGlu, gate, up, y);
}

Traffic GeGlu::traffic() const {
  return traffic_of({&gate, &up}, {&y});
}

}  // namespace foundry::ops
