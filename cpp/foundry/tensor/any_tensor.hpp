// AnyTensor: a tensor whose element type, storage and rank are values; what ops and bindings use.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "foundry/core/keep_alive.hpp"
#include "foundry/device/binding.hpp"
#include "foundry/device/command_stream.hpp"
#include "foundry/memory/arena.hpp"
#include "foundry/memory/lease.hpp"
#include "foundry/tensor/dtype.hpp"
#include "foundry/tensor/extents.hpp"

namespace foundry {

/// dedicated: a buffer of its own; pooled: a range of an arena; view: part or shape of another.
enum class StorageKind : std::uint8_t { dedicated, pooled, view };
[[nodiscard]] const char* name_of(StorageKind kind) noexcept;

/// A handle: copies share the bytes and each holds the lease. Empty by default; any other call on
/// an empty one throws StorageError. Distinct handles may be used from distinct threads.
class [[nodiscard]] AnyTensor {
 public:
  AnyTensor() = default;
  /// A buffer of its own, shared or private. Contents are unspecified.
  [[nodiscard]] static AnyTensor dedicated(const Device& device, const Extents& extents,
                                           DType dtype, StorageMode mode = StorageMode::shared,
                                           std::string name = {});
  /// A range of an arena.
  [[nodiscard]] static AnyTensor pooled(Arena& arena, const Extents& extents, DType dtype,
                                        std::string name = {});
  /// Host memory without a copy; `owner` keeps it alive. Throws ShapeError if it is shorter than
  /// the shape, StorageError if its address is not aligned for the dtype.
  [[nodiscard]] static AnyTensor borrowed(const Device& device, const unsafe::HostMemory& memory,
                                          KeepAlive owner, const Extents& extents, DType dtype,
                                          std::string name = {});
  /// A row-major tensor over a lease's range, from its start.
  [[nodiscard]] static AnyTensor over(Lease lease, const Extents& extents, DType dtype);

  explicit operator bool() const noexcept { return static_cast<bool>(lease_); }
  [[nodiscard]] DType dtype() const noexcept { return dtype_; }
  [[nodiscard]] const Extents& extents() const noexcept { return layout_.extents; }
  [[nodiscard]] const Strides& strides() const noexcept {
    return layout_.strides;
  }  ///< in elements
  [[nodiscard]] std::size_t rank() const noexcept { return layout_.extents.rank(); }
  [[nodiscard]] std::uint64_t count() const noexcept { return layout_.extents.count(); }
  [[nodiscard]] std::uint64_t extent(std::int64_t axis) const { return layout_.extents.at(axis); }
  /// Bytes from the first element to one past the last.
  [[nodiscard]] std::uint64_t byte_length() const noexcept { return byte_length_; }
  /// Bytes from the buffer's start to the first element.
  [[nodiscard]] std::uint64_t byte_offset() const noexcept { return byte_offset_; }
  [[nodiscard]] bool is_contiguous() const noexcept { return is_contiguous_; }
  /// Nothing may write it: it is borrowed from read-only pages, or broadcast.
  [[nodiscard]] bool is_read_only() const noexcept { return is_read_only_; }
  [[nodiscard]] StorageMode mode() const noexcept { return mode_; }
  [[nodiscard]] StorageKind storage() const noexcept { return storage_; }
  [[nodiscard]] const Lease& lease() const noexcept { return lease_; }
  [[nodiscard]] const Buffer& buffer() const noexcept { return lease_.buffer(); }
  /// What a kernel may touch through this tensor.
  [[nodiscard]] BufferRange range() const noexcept {
    return {&buffer(), byte_offset_, byte_length_};
  }

  [[nodiscard]] std::string name() const { return lease_.label().name; }
  /// The same tensor; its lease is called `name` from now on.
  const AnyTensor& named(std::string name) const;

