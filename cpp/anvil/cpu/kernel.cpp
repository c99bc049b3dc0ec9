#include "anvil/cpu/kernel.hpp"

#include <span>
#include <string>
#include <utility>

namespace anvil {

namespace {

KernelCode open_code(const KernelImage& image) {
  static const std::string none;
  return KernelCode(std::as_bytes(std::span(image.code ? *image.code : none)));
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

AnvilEntry CpuKernel::any() {
  std::lock_guard lock(mutex_);
  if (!any_.entry()) {
    any_ = open_code(compile_any_());
    compile_any_ = nullptr;
  }
  return any_.entry();
}

}  // namespace anvil
