#include "anvil/cpu/kernel.hpp"

#include <span>
#include <string>
#include <utility>

namespace anvil {

namespace {

KernelCode open_code(const KernelImage& image) {
  static const std::string none;
  KernelCode code(std::as_bytes(std::span(image.code ? *image.code : none)));
  if (code.stack_bytes() > CpuKernel::kMaxStack)
    throw CompileError("function '" + image.name + "' takes " + std::to_string(code.stack_bytes()) +
                       " bytes of private memory for a simdgroup of " +
                       std::to_string(ANVIL_SIMD_WIDTH) + " threads, " +
                       std::to_string(CpuKernel::kMaxStack) + " are there");
  return code;
}

}  // namespace

CpuKernel::CpuKernel(KernelImage full, std::function<KernelImage()> compile_any)
    : image_(std::move(full)), full_(open_code(image_)), compile_any_(std::move(compile_any)) {
  image_.code.reset();  // it is in memory now
}

std::shared_ptr<CpuKernel> CpuKernel::load(KernelImage full,
                                           std::function<KernelImage()> compile_any) {
  return std::shared_ptr<CpuKernel>(new CpuKernel(std::move(full), std::move(compile_any)));
}

const KernelCode& CpuKernel::any() {
  std::lock_guard lock(mutex_);
  if (!any_.entry()) {
    any_ = open_code(compile_any_());
    compile_any_ = nullptr;
  }
  return any_;
}

std::string CpuKernel::line_of(uintptr_t address) {
  std::string line = full_.line_of(address);
  if (!line.empty()) return line;
  std::lock_guard lock(mutex_);
  return any_.line_of(address);
}

}  // namespace anvil
