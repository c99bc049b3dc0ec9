// A vector with a fixed capacity for the locals of hot paths: room that is not used is not touched.
#pragma once

#include <array>
#include <cstddef>
#include <iterator>
#include <memory>
#include <new>
#include <type_traits>

namespace foundry::unsafe {

/// Up to `N` values. push_back returns false when it is full. For storing and copying there is
/// InlineVector, whose every place has a value.
template <class T, std::size_t N>
class StackVector {
  static_assert(std::is_trivially_copyable_v<T> && std::is_trivially_destructible_v<T>);

 public:
  StackVector() noexcept {}  // not defaulted: `StackVector<T, N> v{}` would write all of it
  StackVector(const StackVector&) = delete;
  StackVector& operator=(const StackVector&) = delete;

  [[nodiscard]] std::size_t size() const noexcept { return size_; }
  [[nodiscard]] bool empty() const noexcept { return size_ == 0; }
  bool push_back(const T& value) noexcept {
    if (size_ == N) return false;
    // SAFETY: size_ is below N, so the place lies in bytes_, which is aligned for T.
    std::construct_at(std::next(data(), static_cast<std::ptrdiff_t>(size_)), value);
    ++size_;
    return true;
  }

  // SAFETY: the first size_ places of bytes_ hold values of T, which need no destruction; callers
  // keep indices below size().
  [[nodiscard]] T* data() noexcept { return std::launder(reinterpret_cast<T*>(bytes_.data())); }
  [[nodiscard]] const T* data() const noexcept {
    return std::launder(reinterpret_cast<const T*>(bytes_.data()));
  }
  [[nodiscard]] T* begin() noexcept { return data(); }
  [[nodiscard]] T* end() noexcept { return std::next(data(), static_cast<std::ptrdiff_t>(size_)); }
  [[nodiscard]] const T* begin() const noexcept { return data(); }
  [[nodiscard]] const T* end() const noexcept {
    return std::next(data(), static_cast<std::ptrdiff_t>(size_));
  }
  T& operator[](std::size_t i) noexcept {
    return *std::next(data(), static_cast<std::ptrdiff_t>(i));
  }
  const T& operator[](std::size_t i) const noexcept {
    return *std::next(data(), static_cast<std::ptrdiff_t>(i));
  }

 private:
  alignas(T) std::array<std::byte, sizeof(T) * N> bytes_;  // of `size_` values
  std::size_t size_ = 0;
};

}  // namespace foundry::unsafe
