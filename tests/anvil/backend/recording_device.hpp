// recording_device.hpp: a device that does nothing but note what it is asked.
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "anvil/backend/device.hpp"

namespace anvil::test {

/// Unlike a processor in whatever it may be: its memory begins at an address that is no pointer,
/// and kernels' own is not seen by the host; its limits are small; its queues carry nothing out
/// before the test says so.
class RecordingDevice final : public backend::Device {
 public:
  /// The one that this program's MTLDevice stands on.
  static RecordingDevice& shared();

  const backend::Facts& facts() const override { return facts_; }
  std::unique_ptr<backend::Memory> allocate(size_t size, backend::Storage storage) override;
  std::unique_ptr<backend::Memory> borrow(std::byte* pages, size_t size) override;
  size_t allocated() const override { return allocated_; }
  void read(backend::Address from, std::span<std::byte> to) override;
  void write(backend::Address to, std::span<const std::byte> from) override;
  std::unique_ptr<backend::Kernel> load(const service::SpecializedFunction& function) override;
  std::unique_ptr<backend::Queue> make_queue() override;

  /// What was asked since the last call, a line each. Addresses are relative to the allocations:
  /// "#2+16" is byte 16 of the second one of this test.
  std::vector<std::string> requests();
  /// Numbers allocations from 1 again.
  void begin_test();

  /// Whether the next submission is refused, and pages cannot be borrowed.
  bool refuses = false;

  /// Carries out the oldest submission on a thread of its own: signals are given, and it ends so.
  void complete(backend::Outcome outcome = {});
  size_t pending() const { return pending_.size(); }

 private:
  friend struct RecordedMemory;
  friend class RecordingQueue;

  void note(std::string request);
  std::string name_of(backend::Address address) const;
  std::string describe(const backend::Command& command) const;
  std::unique_ptr<backend::Memory> place(std::byte* host, std::unique_ptr<std::byte[]> bytes,
                                         size_t size);

  const backend::Facts facts_{.name = "Recorder",
                              .architecture = "recorder_1",
                              .unified_memory = false,
                              .simd_width = 32,
                              .max_threads_per_threadgroup = 256,
                              .max_threadgroup_memory = 1024,
                              .recommended_working_set = 1 << 20,
                              .max_buffer_length = 1 << 16,
                              .traits = {{"units", 3}}};
  std::vector<std::string> requests_;
  std::map<backend::Address, std::pair<int, size_t>> allocations_;  // number, size
  int allocation_count_ = 0;
  backend::Address next_address_ = 0x7000'0000;
  size_t allocated_ = 0;
  std::deque<backend::Submission*> pending_;
};

}  // namespace anvil::test
