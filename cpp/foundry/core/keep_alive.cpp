#include "foundry/core/keep_alive.hpp"

#include <atomic>

#include "foundry/core/concat.hpp"

namespace foundry {

namespace {

class SharedObject final : public Keepable {
 public:
  SharedObject(std::shared_ptr<const void> object, std::string name)
      : object_(std::move(object)), name_(std::move(name)) {}

  bool keep(Holder) noexcept override {
    holders_.fetch_add(1, std::memory_order_relaxed);
    return true;
  }
  void release(Holder) noexcept override {
    if (holders_.fetch_sub(1, std::memory_order_acq_rel) == 1) delete this;
  }
  std::string describe() const override { return name_; }

 private:
  std::atomic<std::uint64_t> holders_{0};
  std::shared_ptr<const void> object_;
  std::string name_;
};

}  // namespace

std::string describe(const Holder& holder) {
  switch (holder.kind) {
    case Holder::Kind::tensor:
      return "a tensor";
    case Holder::Kind::view:
      return "a view";
    case Holder::Kind::array:
      return "a numpy array";
    case Holder::Kind::capsule:
      return "a DLPack capsule";
    case Holder::Kind::program:
      return "a recorded program";
    case Holder::Kind::command_buffer:
      break;
  }
  return concat("command buffer ", holder.number, ", still running");
}

KeepAlive KeepAlive::of(std::shared_ptr<const void> object, std::string name) {
  return KeepAlive(*new SharedObject(std::move(object), std::move(name)), Holder::tensor());
}

std::string KeepAlive::describe() const {
  if (!target_) return "nothing";
  return concat(target_->describe(), " by ", foundry::describe(holder_));
}

}  // namespace foundry
