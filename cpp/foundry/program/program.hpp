// Program: recorded dispatches, replayed with new scalars and tensors at the encoder's own cost.
#pragma once

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "foundry/device/shared_event.hpp"
#include "foundry/gguf/gguf_file.hpp"
#include "foundry/kernel/encoder.hpp"
#include "foundry/kernel/parameter.hpp"
#include "foundry/tensor/any_tensor.hpp"

namespace foundry {

namespace detail {
struct ProgramGraph;
struct ProgramImage;
}  // namespace detail

/// A parameter by name and what it is given: `{"position", 17}`.
struct ParameterSetting {
  std::string_view name;
  ParameterValue value;

  template <class T>
    requires std::is_arithmetic_v<T>
  ParameterSetting(std::string_view parameter, T number)
      : name(parameter), value(parameter_value(number)) {}
  ParameterSetting(std::string_view parameter, ParameterValue number)
      : name(parameter), value(number) {}
};

/// Says that a program file comes from somebody who may run code in this process. Its kernels are
/// MSL: nothing else of the file runs, and every length, index and range in it is checked, but a
/// kernel can follow any pointer that it makes up, as on a GPU without memory protection.
struct Trusted {};
inline constexpr Trusted trusted;

/// Made by Recording, or load()ed from a file. It holds every tensor that it touches, as "a
/// recorded program", and so do the command buffers that replay it until they complete. The
/// encoder (its Foundry) must outlive it. Thread-safe; a replay is encoded whole.
///
/// Tensors go by the names they were allocated with; of equal names the second is "x (2)".
class [[nodiscard]] Program {
 public:
  Program(Program&&) noexcept;
  Program& operator=(Program&&) noexcept;
  ~Program();

  /// Encodes every dispatch once more, ordered after what was encoded before; does not wait.
  /// Parameters that are not named keep the value of the replay before. Throws, with nothing
  /// encoded or changed, ArgumentError for a parameter that is not there, has never had a value, or
  /// cannot hold this one; ShapeError for a position past the end of its tensor.
  void replay(std::span<const ParameterSetting> settings = {});
  void replay(std::initializer_list<ParameterSetting> settings) {
    replay(std::span(settings.begin(), settings.size()));
  }
  /// `count` replays in one command buffer, which is then committed: the parameter runs from
  /// `first` on, the rest as in replay(). With an `event`, each replay sets it to the parameter's
  /// value plus one when it is done.
  void replay_range(std::string_view parameter, std::uint64_t first, std::uint64_t count,
                    const SharedEvent* event = nullptr,
                    std::span<const ParameterSetting> settings = {});

  /// Replays use `tensor` in place of the one called `name` from now on, views of it included. It
  /// is a whole tensor of the same dtype and extents, but may have more of the outermost: the
  /// program goes on with as many as it was recorded with, and positions may run to the new end.
  /// Throws ArgumentError, DTypeError, ShapeError, and StorageError for a read-only one that the
  /// program writes.
  void bind(std::string_view name, const AnyTensor& tensor);
  /// The tensor that replays use under that name.
  [[nodiscard]] AnyTensor tensor(std::string_view name) const;

  [[nodiscard]] const std::string& name() const noexcept;
  [[nodiscard]] std::vector<std::string> parameters() const;
  [[nodiscard]] std::vector<std::string> tensors() const;
  [[nodiscard]] std::size_t size() const noexcept;  ///< dispatches of a replay
  [[nodiscard]] std::size_t barriers() const;       ///< of a replay, between its dispatches

  /// Writes a file that load() reads, anywhere, whole or not at all: kernels as MSL, dispatches,
  /// parameters and tensors. Tensors that the program writes are stored by shape alone and are zero
  /// when loaded. What it only reads is stored by name and content hash if it lies in one of
  /// `weights`, else with its contents; ProgramError for more than kMaxInlineBytes of these, and
  /// for a path that cannot be written. Source and weight files are in it by name, without their
  /// folders. Waits for the device.
  void save(const std::string& path,
            std::span<const std::shared_ptr<const GgufFile>> weights = {}) const;
  static constexpr std::uint64_t kMaxInlineBytes = std::uint64_t{16} << 20;

  /// Reads a program and compiles its kernels, which from then on run with all rights of this
  /// process: load only what you `trusted`. `weights` are the GGUF files, in the order of
  /// save(). ProgramError names the file and what is wrong: truncated, damaged, of another version,
  /// or weights that are not those it was made with.
  [[nodiscard]] static Program load(Trusted, Encoder& encoder, const std::string& path,
                                    std::span<const std::string> weights = {});
  /// The same with files that are open: what several programs share is read through once.
  [[nodiscard]] static Program load(Trusted, Encoder& encoder, const std::string& path,
                                    std::span<const std::shared_ptr<const GgufFile>> weights);
  /// The same on a Foundry.
  template <class Runtime>
    requires requires(Runtime& runtime) {
      { runtime.encoder() } -> std::same_as<Encoder&>;
    }
  [[nodiscard]] static Program load(Trusted, Runtime& runtime, const std::string& path,
                                    const std::vector<std::string>& weights = {}) {
    return load(trusted, runtime.encoder(), path, std::span<const std::string>(weights));
  }

 private:
  friend class Recording;
  struct State;
  Program(Encoder& encoder, detail::ProgramGraph graph,
          std::vector<std::shared_ptr<const CompiledKernel>> kernels, std::vector<Lease> leases);
  static Program made_of(Encoder& encoder, const std::string& path, detail::ProgramImage image,
                         std::span<const std::shared_ptr<const GgufFile>> weights);
  std::unique_ptr<State> state_;
};

/// "program 'decode': 182 dispatches, 91 barriers, 340 tensors; parameters position, seed".
[[nodiscard]] std::string to_string(const Program& program);

}  // namespace foundry
