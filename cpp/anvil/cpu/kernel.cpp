#include "anvil/cpu/kernel.hpp"

#include <dlfcn.h>

#include <stdexcept>
#include <utility>

namespace anvil {

CpuKernel::Code::Code(const std::string& path)
    : handle_(dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL)) {
  if (handle_) entry_ = reinterpret_cast<AnvilEntry>(dlsym(handle_, ANVIL_ENTRY_SYMBOL));
  if (entry_) return;
  const char* reason = dlerror();
  std::string message = "Anvil: compiled kernel cannot be loaded: ";
  message += reason ? reason : path.c_str();
  if (handle_) dlclose(handle_);
  throw std::runtime_error(message);
}

CpuKernel::Code::Code(Code&& other) noexcept
    : handle_(std::exchange(other.handle_, nullptr)),
      entry_(std::exchange(other.entry_, nullptr)) {}

CpuKernel::Code& CpuKernel::Code::operator=(Code&& other) noexcept {
  std::swap(handle_, other.handle_);
  std::swap(entry_, other.entry_);
  return *this;
}

CpuKernel::Code::~Code() {
  if (handle_) dlclose(handle_);
}

CpuKernel::CpuKernel(KernelImage full, std::function<KernelImage()> compile_any)
    : image_(std::move(full)), full_(image_.path), compile_any_(std::move(compile_any)) {}

std::shared_ptr<CpuKernel> CpuKernel::load(KernelImage full,
                                           std::function<KernelImage()> compile_any) {
  return std::shared_ptr<CpuKernel>(new CpuKernel(std::move(full), std::move(compile_any)));
}

AnvilEntry CpuKernel::any() {
  std::lock_guard lock(mutex_);
  if (!any_.entry()) {
    any_ = Code(compile_any_().path);
    compile_any_ = nullptr;
  }
  return any_.entry();
}

}  // namespace anvil
