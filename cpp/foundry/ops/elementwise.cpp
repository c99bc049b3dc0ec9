#include "foundry/ops/elementwise.hpp"

#include "foundry/ops/element_run.hpp"
#include "foundry/ops/kernel_file.hpp"
#include "foundry/ops/operands.hpp"

namespace foundry::ops {
namespace {

constexpr StageType kMultiplyStage{.kind = StageKind::epilogue,
                                   .name = "Multiply",
                                   .file = "stages/multiply.metal",
                                   .tensors = {StageOperand{"factor", StageTensor::result}}};

struct Operand {
  const char* name;   ///< of the argument
  const char* alias;  ///< of its type in the kernel
};

/// kernels/<name>.metal: y from two tensors, element by element.
struct Binary {
  const char* name;
  Operand first;
  Operand second;
};

constexpr Binary kAdd{.name = "add", .first = {"a", "A"}, .second = {"b", "B"}};
constexpr Binary kMultiply{.name = "multiply", .first = {"a", "A"}, .second = {"b", "B"}};
constexpr Binary kSwiGlu{.name = "swiglu", .first = {"gate", "Gate"}, .second = {"up", "Up"}};
constexpr Binary kGeGlu{.name = "geglu", .first = {"gate", "Gate"}, .second = {"up", "Up"}};

/// What integers of y's type are computed in: unsigned, so that wrapping around is defined.
const char* integers_of(DType y) {
  return info(y).block_bytes == 8 ? "ulong" : "uint";
}

template <class Op>
struct ElementwiseRecipe {
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
    allow_in_place<Op>(kernel);
    const bool floats = is_float(first) || is_float(second) || is_float(y);
    kernel.aliases = {{of->first.alias, msl_type(first)},
                      {of->second.alias, msl_type(second)},
                      {"Y", msl_type(y)},
                      {"Via", floats ? "float" : integers_of(y)}};
    return kernel;
  }
};

template <class Op>
void encode_binary(Encoder& encoder, const Op& op, const Binary& of, const AnyTensor& first,
                   const AnyTensor& second) {
  require_operands(op);
  const AnyTensor& y = op.y;
  require_count(kName<Op>, of.first.name, first, y.count());
  require_count(kName<Op>, of.second.name, second, y.count());
  const ElementwiseParams params{in_32_bits(kName<Op>, "the number of elements", y.count())};
  const auto kernel = encoder.kernel(ElementwiseRecipe<Op>{
      .of = &of, .first = first.dtype(), .second = second.dtype(), .y = y.dtype()});
  encoder.dispatch(*kernel, {first, second, y, Argument::value(params)},
                   element_runs(params.count));
}

}  // namespace

void Add::encode(Encoder& encoder) const {
  encode_binary(encoder, *this, kAdd, a, b);
}

Traffic Add::traffic() const {
  return traffic_of(*this);
}

void Multiply::encode(Encoder& encoder) const {
  encode_binary(encoder, *this, kMultiply, a, b);
}

Traffic Multiply::traffic() const {
  return traffic_of(*this);
}

Multiply::operator Stage() const {
  if (b || y) {
    throw ArgumentError(concat("Multiply: an epilogue takes a alone, got ", b ? "b" : "y", " ",
                               (b ? b : y).describe()));
  }
  return {.type = &kMultiplyStage, .tensors = {a}};
}

void SwiGlu::encode(Encoder& encoder) const {
  encode_binary(encoder, *this, kSwiGlu, gate, up);
}

Traffic SwiGlu::traffic() const {
  return traffic_of(*this);
}

void GeGlu::encode(Encoder& encoder) const {
  encode_binary(encoder, *this, kGeGlu, gate, up);
}

Traffic GeGlu::traffic() const {
  return traffic_of(*this);
}

}  // namespace foundry::ops