  // Views share the bytes and hold the lease as a view. ShapeError when impossible without a copy;
  // block dtypes keep their innermost dimension in whole blocks, else DTypeError.
  /// The same elements, held as a view.
  [[nodiscard]] AnyTensor as_view() const;
  [[nodiscard]] AnyTensor reshape(const Extents& extents) const;
  /// [start, stop) by `step` along `axis`. Negative indices count from the end; a range past the
  /// end is an error, not clipped; step >= 1; never empty.
  [[nodiscard]] AnyTensor slice(std::int64_t axis, std::int64_t start, std::int64_t stop,
                                std::int64_t step = 1) const;
  /// One index of `axis`, which is dropped.
  [[nodiscard]] AnyTensor select(std::int64_t axis, std::int64_t index) const;
  /// Dimensions in reverse, or in `order` (a permutation).
  [[nodiscard]] AnyTensor transpose() const;
  [[nodiscard]] AnyTensor transpose(std::span<const std::int64_t> order) const;
  /// Without the dimensions of extent 1, or without `axis`, which must be one.
  [[nodiscard]] AnyTensor squeeze(std::optional<std::int64_t> axis = {}) const;
  [[nodiscard]] AnyTensor unsqueeze(std::int64_t axis) const;
  /// Dimensions of extent 1 (and missing outer ones) repeated, without memory; read-only.
  [[nodiscard]] AnyTensor broadcast(const Extents& extents) const;

  /// The elements on the host, after waiting for their last write. Throws StorageError for private
  /// storage, DTypeError for another T, ShapeError if not contiguous.
  template <Element T>
  [[nodiscard]] std::span<const T> host() const& {
    require_elements(dtype_of<T>);
    return unsafe::view_as<T>(host_bytes());
  }
  /// The same to write, after waiting for every use. StorageError also if read-only.
  template <Element T>
  [[nodiscard]] std::span<T> host_mutable() const& {
    require_elements(dtype_of<T>);
    return unsafe::mutable_view_as<T>(host_bytes_mutable());
  }
  /// Bytes from the first element to one past the last, strides and all; waits as above.
  /// `what` opens the message of a refusal: "numpy view of 'kv_cache': its storage is private ...".
  std::span<const std::byte> host_bytes(const char* what = "host view") const&;
  std::span<std::byte> host_bytes_mutable(const char* what = "host view") const&;
  /// A span does not hold the lease: of a temporary, the bytes would be gone with it.
  template <Element T>
  std::span<const T> host() const&& = delete;
  template <Element T>
  std::span<T> host_mutable() const&& = delete;
  std::span<const std::byte> host_bytes(const char* what = "host view") const&& = delete;
  std::span<std::byte> host_bytes_mutable(const char* what = "host view") const&& = delete;
  /// The contiguous elements' bytes copied out of any storage. ShapeError if not contiguous.
  std::vector<std::byte> copy_to_host(CommandStream& stream) const;
  /// `bytes` must be byte_length() long. Asynchronous for private storage.
  void copy_from_host(CommandStream& stream, std::span<const std::byte> bytes) const;

  /// "y (14336,) f16", the words of error messages.
  [[nodiscard]] std::string describe() const;

 private:
  AnyTensor(Lease lease, const Layout& layout, DType dtype, StorageKind storage,
            std::uint64_t base);
  AnyTensor viewed(const char* what, const Layout& layout) const;
  const Layout& present() const;
  void require_host(const char* what) const;
  void require_elements(DType wanted) const;

  Lease lease_;
  Layout layout_;                  // offset is folded into byte_offset_
  std::uint64_t byte_offset_ = 0;  // in the buffer
  std::uint64_t byte_length_ = 0;
  DType dtype_ = DType::f32;
  StorageMode mode_ = StorageMode::shared;
  StorageKind storage_ = StorageKind::dedicated;
  bool is_contiguous_ = true;
  bool is_read_only_ = false;
};

/// "Tensor 'y' (14336,) f16, pooled, shared"; a view adds its strides.
[[nodiscard]] std::string to_string(const AnyTensor& tensor);

}  // namespace foundry
