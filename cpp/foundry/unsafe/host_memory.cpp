#include "foundry/unsafe/host_memory.hpp"

#include "foundry/core/checked.hpp"
#include "foundry/core/error.hpp"

namespace foundry::unsafe {

HostMemory HostMemory::writable(std::span<std::byte> bytes) noexcept {
  HostMemory memory;
  memory.base_ = bytes.data();
  memory.length_ = bytes.size();
  return memory;
}

HostMemory HostMemory::read_only(std::span<const std::byte> bytes) noexcept {
  HostMemory memory;
  // SAFETY: the const is not lost: mutable_bytes() refuses read-only memory, and raw_pointer() goes
  // to Metal, whose device code writes no buffer that is marked read-only (CommandStream checks).
  memory.base_ = const_cast<std::byte*>(bytes.data());
  memory.length_ = bytes.size();
  memory.read_only_ = true;
  return memory;
}

std::uint64_t HostMemory::address() const noexcept {
  // SAFETY: a pointer's value as a number; nothing is accessed through it.
  return reinterpret_cast<std::uintptr_t>(base_);
}

std::span<const std::byte> HostMemory::bytes(std::size_t offset, std::size_t length) const {
  detail::check_range(length_, offset, length);
  // SAFETY: check_range() proved that the bytes lie inside the range the maker vouched for.
  return {base_ + offset, length};
}

std::span<std::byte> HostMemory::mutable_bytes(std::size_t offset, std::size_t length) const {
  if (read_only_) throw StorageError("this memory is read-only for the host");
  detail::check_range(length_, offset, length);
  // SAFETY: as in bytes(); the memory was given as writable.
  return {base_ + offset, length};
}

HostMemory HostMemory::enclosing_pages(std::size_t page) const noexcept {
  const std::size_t before = address() & (page - 1);
  HostMemory pages = *this;
  // SAFETY: protection is per page, so the whole pages around mapped bytes are mapped alike; the
  // address stays inside the first page of the range.
  pages.base_ = base_ - before;
  pages.length_ = (before + length_ + page - 1) & ~(page - 1);
  return pages;
}

void* raw_pointer(const HostMemory& memory) noexcept {
  return memory.base_;
}

void detail::check_range(std::size_t size, std::size_t offset, std::size_t length) {
  if (range_fits(offset, length, size)) return;
  throw ShapeError(concat("bytes [", offset, ", ", offset, " + ", length, ") leave the range of ",
                          size, " bytes"));
}

void detail::check_view(std::span<const std::byte> bytes, std::size_t element_size,
                        std::size_t alignment) {
  if (bytes.size() % element_size != 0) {
    throw ShapeError(
        concat(bytes.size(), " bytes are no whole number of elements of ", element_size, " bytes"));
  }
  // SAFETY: the address as a number, to test its alignment.
  const auto address = reinterpret_cast<std::uintptr_t>(bytes.data());
  if (address % alignment != 0) {
    throw ShapeError(concat("an address that is ", address % alignment, " modulo ", alignment,
                            " is not aligned for elements of ", element_size, " bytes"));
  }
}

}  // namespace foundry::unsafe
