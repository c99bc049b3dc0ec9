#include "anvil/cpu/kernel.hpp"

#include <cerrno>
#include <cstring>
#include <fstream>
#include <span>
#include <sstream>
#include <stdexcept>
#include <utility>

namespace anvil {

namespace {

KernelCode open_code(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream contents;
  if (file) contents << file.rdbuf();
  if (!file || !contents)
    throw std::runtime_error("Anvil: compiled kernel cannot be loaded: " + path + ": " +
                             std::strerror(errno));
  return KernelCode(std::as_bytes(std::span(contents.view())));
}

}  // namespace

CpuKernel::CpuKernel(KernelImage full, std::function<KernelImage()> compile_any)
    : image_(std::move(full)),
      full_(open_code(image_.path)),
      compile_any_(std::move(compile_any)) {}

std::shared_ptr<CpuKernel> CpuKernel::load(KernelImage full,
                                           std::function<KernelImage()> compile_any) {
  return std::shared_ptr<CpuKernel>(new CpuKernel(std::move(full), std::move(compile_any)));
}

AnvilEntry CpuKernel::any() {
  std::lock_guard lock(mutex_);
  if (!any_.entry()) {
    any_ = open_code(compile_any_().path);
    compile_any_ = nullptr;
  }
  return any_.entry();
}

}  // namespace anvil
