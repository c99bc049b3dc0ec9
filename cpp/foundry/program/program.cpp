#include "foundry/program/program.hpp"

#include <algorithm>
#include <cstring>

#include "foundry/core/error.hpp"
#include "foundry/program/program_state.hpp"

namespace foundry {

using detail::ProgramBinding;
using detail::ProgramGraph;
using detail::ProgramStep;
using detail::ProgramTensor;
using detail::ProgramUse;

namespace {

std::size_t aligned_length(std::size_t length) {
  constexpr std::size_t unit = CommandList::kConstantAlignment;
  return (length + unit - 1) / unit * unit;
}

/// Constants on their way to the stream: the thread's own memory, used again by its next replay.
/// Moved out while in use, since a wait may run code that replays too.
class Scratch {
 public:
  std::vector<std::byte> take() { return std::move(spare_); }
  ~Scratch() { spare_ = std::move(constants); }
  std::vector<std::byte> constants;

 private:
  static thread_local std::vector<std::byte> spare_;
};
thread_local std::vector<std::byte> Scratch::spare_;

std::string words(const ProgramTensor& tensor, const Extents& extents) {
  return Label{tensor.name, name_of(tensor.dtype), extents.dimensions()}.to_string();
}

}  // namespace

Program::State::State(Encoder& e, ProgramGraph g,
                      std::vector<std::shared_ptr<const CompiledKernel>> compiled,
                      std::vector<Lease> bound)
    : encoder(&e),
      graph(std::move(g)),
      kernels(std::move(compiled)),
      leases(std::make_shared<const std::vector<Lease>>(std::move(bound))),
      values(graph.parameters.size()) {
  for (const ProgramTensor& tensor : graph.tensors) extents.push_back(tensor.extents);
}

void Program::State::check_overlaps_locked(const ProgramStep& step) const {
  const CompiledKernel& kernel = *kernels[step.kernel];
  const auto place_of = [&](const ProgramBinding& binding) {
    const Lease& lease = (*leases)[binding.tensor];
    const std::uint64_t begin = lease.buffer().hazard_address() + lease.offset() + binding.offset;
    return std::pair(begin, begin + binding.length);
  };
  const auto words_of = [&](const ProgramBinding& binding, const ArgumentDescription& argument) {
    const ProgramTensor& tensor = graph.tensors[binding.tensor];
    return concat("'", argument.name, "' (", words(tensor, extents[binding.tensor]), ")");
  };
  for (const ProgramBinding& written : step.bindings) {
    if (written.kind != Binding::Kind::buffer || !writes(written.access)) continue;
    const auto [begin, end] = place_of(written);
    for (const ProgramBinding& other : step.bindings) {
      if (other.kind != Binding::Kind::buffer || other.tensor == written.tensor) continue;
      const auto [other_begin, other_end] = place_of(other);
      if (begin >= other_end || other_begin >= end) continue;
      const ArgumentDescription& output = kernel.description.buffer_at(written.index);
      const ArgumentDescription& input = kernel.description.buffer_at(other.index);
      const bool is_same = begin == other_begin && end == other_end &&
                           output.dtype == input.dtype && written.access != Access::write_some;
      if (is_same && output.may_be(input)) continue;
      throw ArgumentError(concat("program '", graph.name, "', ", kernel.name(), ": ",
                                 words_of(written, output), ", which it writes, overlaps ",
                                 words_of(other, input), "; ", output.what_may_overlap()));
    }
  }
}

void Program::State::build_locked() {
  if (list) return;
  CommandList built(encoder->device());
  std::vector<std::vector<Patch>> places(graph.parameters.size());
  std::vector<Binding> bindings;
  std::vector<std::size_t> at;
  for (const ProgramStep& step : graph.steps) {
    bindings.clear();
    at.clear();
    std::size_t next = built.constants().size();
    for (const ProgramBinding& binding : step.bindings) {
      at.push_back(next);
      switch (binding.kind) {
        case Binding::Kind::buffer: {
          const Lease& lease = (*leases)[binding.tensor];
          bindings.push_back(Binding::buffer(
              binding.index, {&lease.buffer(), lease.offset() + binding.offset, binding.length},
              binding.access, nullptr));
          break;
        }
        case Binding::Kind::bytes:
          bindings.push_back(Binding::bytes(
              binding.index, std::span(graph.constants).subspan(binding.offset, binding.length)));
          next += aligned_length(binding.length);
          break;
        case Binding::Kind::threadgroup_memory:
          bindings.push_back(Binding::threadgroup_memory(binding.index, binding.length));
          break;
      }
    }
    check_overlaps_locked(step);
    for (const ProgramUse& use : step.uses) {
      places[use.parameter].push_back({&use, at[use.binding] + use.offset});
    }
    built.dispatch(kernels[step.kernel]->pipeline, bindings, step.config.grid,
                   step.config.threadgroup);
  }
  built.hold(leases);
  constants.assign(built.constants().begin(), built.constants().end());
  patches = std::move(places);
  list = std::make_shared<const CommandList>(std::move(built));
  for (std::uint32_t i = 0; i < values.size(); ++i) {
    if (!values[i]) continue;
    try {
      patch_locked(i);
    } catch (const ShapeError&) {
      values[i].reset();  // a position that the shorter tensor bound now does not have
    }
  }
}

std::uint64_t Program::State::encode_locked(const ProgramUse& use,
                                            const ParameterValue& value) const {
  const std::string& parameter = graph.parameters[use.parameter];
  const auto bits = encode_scalar(value, use.plus, use.type);
  if (!bits) {
    const std::string sum =
        use.plus == 0 ? std::string()
                      : concat(", used as ", to_string(Parameter(parameter) + use.plus), ",");
    throw ArgumentError(concat("program '", graph.name, "': parameter '", parameter, "' is ",
                               to_string(value), sum, "; expected ", describe_range(use.type)));
  }
  if (use.tokens != 0) {
    std::uint64_t limit = use.limit;
    if (use.room != ProgramUse::kNoRoom) limit = extents[use.room][0];
    if (*bits + use.tokens > limit) {
      const std::string room = use.room == ProgramUse::kNoRoom
                                   ? concat("there are ", limit, " positions")
                                   : concat(words(graph.tensors[use.room], extents[use.room]),
                                            " has ", limit, " positions");
      throw ShapeError(concat("program '", graph.name, "': parameter '", parameter, "' is ",
                              to_string(value), " for ", use.tokens,
                              use.tokens == 1 ? " token; " : " tokens; ", room));
    }
  }
  return *bits;
}

void Program::State::patch_locked(std::uint32_t parameter) {
  for (const Patch& patch : patches[parameter]) {
    const std::uint64_t bits = encode_locked(*patch.use, *values[parameter]);
    const std::span place =
        std::span(constants).subspan(patch.at, info(patch.use->type).block_bytes);
    std::memcpy(place.data(), &bits, place.size());
  }
}

void Program::State::set_locked(std::span<const ParameterSetting> settings) {
  // All are checked before any is taken.
  for (const ParameterSetting& setting : settings) {
    for (const Patch& patch : patches[graph.parameter(setting.name)]) {
      encode_locked(*patch.use, setting.value);
    }
  }
  for (const ParameterSetting& setting : settings) {
    const std::uint32_t parameter = graph.parameter(setting.name);
    values[parameter] = setting.value;
    patch_locked(parameter);
  }
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (values[i]) continue;
    throw ArgumentError(concat("program '", graph.name, "': parameter '", graph.parameters[i],
                               "' has no value; the first replay gives it one"));
  }
}

