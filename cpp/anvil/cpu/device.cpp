#include "anvil/cpu/device.hpp"

#include <cstring>
#include <utility>

#include "anvil/abi/kernel_abi.h"
#include "anvil/cpu/address.hpp"
#include "anvil/cpu/executor.hpp"
#include "anvil/cpu/guarded_memory.hpp"
#include "anvil/cpu/host_cpu.hpp"
#include "anvil/cpu/kernel.hpp"
#include "anvil/cpu/matrix/product.hpp"
#include "anvil/cpu/memory.hpp"
#include "anvil/cpu/processor.hpp"
#include "anvil/cpu/queue.hpp"
#include "anvil/cpu/target.hpp"
#include "anvil/cpu/trap.hpp"
#include "anvil/cpu/watchdog.hpp"
#include "anvil/service/environment.hpp"
#include "anvil/system/memory.hpp"

namespace anvil::cpu {
namespace {

bool plans_for_matrix_units() {
  const auto said = service::environment("ANVIL_MATRIX_UNITS");
  return said ? said == "1" : has_matrix_units();
}

backend::Facts find_facts() {
  // A third of the memory stays with the system and the program, as macOS arranges it on small
  // machines.
  const uint64_t working_set = physical_memory() / 3 * 2;
  const auto caches = cache_bytes();
  return {.name = "Anvil CPU (" + processor_name() + ")",
          .architecture = "anvil_cpu",
          .unified_memory = true,
          .simd_width = ANVIL_SIMD_WIDTH,
          .max_threads_per_threadgroup = ANVIL_MAX_THREADS_PER_THREADGROUP,
          .max_threadgroup_memory = ANVIL_MAX_THREADGROUP_MEMORY,
          .recommended_working_set = working_set,
          .max_buffer_length = working_set / page_size() * page_size(),
          .traits = {{"registerBytes", register_bytes()},
                     {"threads", Executor::default_threads()},
                     {"matrixUnits", plans_for_matrix_units() ? 1 : 0},
                     {"cache1Bytes", caches[0]},
                     {"cache2Bytes", caches[1]},
                     {"cache3Bytes", caches[2]}}};
}

struct OwnMemory final : backend::Memory {
  explicit OwnMemory(HostMemory from)
      : Memory(address_of(from.data()), from.data(), from.size()), memory(std::move(from)) {}

  const HostMemory memory;
};

struct BorrowedMemory final : backend::Memory {
  BorrowedMemory(std::byte* pages, size_t size)
      : Memory(address_of(pages), pages, size), slack(pages + size) {}

  const BorrowedSlack slack;
};

class Device final : public backend::Device {
 public:
  const backend::Facts& facts() const override { return facts_; }

  std::unique_ptr<backend::Memory> allocate(size_t size, backend::Storage) override {
    HostMemory memory(size);
    if (!memory.data()) return nullptr;
    return std::make_unique<OwnMemory>(std::move(memory));
  }
  std::unique_ptr<backend::Memory> borrow(std::byte* pages, size_t size) override {
    return std::make_unique<BorrowedMemory>(pages, size);
  }
  size_t allocated() const override { return HostMemory::total(); }
  void read(backend::Address from, std::span<std::byte> to) override {
    std::memcpy(to.data(), byte_at(from), to.size());
  }
  void write(backend::Address to, std::span<const std::byte> from) override {
    std::memcpy(byte_at(to), from.data(), from.size());
  }

  std::unique_ptr<backend::Kernel> load(const service::SpecializedFunction& function) override {
    return std::make_unique<Kernel>(
        service::compile_kernel(function, target_of(Variant::full)),
        [function] { return service::compile_kernel(function, target_of(Variant::any)); });
  }

  std::unique_ptr<backend::Queue> make_queue() override { return std::make_unique<Queue>(); }

 private:
  const backend::Facts facts_ = find_facts();
};

}  // namespace

backend::Device* make_device() {
  require_supported_cpu();
  Watchdog::shared();  // with the limit as it is now
  return new Device;
}

void take_signals() {
  install_trap_handlers();
}

}  // namespace anvil::cpu
