// Program::State: a graph bound to memory, and its values. Included by program/*.cpp only.
#pragma once

#include <memory>
#include <mutex>
#include <optional>
#include <utility>
#include <vector>

#include "foundry/device/command_list.hpp"
#include "foundry/program/program.hpp"
#include "foundry/program/program_graph.hpp"

namespace foundry {

struct Program::State {
  State(Encoder& e, detail::ProgramGraph g,
        std::vector<std::shared_ptr<const CompiledKernel>> compiled, std::vector<Lease> bound);

  /// What a replay encodes. The list is shared: bind() makes a new one.
  using Prepared = std::pair<std::shared_ptr<const CommandList>, std::vector<std::byte>>;
  /// Takes the settings, and copies the constants into `into`, so that no lock is held while the
  /// stream may wait.
  Prepared prepare(std::span<const ParameterSetting> settings, std::vector<std::byte> into);

  // Functions ending in _locked need `mutex`.
  /// Makes `list` and what goes with it, unless it is there.
  void build_locked();
  /// ArgumentError if tensors that are bound now overlap where a step's kernel does not allow it.
  /// Of parts of one tensor that is known since the recording.
  void check_overlaps_locked(const detail::ProgramStep& step) const;
  void set_locked(std::span<const ParameterSetting> settings);
  /// The bytes of `value` for `use`; throws as replay() documents.
  std::uint64_t encode_locked(const detail::ProgramUse& use, const ParameterValue& value) const;
  void patch_locked(std::uint32_t parameter);

  /// A parameter's place in `constants`.
  struct Patch {
    const detail::ProgramUse* use;
    std::size_t at;
  };

  Encoder* const encoder;
  const detail::ProgramGraph graph;
  const std::vector<std::shared_ptr<const CompiledKernel>> kernels;

  mutable std::mutex mutex;
  std::shared_ptr<const std::vector<Lease>> leases;  // by graph.tensors, each held as a program
  std::vector<Extents> extents;                      // of what is bound
  std::shared_ptr<const CommandList> list;           // null until it is (re)built
  std::vector<std::byte> constants;                  // of `list`, with the values patched in
  std::vector<std::vector<Patch>> patches;           // by parameter
  std::vector<std::optional<ParameterValue>> values;
};

}  // namespace foundry
