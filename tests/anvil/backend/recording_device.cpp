#include "recording_device.hpp"

#include <array>
#include <cstring>
#include <stdexcept>
#include <thread>
#include <utility>
#include <variant>

#include "anvil/backend/registry.hpp"

namespace anvil::backend {

std::span<Device* const> devices() {
  static const std::array<Device*, 1> all{&test::RecordingDevice::shared()};
  return all;
}

}  // namespace anvil::backend

namespace anvil::test {

using backend::Address;

struct RecordedMemory final : backend::Memory {
  RecordedMemory(RecordingDevice& device, Address address, std::byte* host,
                 std::unique_ptr<std::byte[]> bytes, size_t size)
      : Memory(address, host, size), device(device), bytes(std::move(bytes)) {}
  ~RecordedMemory() override {
    device.note("free " + device.name_of(address));
    if (bytes || !host) device.allocated_ -= size;
    device.allocations_.erase(address);
  }

  RecordingDevice& device;
  const std::unique_ptr<std::byte[]> bytes;  // of shared memory
};

class RecordingQueue final : public backend::Queue {
 public:
  explicit RecordingQueue(RecordingDevice& device) : device_(device) {}
  ~RecordingQueue() override { device_.note("destroy queue"); }

  void submit(backend::Submission& submission) override {
    if (device_.refuses) throw std::runtime_error("the recorder takes nothing");
    device_.note("submit");
    for (const backend::Command& command : submission.commands)
      device_.note("  " + device_.describe(command));
    device_.pending_.push_back(&submission);
  }

 private:
  RecordingDevice& device_;
};

RecordingDevice& RecordingDevice::shared() {
  static RecordingDevice& device = *new RecordingDevice;
  return device;
}

std::unique_ptr<backend::Memory> RecordingDevice::place(std::byte* host,
                                                        std::unique_ptr<std::byte[]> bytes,
                                                        size_t size) {
  const Address address = next_address_;
  next_address_ += (size + 0xffff) / 0x10000 * 0x10000 + 0x10000;
  allocations_[address] = {++allocation_count_, size};
  return std::make_unique<RecordedMemory>(*this, address, host, std::move(bytes), size);
}

std::unique_ptr<backend::Memory> RecordingDevice::allocate(size_t size, backend::Storage storage) {
  const bool shared = storage == backend::Storage::shared;
  note("allocate " + std::to_string(size) + (shared ? " shared" : " device_only"));
  allocated_ += size;
  auto bytes = shared ? std::make_unique<std::byte[]>(size) : nullptr;
  std::byte* const host = bytes.get();
  return place(host, std::move(bytes), size);
}

std::unique_ptr<backend::Memory> RecordingDevice::borrow(std::byte* pages, size_t size) {
  note("borrow " + std::to_string(size));
  return refuses ? nullptr : place(pages, nullptr, size);
}

void RecordingDevice::read(Address from, std::span<std::byte> to) {
  note("read " + std::to_string(to.size()) + " from " + name_of(from));
  std::memset(to.data(), 0, to.size());
}

void RecordingDevice::write(Address to, std::span<const std::byte> from) {
  note("write " + std::to_string(from.size()) + " to " + name_of(to));
}

std::unique_ptr<backend::Kernel> RecordingDevice::load(
    const service::SpecializedFunction& function) {
  service::KernelImage image = service::compile_kernel(
      function, {.format = "text", .options = {"--form", "record"}, .identity = ""});
  note("load " + image.format + " '" + *image.code + "'");
  return std::make_unique<backend::Kernel>(std::move(image));
}

std::unique_ptr<backend::Queue> RecordingDevice::make_queue() {
  note("make queue");
  return std::make_unique<RecordingQueue>(*this);
}

std::vector<std::string> RecordingDevice::requests() {
  return std::exchange(requests_, {});
}

void RecordingDevice::begin_test() {
  requests_.clear();
  allocation_count_ = 0;
  refuses = false;
}

void RecordingDevice::complete(backend::Outcome outcome) {
  if (pending_.empty()) throw std::logic_error("the recorder has nothing to complete");
  backend::Submission& submission = *pending_.front();
  pending_.pop_front();
  std::thread([&] {
    submission.scheduled();
    for (const backend::Command& command : submission.commands) {
      if (const auto* indirect = std::get_if<backend::IndirectCommand>(&command))
        for (const backend::Command& each : indirect->read(indirect->argument).commands)
          note("  read " + describe(each));
      if (const auto* signal = std::get_if<backend::SignalCommand>(&command))
        signal->event->signal(signal->value);
      const auto* call = std::get_if<backend::CallCommand>(&command);
      if (call && !outcome.failure) call->function(call->argument);
    }
    submission.completed(std::move(outcome));
  }).join();
}

void RecordingDevice::note(std::string request) {
  requests_.push_back(std::move(request));
}

std::string RecordingDevice::name_of(Address address) const {
  const auto after = allocations_.upper_bound(address);
  if (after == allocations_.begin()) return "nowhere";
  const auto& [begin, its] = *std::prev(after);
  const auto& [number, size] = its;
  if (address - begin > size) return "nowhere";
  return "#" + std::to_string(number) +
         (address == begin ? "" : "+" + std::to_string(address - begin));
}

namespace {

std::string text_of(const backend::Extent& extent) {
  return std::to_string(extent[0]) + "x" + std::to_string(extent[1]) + "x" +
         std::to_string(extent[2]);
}

}  // namespace

std::string RecordingDevice::describe(const backend::Command& command) const {
  using namespace backend;
  if (const auto* dispatch = std::get_if<DispatchCommand>(&command)) {
    const service::KernelInfo& info = dispatch->kernel->info;
    std::string text = std::string(dispatch->waits ? "" : "beside that ") + info.name + "(";
    for (size_t i = 0; i < info.arguments.size(); ++i) {
      const Binding& bound = dispatch->bindings[i];
      const std::string length = std::to_string(bound.length);
      if (i > 0) text += ", ";
      text += info.arguments[i].name + ": ";
      if (bound.kind == Binding::Kind::memory)
        text += name_of(bound.first) + " " + length;
      else
        text += length + (bound.kind == Binding::Kind::bytes ? " bytes" : " of threadgroup memory");
      if (bound.kind == Binding::Kind::bytes)
        text += " from " + std::to_string(*reinterpret_cast<const uint32_t*>(bound.first));
    }
    text += ") ";
    text += dispatch->indirect ? "threadgroups at " + name_of(dispatch->indirect)
                               : text_of(dispatch->threadgroups) + " threadgroups, " +
                                     text_of(dispatch->threads_per_grid) + " threads";
    return text + " by " + text_of(dispatch->threads_per_threadgroup);
  }
  if (const auto* copy = std::get_if<CopyCommand>(&command))
    return "copy " + std::to_string(copy->size) + " from " + name_of(copy->from) + " to " +
           name_of(copy->to);
  if (const auto* fill = std::get_if<FillCommand>(&command))
    return "fill " + std::to_string(fill->size) + " at " + name_of(fill->to) + " with " +
           std::to_string(fill->value);
  if (const auto* signal = std::get_if<SignalCommand>(&command))
    return "signal " + std::to_string(signal->value);
  if (const auto* wait = std::get_if<WaitCommand>(&command))
    return "wait for " + std::to_string(wait->value);
  return std::holds_alternative<IndirectCommand>(command) ? "indirect commands" : "call";
}

}  // namespace anvil::test
