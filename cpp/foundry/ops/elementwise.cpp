#include "foundry/ops/elementwise.hpp"

#include <array>

#include "foundry/ops/element_run.hpp"
#include "foundry/ops/kernel_file.hpp"

namespace foundry::ops {
namespace {

constexpr StageType kMultiply{StageKind::epilogue, "Multiply", "stages/multiply.metal", "factor",
                              StageTensor::result, false};

struct Operand {
  const char* name;   ///< of the argument
  const char* alias;  ///< of its type in the kernel
  const AnyTensor& tensor;
};

/// What integers of y's type are computed in: unsigned, so that wrapping around is defined.
const char* integers_of(DType y) {
  return info(y).block_bytes == 8 ? "ulong" : "uint";
}

/// Encodes kernels/<name>.metal over two operands and y.
void encode_binary(Encoder& encoder, const char* op, const char* name, const void* family,
                   const std::array<Operand, 2>& operands, const AnyTensor& y) {
  const bool floats = is_float(operands[0].tensor.dtype()) ||
                      is_float(operands[1].tensor.dtype()) || is_float(y.dtype());
  const ElementwiseParams params{in_32_bits(op, "the number of elements", y.count())};
  const auto kernel = encoder.kernel(
      KernelKey(family, {word(operands[0].tensor.dtype()), word(operands[1].tensor.dtype()),
                         word(y.dtype())}),
      [&] {
        auto description = kernel_file(name);
        for (const auto& operand : operands) {
          const DType dtype = operand.tensor.dtype();
          description.arguments.push_back(
              ArgumentDescription::buffer(operand.name, Access::read, dtype));
          description.aliases.push_back({operand.alias, msl_type(dtype)});
        }
        description.arguments.push_back(ArgumentDescription::buffer("y", Access::write, y.dtype()));
        for (const auto& operand : operands) allow_in_place(description, "y", operand.name);
        description.arguments.push_back(
            ArgumentDescription::value("params", struct_layout<ElementwiseParams>()));
        description.aliases.push_back({"Y", msl_type(y.dtype())});
        description.aliases.push_back({"Via", floats ? "float" : integers_of(y.dtype())});
        return description;
      });
  encoder.dispatch(*kernel, {operands[0].tensor, operands[1].tensor, y, Argument::value(params)},
                   element_runs(params.count));
}

void check_plain(const char* op, const std::array<Operand, 2>& operands, const AnyTensor& y) {
  require_plain(op, "y", y);
  for (const auto& operand : operands) {
    require_plain(op, operand.name, operand.tensor);
    require_count(op, operand.name, operand.tensor, y.count());
  }
}

void check_floats(const char* op, const std::array<Operand, 2>& operands, const AnyTensor& y) {
  require_float(op, "y", y);
  for (const auto& operand : operands) {
    require_float(op, operand.name, operand.tensor);
    require_count(op, operand.name, operand.tensor, y.count());
  }
}

}  // namespace

void Add::encode(Encoder& encoder) const {
  static const char family = 0;
  const std::array<Operand, 2> operands{{{"a", "A", a}, {"b", "B", b}}};
  check_plain("Add", operands, y);
  encode_binary(encoder, "Add", "add", &family, operands, y);
}

Traffic Add::traffic() const {
  return traffic_of({&a, &b}, {&y});
}

void Multiply::encode(Encoder& encoder) const {
  static const char family = 0;
  const std::array<Operand, 2> operands{{{"a", "A", a}, {"b", "B", b}}};
  check_plain("Multiply", operands, y);
  encode_binary(encoder, "Multiply", "multiply", &family, operands, y);
}

Traffic Multiply::traffic() const {
  return traffic_of({&a, &b}, {&y});
}

Multiply::operator Stage() const {
  if (b || y) {
    throw ArgumentError(concat("Multiply: an epilogue takes a alone, got ", b ? "b" : "y", " ",
                               (b ? b : y).describe()));
  }
  return {&kMultiply, a, 0.0f};
}

void SwiGlu::encode(Encoder& encoder) const {
  static const char family = 0;
  const std::array<Operand, 2> operands{{{"gate", "Gate", gate}, {"up", "Up", up}}};
  check_floats("SwiGlu", operands, y);
  encode_binary(encoder, "SwiGlu", "swiglu", &family, operands, y);
}

Traffic SwiGlu::traffic() const {
  return traffic_of({&gate, &up}, {&y});
}

void GeGlu::encode(Encoder& encoder) const {
  static const char family = 0;
  const std::array<Operand, 2> operands{{{"gate", "Gate", gate}, {"up", "Up", up}}};
  check_floats("GeGlu", operands, y);
  encode_binary(encoder, "GeGlu", "geglu", &family, operands, y);
}

Traffic GeGlu::traffic() const {
  return traffic_of({&gate, &up}, {&y});
}

}  // namespace foundry::ops
