// device.hpp: what Metal's classes ask of a device: facts, memory, code, queues.
//
// Who owns what: a device is there for as long as the process. What it makes belongs to the class
// that asked for it, which keeps it until no submission under way names it, and then destroys it.
// Who calls what: any thread any method of Device, and any destructor. A queue has one caller at a
// time, and calls back on a thread of its own (queue.hpp).
// Errors: null where memory is asked for, exceptions where code or a queue is, and the submission's
// Failure for whatever goes wrong as it is carried out. A device checks nothing that is Metal's:
// ranges, limits, bindings and the order of calls are right when they come here.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "anvil/backend/kernel.hpp"
#include "anvil/backend/memory.hpp"
#include "anvil/backend/queue.hpp"

namespace anvil::backend {

/// What a device is; the same for as long as it lives.
struct Facts {
  std::string name;          ///< for people
  std::string architecture;  ///< for programs that choose kernels by it
  bool unified_memory;       ///< the host sees all memory, and works on it as on its own
  uint32_t simd_width;       ///< threads of a simdgroup
  uint32_t max_threads_per_threadgroup;
  uint64_t max_threadgroup_memory;  ///< bytes
  uint64_t recommended_working_set;
  uint64_t max_buffer_length;
  /// What else programs may plan by, as names and numbers.
  std::vector<std::pair<std::string_view, uint64_t>> traits;
};

class Device {
 public:
  Device() = default;
  virtual ~Device() = default;
  Device(const Device&) = delete;
  Device& operator=(const Device&) = delete;

  virtual const Facts& facts() const = 0;

  /// Zeroed memory; null if there are no `size` bytes left.
  virtual std::unique_ptr<Memory> allocate(size_t size, Storage storage) = 0;
  /// Makes whole pages of the caller's reachable; they stay where they are, and outlive the result.
  /// Null if kernels cannot reach them.
  virtual std::unique_ptr<Memory> borrow(std::byte* pages, size_t size) = 0;
  /// Bytes of all that allocate() gave and that still is.
  virtual size_t allocated() const = 0;
  /// Copy at once, whatever is under way: for memory that the host does not see.
  virtual void read(Address from, std::span<std::byte> to) = 0;
  virtual void write(Address to, std::span<const std::byte> from) = 0;

  /// Compiles the function for this device. Throws CompileError, and std::runtime_error where what
  /// the compiler made cannot be loaded.
  virtual std::unique_ptr<Kernel> load(const service::SpecializedFunction& function) = 0;

  /// Throws std::bad_alloc, and std::runtime_error where there can be no more of them.
  virtual std::unique_ptr<Queue> make_queue() = 0;
};

}  // namespace anvil::backend