Program::State::Prepared Program::State::prepare(std::span<const ParameterSetting> settings,
                                                 std::vector<std::byte> into) {
  const std::lock_guard lock(mutex);
  build_locked();
  set_locked(settings);
  into.assign(constants.begin(), constants.end());
  return {list, std::move(into)};
}

Program::Program(Encoder& encoder, ProgramGraph graph,
                 std::vector<std::shared_ptr<const CompiledKernel>> kernels,
                 std::vector<Lease> leases)
    : state_(std::make_unique<State>(encoder, std::move(graph), std::move(kernels),
                                     std::move(leases))) {}
Program::Program(Program&&) noexcept = default;
Program& Program::operator=(Program&&) noexcept = default;
Program::~Program() = default;

void Program::replay(std::span<const ParameterSetting> settings) {
  Scratch scratch;
  auto [list, constants] = state_->prepare(settings, scratch.take());
  scratch.constants = std::move(constants);
  state_->encoder->stream().replay(*list, scratch.constants);
}

void Program::replay_range(std::string_view parameter, std::uint64_t first, std::uint64_t count,
                           const SharedEvent* event, std::span<const ParameterSetting> settings) {
  if (count == 0) throw ArgumentError(concat("program '", name(), "': a range of 0 replays"));
  CommandStream& stream = state_->encoder->stream();
  std::vector<ParameterSetting> all(settings.begin(), settings.end());
  // The last first: a range that cannot end does not begin.
  all.emplace_back(parameter, first + count - 1);
  {
    const std::lock_guard lock(state_->mutex);
    state_->build_locked();
    state_->set_locked(all);
  }
  for (std::uint64_t value = first; value < first + count; ++value) {
    const ParameterSetting setting(parameter, value);
    Scratch scratch;
    auto [list, constants] = state_->prepare(std::span(&setting, 1), scratch.take());
    scratch.constants = std::move(constants);
    stream.replay(*list, scratch.constants, CommandStream::Commit::later);
    if (event) stream.signal(*event, value + 1);
  }
  stream.flush();
}

