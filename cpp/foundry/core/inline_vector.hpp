// A vector with a fixed capacity, stored inline: shapes and strides never touch the heap.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <initializer_list>

namespace foundry {

/// Up to `N` trivially copyable values. push_back returns false when it is full; indices are the
/// caller's to keep in range (the shape layer checks them and raises ShapeError).
template <class T, std::size_t N>
class InlineVector {
 public:
  constexpr InlineVector() = default;

  [[nodiscard]] static constexpr std::size_t capacity() noexcept { return N; }
  [[nodiscard]] constexpr std::size_t size() const noexcept { return size_; }
  [[nodiscard]] constexpr bool empty() const noexcept { return size_ == 0; }

  constexpr bool push_back(T value) noexcept {
    if (size_ == N) return false;
    values_[size_++] = value;
    return true;
  }
  constexpr void clear() noexcept { size_ = 0; }

  constexpr T& operator[](std::size_t i) noexcept { return values_[i]; }
  constexpr const T& operator[](std::size_t i) const noexcept { return values_[i]; }
  [[nodiscard]] constexpr const T* data() const noexcept { return values_.data(); }
  [[nodiscard]] constexpr const T* begin() const noexcept { return values_.data(); }
  [[nodiscard]] constexpr const T* end() const noexcept {
    return std::next(values_.data(), static_cast<std::ptrdiff_t>(size_));
  }

  friend constexpr bool operator==(const InlineVector& a, const InlineVector& b) noexcept {
    return std::equal(a.begin(), a.end(), b.begin(), b.end());
  }

 private:
  std::array<T, N> values_{};
  std::size_t size_ = 0;
};

}  // namespace foundry
