#include "foundry/program/recording.hpp"

#include <algorithm>
#include <cstring>

#include "foundry/core/error.hpp"
#include "foundry/core/inline_vector.hpp"
#include "foundry/device/dispatch_check.hpp"

namespace foundry {

using detail::ProgramBinding;
using detail::ProgramStep;
using detail::ProgramTensor;
using detail::ProgramUse;

namespace {

/// Whether a view has a part of each of the whole's outermost elements, as they lie there.
bool takes_all(const AnyTensor& view, const Extents& whole) {
  if (view.extents() == whole) return true;
  if (view.rank() == 0 || whole.rank() == 0 || view.extents()[0] != whole[0]) return false;
  return view.strides()[0] * whole[0] == whole.count();
}

/// What the lease's label says of its memory; plain bytes where it says nothing usable.
ProgramTensor describe(const Lease& lease) {
  const Label label = lease.label();
  ProgramTensor tensor;
  tensor.name = label.name.empty() ? "tensor" : label.name;
  const auto dtype = label.type_name ? find_dtype(label.type_name) : std::nullopt;
  if (dtype) {
    const Extents extents(std::span(label.dimensions.data(), label.dimensions.size()));
    if (byte_length(extents, *dtype) == lease.length()) {
      tensor.extents = extents;
      tensor.dtype = *dtype;
      return tensor;
    }
  }
  tensor.extents = Extents{lease.length()};
  return tensor;
}

}  // namespace

Recording::Recording(Encoder& encoder, std::string name)
    : encoder_(&encoder), name_(std::move(name)) {
  graph_.name = name_;
  open(encoder);
}

Recording::~Recording() {
  abandon();
}

Program Recording::finish() {
  if (!is_open()) throw ArgumentError(concat("record: '", name_, "' has ended already"));
  close();
  if (graph_.steps.empty()) {
    throw ArgumentError(concat("record: no dispatch of '", name_, "' was recorded"));
  }
  return Program(*encoder_, std::move(graph_), std::move(kernels_), std::move(leases_));
}

std::uint32_t Recording::kernel_index(const CompiledKernel& kernel) {
  const auto [found, is_new] =
      kernel_indices_.emplace(&kernel, static_cast<std::uint32_t>(kernels_.size()));
  if (is_new) {
    kernels_.push_back(kernel.shared_from_this());
    graph_.kernels.push_back({kernel.description, kernel.source});
  }
  return found->second;
}

std::uint32_t Recording::tensor_index(const AnyTensor& tensor) {
  const auto [found, is_new] =
      tensor_indices_.emplace(tensor.lease().target(), static_cast<std::uint32_t>(leases_.size()));
  if (is_new) {
    ProgramTensor described = describe(tensor.lease());
    const auto is_taken = [&](const std::string& name) {
      return std::any_of(graph_.tensors.begin(), graph_.tensors.end(),
                         [&](const auto& other) { return other.name == name; });
    };
    std::string name = described.name;
    for (int n = 2; is_taken(name); ++n) name = concat(described.name, " (", n, ")");
    described.name = std::move(name);
    graph_.tensors.push_back(std::move(described));
    leases_.push_back(tensor.lease().held_as(Holder::Kind::program));
  }
  return found->second;
}

std::uint32_t Recording::parameter_index(const Parameter& parameter) {
  auto& names = graph_.parameters;
  const auto found = std::find(names.begin(), names.end(), parameter.name());
  if (found != names.end()) return static_cast<std::uint32_t>(found - names.begin());
  names.push_back(parameter.name());
  return static_cast<std::uint32_t>(names.size() - 1);
}

ProgramBinding Recording::record(const RecordedArgument& argument) {
  const Binding& given = argument.binding;
  ProgramBinding binding;
  binding.kind = given.kind;
  binding.access = given.access;
  binding.index = given.index;
  switch (given.kind) {
    case Binding::Kind::buffer:
      binding.tensor = tensor_index(*argument.tensor);
      binding.offset = given.range.offset - argument.tensor->lease().offset();
      binding.length = given.range.length;
      if (writes(given.access)) graph_.tensors[binding.tensor].is_written = true;
      break;
    case Binding::Kind::bytes:
      binding.offset = graph_.constants.size();
      binding.length = given.constant.size();
      graph_.constants.insert(graph_.constants.end(), given.constant.begin(), given.constant.end());
      break;
    case Binding::Kind::threadgroup_memory:
      binding.length = given.threadgroup_length;
      break;
  }
  return binding;
}

ProgramUse Recording::record(const ParameterUse& use, std::uint32_t binding) {
  ProgramUse recorded;
  recorded.parameter = parameter_index(*use.parameter);
  recorded.binding = binding;
  recorded.offset = use.offset;
  recorded.type = use.type;
  recorded.plus = use.parameter->plus();
  recorded.tokens = use.tokens;
  recorded.limit = use.limit;
  if (use.room) {
    recorded.limit = use.room->extents()[0];
    const std::uint32_t room = tensor_index(*use.room);
    // A view's place in its memory is fixed: longer memory gives it more room where it has a part
    // of everything along the outermost dimension.
    if (takes_all(*use.room, graph_.tensors[room].extents)) recorded.room = room;
  }
  return recorded;
}

void Recording::dispatch(const CompiledKernel& kernel, std::span<const RecordedArgument> arguments,
                         const DispatchConfig& config) {
  std::vector<Binding> bindings;
  for (const RecordedArgument& argument : arguments) bindings.push_back(argument.binding);
  detail::check_dispatch(encoder_->device(), kernel.pipeline, bindings, config.threadgroup);

  ProgramStep step;
  step.kernel = kernel_index(kernel);
  step.config = config;
  for (const RecordedArgument& argument : arguments) {
    const auto index = static_cast<std::uint32_t>(step.bindings.size());
    step.bindings.push_back(record(argument));
    for (const ParameterUse& use : argument.uses) {
      if (use.parameter) step.uses.push_back(record(use, index));
    }
  }
  graph_.steps.push_back(std::move(step));
}

}  // namespace foundry
