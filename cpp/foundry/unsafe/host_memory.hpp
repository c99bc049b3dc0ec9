// HostMemory: host bytes behind a device buffer, opened only through the bounds-checked calls here.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string_view>
#include <type_traits>

namespace foundry::unsafe {

/// An address range that the host may touch. It owns nothing: whoever opens it holds a lease.
class HostMemory {
 public:
  HostMemory() = default;
  [[nodiscard]] static HostMemory writable(std::span<std::byte> bytes) noexcept;
  [[nodiscard]] static HostMemory read_only(std::span<const std::byte> bytes) noexcept;

  [[nodiscard]] std::size_t length() const noexcept { return length_; }
  [[nodiscard]] bool is_read_only() const noexcept { return read_only_; }
  /// The address as a number, for alignment checks and hazard ranges; not for access.
  [[nodiscard]] std::uint64_t address() const noexcept;
  /// The bytes [offset, offset + length). Throws ShapeError past the end; the mutable form throws
  /// StorageError on read-only memory.
  [[nodiscard]] std::span<const std::byte> bytes(std::size_t offset, std::size_t length) const;
  [[nodiscard]] std::span<std::byte> mutable_bytes(std::size_t offset, std::size_t length) const;
  /// The whole pages that enclose the range, as no-copy buffers need; `page` is a power of two.
  [[nodiscard]] HostMemory enclosing_pages(std::size_t page) const noexcept;

 private:
  friend void* raw_pointer(const HostMemory&) noexcept;
  std::byte* base_ = nullptr;
  std::size_t length_ = 0;
  bool read_only_ = false;
};

/// The bare address, for the calls of Metal and of the operating system that take one.
void* raw_pointer(const HostMemory& memory) noexcept;

namespace detail {
/// check_range: throws ShapeError unless [offset, offset + length) lies inside `size` bytes.
/// check_view: throws ShapeError unless `bytes` is a whole number of elements at an aligned
/// address.
void check_range(std::size_t size, std::size_t offset, std::size_t length);
void check_view(std::span<const std::byte> bytes, std::size_t element_size, std::size_t alignment);
}  // namespace detail

/// Bytes seen as `T`s. Throws ShapeError unless they are aligned for T and a whole number of them.
template <class T>
[[nodiscard]] std::span<const T> view_as(std::span<const std::byte> bytes) {
  static_assert(std::is_trivially_copyable_v<T>);
  detail::check_view(bytes, sizeof(T), alignof(T));
  // SAFETY: T is trivially copyable; check_view() proved the alignment and that size() / sizeof(T)
  // whole elements lie inside the span.
  return {reinterpret_cast<const T*>(bytes.data()), bytes.size() / sizeof(T)};
}

template <class T>
[[nodiscard]] std::span<T> mutable_view_as(std::span<std::byte> bytes) {
  static_assert(std::is_trivially_copyable_v<T>);
  detail::check_view(bytes, sizeof(T), alignof(T));
  // SAFETY: as in view_as(); the bytes are writable because the span is.
  return {reinterpret_cast<T*>(bytes.data()), bytes.size() / sizeof(T)};
}

/// Bytes seen as characters.
[[nodiscard]] inline std::string_view text_of(std::span<const std::byte> bytes) noexcept {
  // SAFETY: char may alias anything, and the view has the span's own length.
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

/// The value at `offset`, read without regard to alignment. Throws ShapeError past the end.
template <class T>
[[nodiscard]] T load(std::span<const std::byte> bytes, std::size_t offset) {
  static_assert(std::is_trivially_copyable_v<T>);
  detail::check_range(bytes.size(), offset, sizeof(T));
  T value;
  std::memcpy(&value, bytes.subspan(offset, sizeof(T)).data(), sizeof(T));
  return value;
}

}  // namespace foundry::unsafe
