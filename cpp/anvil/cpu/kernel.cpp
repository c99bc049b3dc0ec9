#include "anvil/cpu/kernel.hpp"

#include <span>
#include <stdexcept>
#include <string>
#include <utility>

#include "anvil/cpu/target.hpp"

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

Kernel::Kernel(const service::KernelImage& full, std::function<service::KernelImage()> compile_any)
    : backend::Kernel(full), full_(open_code(full)), compile_any_(std::move(compile_any)) {}

const KernelCode& Kernel::any() {
  std::lock_guard lock(mutex_);
  if (!any_.entry()) {
    any_ = open_code(compile_any_());
    compile_any_ = nullptr;
  }
  return any_;
}

std::string Kernel::line_of(uintptr_t address) {
  std::string line = full_.line_of(address);
  if (!line.empty()) return line;
  std::lock_guard lock(mutex_);
  return any_.line_of(address);
}

}  // namespace anvil::cpu