void Program::bind(std::string_view name, const AnyTensor& tensor) {
  State& state = *state_;
  const std::uint32_t index = state.graph.tensor(name);
  const ProgramTensor& recorded = state.graph.tensors[index];
  const auto expected = [&] { return words(recorded, recorded.extents); };
  const auto what = [&] { return concat("program '", state.graph.name, "': bind '", name, "'"); };
  if (!tensor) throw ArgumentError(concat(what(), ": the tensor is empty"));
  if (tensor.dtype() != recorded.dtype) {
    throw DTypeError(concat(what(), ": expected ", expected(), ", got ", tensor.describe()));
  }
  const Extents& given = tensor.extents();
  bool fits = given.rank() == recorded.extents.rank() &&
              (given.rank() == 0 || given[0] >= recorded.extents[0]);
  for (std::size_t axis = 1; fits && axis < given.rank(); ++axis) {
    fits = given[axis] == recorded.extents[axis];
  }
  if (!fits) {
    throw ShapeError(concat(what(), ": expected ", expected(),
                            ", or more of its outermost dimension, got ", tensor.describe()));
  }
  if (!tensor.is_contiguous() || tensor.byte_offset() != tensor.lease().offset()) {
    throw ShapeError(concat(what(), ": ", to_string(tensor),
                            " is a part of a tensor; a program takes whole ones"));
  }
  if (recorded.is_written && tensor.is_read_only()) {
    throw StorageError(
        concat(what(), ": the program writes it, and ", to_string(tensor), " is read-only"));
  }
  const std::lock_guard lock(state.mutex);
  auto leases = std::make_shared<std::vector<Lease>>(*state.leases);
  (*leases)[index] = tensor.lease().held_as(Holder::Kind::program);
  state.leases = std::move(leases);
  state.extents[index] = given;
  state.list.reset();  // with it goes the hold on what was bound; the next replay builds another
}

AnyTensor Program::tensor(std::string_view name) const {
  const std::uint32_t index = state_->graph.tensor(name);
  const std::lock_guard lock(state_->mutex);
  return AnyTensor::over((*state_->leases)[index].held_as(Holder::Kind::tensor),
                         state_->extents[index], state_->graph.tensors[index].dtype);
}

const std::string& Program::name() const noexcept {
  return state_->graph.name;
}

std::vector<std::string> Program::parameters() const {
  return state_->graph.parameters;
}

std::vector<std::string> Program::tensors() const {
  std::vector<std::string> names;
  for (const ProgramTensor& tensor : state_->graph.tensors) names.push_back(tensor.name);
  return names;
}

std::size_t Program::size() const noexcept {
  return state_->graph.steps.size();
}

std::size_t Program::barriers() const {
  const std::lock_guard lock(state_->mutex);
  state_->build_locked();
  return state_->list->barriers();
}

std::string to_string(const Program& program) {
  std::string parameters;
  for (const std::string& name : program.parameters()) {
    parameters += (parameters.empty() ? "; parameters " : ", ") + name;
  }
  return concat("program '", program.name(), "': ", program.size(), " dispatches, ",
                program.barriers(), " barriers, ", program.tensors().size(), " tensors",
                parameters);
}

}  // namespace foundry
