// Recording: collects a thread's dispatches into a Program.
#pragma once

#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "foundry/kernel/encoder.hpp"
#include "foundry/kernel/recorder.hpp"
#include "foundry/program/program.hpp"
#include "foundry/program/program_graph.hpp"

namespace foundry {

/// While it is open, what its thread runs on `encoder` is recorded and does not run: kernels are
/// compiled and arguments checked as ever, a Parameter may stand for a scalar, and nothing reaches
/// the device. Copies between host and tensors are no part of a program: they happen at once.
class [[nodiscard]] Recording final : private Recorder {
 public:
  /// `name` is what messages call the program. ArgumentError if the thread records already.
  explicit Recording(Encoder& encoder, std::string name = "program");
  /// What was recorded is dropped unless finish() took it.
  ~Recording() override;

  /// Ends the recording. ArgumentError if nothing was recorded, on another thread than the one
  /// that began, and the second time.
  Program finish();

 private:
  void dispatch(const CompiledKernel& kernel, std::span<const RecordedArgument> arguments,
                const DispatchConfig& config) override;
  std::uint32_t kernel_index(const CompiledKernel& kernel);
  std::uint32_t tensor_index(const AnyTensor& tensor);
  std::uint32_t parameter_index(const Parameter& parameter);
  detail::ProgramBinding record(const RecordedArgument& argument);
  detail::ProgramUse record(const ParameterUse& use, std::uint32_t binding);

  Encoder* encoder_;
  const std::string name_;
  detail::ProgramGraph graph_;
  std::vector<std::shared_ptr<const CompiledKernel>> kernels_;
  std::vector<Lease> leases_;  // of graph_.tensors, held as a program
  std::unordered_map<const CompiledKernel*, std::uint32_t> kernel_indices_;
  std::unordered_map<const Keepable*, std::uint32_t> tensor_indices_;
};

}  // namespace foundry
