// KeepAlive: a named, type-erased claim on a resource, held by command buffers and host views.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>

namespace foundry {

/// Who holds a resource: a tensor, a view, a numpy array, a DLPack capsule, a recorded program, or
/// command buffer number N.
struct Holder {
  /// command_buffer is the last: alone it does not keep a range from being used again in order.
  enum class Kind : std::uint8_t { tensor, view, array, capsule, program, command_buffer };
  static constexpr std::size_t kKinds = static_cast<std::size_t>(Kind::command_buffer) + 1;
  Kind kind = Kind::tensor;
  std::uint64_t number = 0;  ///< of the command buffer, unique in the process; else 0

  [[nodiscard]] static constexpr Holder tensor() { return {Kind::tensor, 0}; }
  [[nodiscard]] static constexpr Holder view() { return {Kind::view, 0}; }
  [[nodiscard]] static constexpr Holder array() { return {Kind::array, 0}; }
  [[nodiscard]] static constexpr Holder capsule() { return {Kind::capsule, 0}; }
  [[nodiscard]] static constexpr Holder program() { return {Kind::program, 0}; }
  [[nodiscard]] static constexpr Holder command_buffer(std::uint64_t n) {
    return {Kind::command_buffer, n};
  }
  friend constexpr bool operator==(const Holder&, const Holder&) = default;
};

/// "a tensor", "a view", "a numpy array", "a DLPack capsule", "a recorded program", "command buffer
/// 17, still running".
[[nodiscard]] std::string describe(const Holder& holder);

/// A resource that holders can keep. Counted, never copied; destroys itself after its last release.
/// Both calls are safe from any thread, completion threads included, and never block on the device.
class Keepable {
 public:
  Keepable() = default;
  Keepable(const Keepable&) = delete;
  Keepable& operator=(const Keepable&) = delete;

  /// One more holder. False: `by` is a command buffer that holds it already, and nothing changed.
  virtual bool keep(Holder by) noexcept = 0;
  /// Undoes one keep() that returned true.
  virtual void release(Holder by) noexcept = 0;
  /// Whether anyone but command buffers holds it.
  [[nodiscard]] virtual bool is_in_use() const noexcept { return true; }
  /// The resource in words, e.g. "y (14336,) f16".
  [[nodiscard]] virtual std::string describe() const = 0;

 protected:
  virtual ~Keepable() = default;
};

/// Owns one claim of one holder; drops it on destruction. Move-only; empty claims nothing.
class [[nodiscard]] KeepAlive {
 public:
  KeepAlive() = default;
  /// Claims `target` for `by`. Empty if that command buffer already holds it.
  KeepAlive(Keepable& target, Holder by) noexcept
      : target_(target.keep(by) ? &target : nullptr), holder_(by) {}
  KeepAlive(KeepAlive&& other) noexcept
      : target_(std::exchange(other.target_, nullptr)), holder_(other.holder_) {}
  KeepAlive& operator=(KeepAlive&& other) noexcept {
    if (this != &other) {
      reset();
      target_ = std::exchange(other.target_, nullptr);
      holder_ = other.holder_;
    }
    return *this;
  }
  ~KeepAlive() { reset(); }

  /// Takes over a claim that was already made with keep(); the caller must not release it.
  [[nodiscard]] static KeepAlive adopt(Keepable& target, Holder by) noexcept {
    KeepAlive claim;
    claim.target_ = &target;
    claim.holder_ = by;
    return claim;
  }
  /// Keeps any object alive through its shared_ptr; `name` is what error messages call it.
  [[nodiscard]] static KeepAlive of(std::shared_ptr<const void> object, std::string name);

  explicit operator bool() const noexcept { return target_ != nullptr; }
  [[nodiscard]] Keepable* target() const noexcept { return target_; }
  [[nodiscard]] Holder holder() const noexcept { return holder_; }
  /// "y (14336,) f16 by a numpy array"; "nothing" when empty.
  [[nodiscard]] std::string describe() const;
  void reset() noexcept {
    if (Keepable* target = std::exchange(target_, nullptr)) target->release(holder_);
  }

 private:
  Keepable* target_ = nullptr;
  Holder holder_;
};

}  // namespace foundry
