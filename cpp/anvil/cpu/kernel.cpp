#include "anvil/cpu/kernel.hpp"

#include <condition_variable>
#include <exception>
#include <mutex>
#include <span>
#include <stdexcept>
#include <string>
#include <utility>

#include "anvil/cpu/background.hpp"
#include "anvil/cpu/target.hpp"
#include "anvil/system/forks.hpp"

namespace anvil::cpu {

namespace {

KernelCode open_code(const service::KernelImage& image) {
  if (image.format != kCodeFormat)
    throw std::runtime_error("Anvil: kernel '" + image.name + "': unsupported code format '" +
                             image.format + "'; supported: " + kCodeFormat);
  static const std::string none;
  KernelCode code(std::as_bytes(std::span(image.code ? *image.code : none)));
  if (code.stack_bytes() > Kernel::kMaxStack)
    throw service::CompileError(
        "function '" + image.name + "' takes " + std::to_string(code.stack_bytes()) +
        " bytes of private memory for a simdgroup of " + std::to_string(ANVIL_SIMD_WIDTH) +
        " threads, " + std::to_string(Kernel::kMaxStack) + " are there");
  return code;
}

}  // namespace

class Kernel::Any : public std::enable_shared_from_this<Any> {
 public:
  explicit Any(std::function<service::KernelImage()> compile) : compile_(std::move(compile)) {}

  bool is_made() const { return is_made_.load(std::memory_order_acquire); }
  const KernelCode& made() const { return code_; }

  const KernelCode& make() {
    if (is_made()) return code_;
    std::unique_lock lock(mutex_over_forks());
    changed_.wait(lock, [&] { return !is_being_made(); });
    if (!is_made()) make(lock);
    return code_;
  }

  void begin() {
    if (is_begun_.exchange(true, std::memory_order_relaxed)) return;
    run_in_background([self = shared_from_this()] {
      std::unique_lock lock(mutex_over_forks());
      if (self->is_made() || self->is_being_made()) return;
      try {
        self->make(lock);
      } catch (const std::exception&) {  // that of who needs it, for whom it is tried again
      }
    });
  }

 private:
  /// By a thread that is here: a fork has none of its parent's.
  bool is_being_made() const { return makes_ && makes_in_ == forks(); }

  void make(std::unique_lock<std::mutex>& lock) {
    makes_ = true;
    makes_in_ = forks();
    lock.unlock();
    std::exception_ptr failure;
    KernelCode code;
    try {
      code = open_code(compile_());
    } catch (...) {
      failure = std::current_exception();
    }
    lock.lock();
    makes_ = false;
    changed_.notify_all();
    if (failure) std::rethrow_exception(failure);
    code_ = std::move(code);
    compile_ = nullptr;
    is_made_.store(true, std::memory_order_release);
  }

  std::atomic<bool> is_made_ = false;
  std::atomic<bool> is_begun_ = false;
  // mutex_over_forks() guards the rest, until it is made.
  std::condition_variable changed_;
  bool makes_ = false;
  unsigned makes_in_ = 0;
  std::function<service::KernelImage()> compile_;
  KernelCode code_;
};

Kernel::Kernel(const service::KernelImage& full, std::function<service::KernelImage()> compile_any)
    : backend::Kernel(full),
      full_(open_code(full)),
      any_(std::make_shared<Any>(std::move(compile_any))) {}

const KernelCode& Kernel::any() {
  return any_->make();
}

void Kernel::begin_any() {
  any_->begin();
}

std::string Kernel::line_of(uintptr_t address) {
  std::string line = full_.line_of(address);
  if (!line.empty() || !any_->is_made()) return line;
  return any_->made().line_of(address);
}

}  // namespace anvil::cpu
