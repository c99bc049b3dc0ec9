#include "foundry/ops/elementwise.hpp"

#include <initializer_list>

#include "foundry/ops/checks.hpp"
#include "foundry/ops/kernel_file.hpp"

namespace foundry::ops {
namespace {

struct Operand {
  const char* name;
  const AnyTensor* tensor;
};

void require_plain(const char* op, const char* what, const AnyTensor& tensor) {
  require_present(op, what, tensor);
  if (is_block(tensor.dtype())) {
    throw DTypeError(concat(op, ": ", what, " takes a plain type, got ", tensor.describe()));
  }
}

/// Encodes kernels/<name>.metal over `inputs` and `y`, whose types it knows as Y.
template <class Params>
void encode_elementwise(Encoder& encoder, const char* op, const char* name, const void* family,
                        std::initializer_list<Operand> inputs, const AnyTensor& y, Params params) {
  require_plain(op, "y", y);
  KernelKey key(family, {word(y.dtype())});
  std::vector<Argument> arguments;
  for (const auto& input : inputs) {
    require_plain(op, input.name, *input.tensor);
    require_count(op, input.name, *input.tensor, y.count());
    key.add(word(input.tensor->dtype()));
    arguments.emplace_back(*input.tensor);
  }
  params.count = narrow(op, "the number of elements", y.count());
  const auto kernel = encoder.kernel(key, [&] {
    auto description = kernel_file(name);
    for (const auto& input : inputs) {
      description.arguments.push_back(
          ArgumentDescription::buffer(input.name, Access::read, input.tensor->dtype()));
    }
    description.arguments.push_back(ArgumentDescription::buffer("y", Access::write, y.dtype()));
    description.arguments.push_back(ArgumentDescription::value("params", struct_layout<Params>()));
    description.aliases = {{"Y", msl_type(y.dtype())}};
    if (inputs.size() == 1) {
      const DType x = inputs.begin()->tensor->dtype();
      const bool floats = info(x).is_float && info(y.dtype()).is_float;
      description.aliases.push_back({"Via", floats ? "float" : msl_type(x)});
    }
    return description;
  });
  arguments.emplace_back(y);
  arguments.push_back(Argument::value(params));
  encoder.dispatch(*kernel, arguments, covering(params.count));
}

}  // namespace

void Add::encode(Encoder& encoder) const {
  static const char family = 0;
  encode_elementwise(encoder, "Add", "add", &family, {{"a", &a}, {"b", &b}}, y,
                     ElementwiseParams{});
}

Traffic Add::traffic() const {
  return traffic_of({&a, &b}, {&y});
}

void Multiply::encode(Encoder& encoder) const {
  static const char family = 0;
  encode_elementwise(encoder, "Multiply", "multiply", &family, {{"a", &a}, {"b", &b}}, y,
                     ElementwiseParams{});
}

Traffic Multiply::traffic() const {
  return traffic_of({&a, &b}, {&y});
}

void SwiGlu::encode(Encoder& encoder) const {
  static const char family = 0;
  encode_elementwise(encoder, "SwiGlu", "swiglu", &family, {{"gate", &gate}, {"up", &up}}, y,
                     ElementwiseParams{});
}

Traffic SwiGlu::traffic() const {
  return traffic_of({&gate, &up}, {&y});
}

void Copy::encode(Encoder& encoder) const {
  static const char family = 0;
  encode_elementwise(encoder, "Copy", "copy", &family, {{"x", &x}}, y, ElementwiseParams{});
}

Traffic Copy::traffic() const {
  return traffic_of({&x}, {&y});
}

void Fill::encode(Encoder& encoder) const {
  static const char family = 0;
  encode_elementwise(encoder, "Fill", "fill", &family, {}, y, FillParams{0, value});
}

Traffic Fill::traffic() const {
  return traffic_of({}, {&y});
}

}  // namespace foundry::ops
