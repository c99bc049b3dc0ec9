#include "foundry/kernel/recorder.hpp"

#include "foundry/core/error.hpp"

namespace foundry {

namespace {
thread_local Recorder* current = nullptr;
}

Recorder* Recorder::of(const Encoder& encoder) noexcept {
  return current && current->encoder_ == &encoder ? current : nullptr;
}

void Recorder::open(const Encoder& encoder) {
  if (current) throw ArgumentError("record: this thread is recording a program already");
  encoder_ = &encoder;
  current = this;
}

void Recorder::close() {
  if (!encoder_) return;
  if (current != this) {
    throw ArgumentError("record: a recording ends on the thread that began it");
  }
  abandon();
}

void Recorder::abandon() noexcept {
  if (current == this) current = nullptr;
  encoder_ = nullptr;
}

}  // namespace foundry
