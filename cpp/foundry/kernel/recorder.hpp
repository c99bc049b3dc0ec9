// Recorder: takes a thread's dispatches in place of the stream, while one is open.
#pragma once

#include <memory>
#include <span>

#include "foundry/device/binding.hpp"
#include "foundry/kernel/dispatch_config.hpp"
#include "foundry/kernel/parameter.hpp"
#include "foundry/kernel/registry.hpp"

namespace foundry {

class Encoder;

/// One binding of a recorded dispatch with what it was made of. It owns nothing.
struct RecordedArgument {
  Binding binding;
  const AnyTensor* tensor = nullptr;        ///< kind buffer
  std::span<const ParameterUse> uses = {};  ///< kind bytes
};

/// Between open() and close(), what the opening thread dispatches through `encoder` goes to
/// dispatch() and not to the device. Other threads are not concerned.
class Recorder {
 public:
  virtual ~Recorder() = default;
  Recorder(const Recorder&) = delete;
  Recorder& operator=(const Recorder&) = delete;

  /// The encoder has checked the arguments against the kernel's description.
  virtual void dispatch(const CompiledKernel& kernel, std::span<const RecordedArgument> arguments,
                        const DispatchConfig& config) = 0;

  /// The calling thread's recorder of `encoder`; nullptr if there is none.
  [[nodiscard]] static Recorder* of(const Encoder& encoder) noexcept;

 protected:
  Recorder() = default;
  /// ArgumentError if the calling thread records already.
  void open(const Encoder& encoder);
  /// ArgumentError on another thread than open()'s. Closing twice is fine.
  void close();
  [[nodiscard]] bool is_open() const noexcept { return encoder_ != nullptr; }
  /// For destructors: ends the recording if it is this thread's.
  void abandon() noexcept;

 private:
  const Encoder* encoder_ = nullptr;
};

}  // namespace foundry
