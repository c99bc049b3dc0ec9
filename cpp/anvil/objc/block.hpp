// A block that outlives the call it was passed to.
#pragma once

#include <utility>

extern "C" void* _Block_copy(const void*);
extern "C" void _Block_release(const void*);

namespace anvil::objc {

/// Holds a heap copy of a block; F is its function type, as in Block<void(int)>.
template <class F>
class Block;
template <class R, class... Args>
class Block<R(Args...)> {
 public:
  using Literal = R (^)(Args...);

  Block() = default;
  explicit Block(Literal block)
      : block_(reinterpret_cast<Literal>(_Block_copy(reinterpret_cast<const void*>(block)))) {}
  Block(const Block& other) : Block(other.block_) {}
  Block(Block&& other) noexcept : block_(std::exchange(other.block_, nullptr)) {}
  Block& operator=(Block other) noexcept {
    std::swap(block_, other.block_);
    return *this;
  }
  ~Block() { _Block_release(reinterpret_cast<const void*>(block_)); }

  Literal literal() const { return block_; }
  explicit operator bool() const { return block_ != nullptr; }
  R operator()(Args... args) const { return block_(args...); }

 private:
  Literal block_ = nullptr;
};

}  // namespace anvil::objc
