#include "foundry/tensor/any_tensor.hpp"

#include <array>
#include <utility>

#include "foundry/core/error.hpp"

namespace foundry {

namespace {

Label label_of(std::string name, const Extents& extents, DType dtype) {
  return {std::move(name), name_of(dtype), extents.dimensions()};
}

std::string words(const std::string& name, const Extents& extents, DType dtype) {
  return label_of(name, extents, dtype).to_string();
}

Layout row_major_layout(const Extents& extents) {
  return {extents, row_major(extents), 0};
}

/// Block types are addressed in whole blocks: the innermost dimension stays innermost and whole.
void check_blocks(const char* what, const Layout& layout, DType dtype) {
  const std::uint64_t block = info(dtype).block_elements;
  if (block == 1) return;
  const std::size_t rank = layout.extents.rank();
  bool is_whole = rank > 0 && layout.strides[rank - 1] == 1 &&
                  layout.extents[rank - 1] % block == 0 && layout.offset % block == 0;
  for (std::size_t i = 0; i + 1 < rank; ++i) {
    is_whole = is_whole && (layout.extents[i] == 1 || layout.strides[i] % block == 0);
  }
  if (!is_whole) {
    throw DTypeError(concat(what, " to ", to_string(layout.extents), " of ", name_of(dtype),
                            ": the innermost dimension must stay innermost, in whole blocks of ",
                            block));
  }
}

bool repeats(const Layout& layout) {
  for (std::size_t i = 0; i < layout.extents.rank(); ++i) {
    if (layout.strides[i] == 0 && layout.extents[i] > 1) return true;
  }
  return false;
}

std::string quoted(const std::string& name) {
  return name.empty() ? "an unnamed tensor" : concat("'", name, "'");
}

}  // namespace

const char* name_of(StorageKind kind) noexcept {
  return kind == StorageKind::dedicated ? "dedicated"
         : kind == StorageKind::pooled  ? "pooled"
                                        : "view";
}

AnyTensor::AnyTensor(Lease lease, const Layout& layout, DType dtype, StorageKind storage,
                     std::uint64_t base)
    : lease_(std::move(lease)),
      layout_{layout.extents, layout.strides, 0},
      dtype_(dtype),
      mode_(lease_.buffer().mode()),
      storage_(storage),
      is_contiguous_(is_row_major(layout.extents, layout.strides)),
      is_read_only_(lease_.buffer().is_read_only() || repeats(layout)) {
  const DTypeInfo& row = info(dtype);
  byte_offset_ = base + layout.offset / row.block_elements * row.block_bytes;
  byte_length_ = (span_of(layout.extents, layout.strides) + row.block_elements - 1) /
                 row.block_elements * row.block_bytes;
}

AnyTensor AnyTensor::dedicated(const Device& device, const Extents& extents, DType dtype,
                               StorageMode mode, std::string name) {
  if (!is_supported(dtype)) require_supported(dtype, words(name, extents, dtype));
  const std::uint64_t bytes = foundry::byte_length(extents, dtype);
  Buffer buffer = device.make_buffer(bytes, mode, name);
  Lease lease = Lease::of(std::move(buffer), 0, bytes, label_of(std::move(name), extents, dtype));
  return AnyTensor(std::move(lease), row_major_layout(extents), dtype, StorageKind::dedicated, 0);
}

AnyTensor AnyTensor::pooled(Arena& arena, const Extents& extents, DType dtype, std::string name) {
  const std::uint64_t bytes = foundry::byte_length(extents, dtype);
  return over(arena.allocate(bytes, label_of(std::move(name), extents, dtype)), extents, dtype);
}

AnyTensor AnyTensor::borrowed(const Device& device, const unsafe::HostMemory& memory,
                              KeepAlive owner, const Extents& extents, DType dtype,
                              std::string name) {
  const std::string what = words(name, extents, dtype);
  require_supported(dtype, what);
  const std::uint64_t bytes = foundry::byte_length(extents, dtype);
  if (memory.length() < bytes) {
    throw ShapeError(
        concat(what, " needs ", bytes, " bytes, the host memory has ", memory.length()));
  }
  if (memory.address() % info(dtype).alignment != 0) {
    throw StorageError(concat(what, ": the host address is ",
                              memory.address() % info(dtype).alignment, " modulo ",
                              info(dtype).alignment, ", ", name_of(dtype), " needs 0"));
  }
  Buffer buffer = device.borrow(memory, std::move(owner), name);
  Lease lease = Lease::of(std::move(buffer), Device::borrow_offset(memory), bytes,
                          label_of(std::move(name), extents, dtype));
  return over(std::move(lease), extents, dtype);
}

AnyTensor AnyTensor::over(Lease lease, const Extents& extents, DType dtype) {
  if (!is_supported(dtype)) require_supported(dtype, words("", extents, dtype));
  const std::uint64_t bytes = foundry::byte_length(extents, dtype);
  if (lease.length() < bytes) {
    throw ShapeError(concat(words("", extents, dtype), " needs ", bytes, " bytes, the lease has ",
                            lease.length()));
  }
  const StorageKind kind = lease.is_pooled() ? StorageKind::pooled : StorageKind::dedicated;
  const std::uint64_t base = lease.offset();
  return AnyTensor(std::move(lease), row_major_layout(extents), dtype, kind, base);
}

const Layout& AnyTensor::present() const {
  if (!lease_) throw StorageError("this tensor is empty");
  return layout_;
}

AnyTensor AnyTensor::viewed(const char* what, const Layout& layout) const {
  check_blocks(what, layout, dtype_);
  AnyTensor view(lease_.as_view(), layout, dtype_, StorageKind::view, byte_offset_);
  view.is_read_only_ = view.is_read_only_ || is_read_only_;
  return view;
}

const AnyTensor& AnyTensor::named(std::string name) const {
  present();
  Label label = lease_.label();
  label.name = std::move(name);
  lease_.set_label(std::move(label));
  return *this;
}

AnyTensor AnyTensor::as_view() const {
  return viewed("view", present());
}

AnyTensor AnyTensor::reshape(const Extents& extents) const {
  return viewed("reshape", reshaped(present(), extents));
}

AnyTensor AnyTensor::slice(std::int64_t axis, std::int64_t start, std::int64_t stop,
                           std::int64_t step) const {
  return viewed("slice", sliced(present(), axis, start, stop, step));
}

AnyTensor AnyTensor::select(std::int64_t axis, std::int64_t index) const {
  const std::size_t at = normalize_axis(axis, present().extents.rank(), "select");
  const auto extent = static_cast<std::int64_t>(layout_.extents[at]);
  if (index < -extent || index >= extent) {
    throw ShapeError(concat("select: index ", index, " is not in axis ", at, " of ",
                            to_string(layout_.extents)));
  }
  const std::int64_t start = index < 0 ? index + extent : index;
  const auto dropped = static_cast<std::int64_t>(at);
  return viewed("select", squeezed(sliced(layout_, dropped, start, start + 1, 1), dropped));
}

AnyTensor AnyTensor::transpose() const {
  std::array<std::int64_t, kMaxRank> order{};
  const std::size_t rank = present().extents.rank();
  for (std::size_t i = 0; i < rank; ++i) order[i] = static_cast<std::int64_t>(rank - 1 - i);
  return transpose(std::span<const std::int64_t>(order.data(), rank));
}

AnyTensor AnyTensor::transpose(std::span<const std::int64_t> order) const {
  return viewed("transpose", transposed(present(), order));
}

AnyTensor AnyTensor::squeeze(std::optional<std::int64_t> axis) const {
  return viewed("squeeze", squeezed(present(), axis));
}

AnyTensor AnyTensor::unsqueeze(std::int64_t axis) const {
  return viewed("unsqueeze", unsqueezed(present(), axis));
}

AnyTensor AnyTensor::broadcast(const Extents& extents) const {
  return viewed("broadcast", foundry::broadcast(present(), extents));
}

void AnyTensor::require_host(const char* what) const {
  present();
  if (is_host_visible(mode_)) return;
  throw StorageError(concat(what, " of ", quoted(name()),
                            ": its storage is private to the GPU; use .copy_to_host()"));
}

void AnyTensor::require_elements(DType wanted) const {
  require_host("host view");
  if (dtype_ != wanted) {
    throw DTypeError(concat("host view of ", quoted(name()), " as ", name_of(wanted), ": it is ",
                            name_of(dtype_)));
  }
  if (!is_contiguous_) {
    throw ShapeError(concat("host view of ", quoted(name()), ": ", to_string(layout_.extents),
                            " with strides ", to_string(Dimensions(layout_.strides)),
                            " is not contiguous"));
  }
}

std::span<const std::byte> AnyTensor::host_bytes(const char* what) const& {
  require_host(what);
  wait_for_writes(range());
  return buffer().host().bytes(byte_offset_, byte_length_);
}

std::span<std::byte> AnyTensor::host_bytes_mutable(const char* what) const& {
  require_host(what);
  if (is_read_only_) {
    throw StorageError(concat(what, " of ", quoted(name()), ": it is read-only"));
  }
  wait_for_uses(range());
  return buffer().host().mutable_bytes(byte_offset_, byte_length_);
}

std::vector<std::byte> AnyTensor::copy_to_host(CommandStream& stream) const {
  present();
  if (!is_contiguous_) {
    throw ShapeError(concat("copy_to_host of ", quoted(name()), ": ", to_string(layout_.extents),
                            " is not contiguous"));
  }
  std::vector<std::byte> bytes(byte_length_);
  stream.download(range(), bytes, lease_.target());
  return bytes;
}

void AnyTensor::copy_from_host(CommandStream& stream, std::span<const std::byte> bytes) const {
  present();
  if (!is_contiguous_ || is_read_only_) {
    throw StorageError(concat("copy_from_host to ", quoted(name()), ": it is ",
                              is_read_only_ ? "read-only" : "not contiguous"));
  }
  if (bytes.size() != byte_length_) {
    throw ShapeError(concat("copy_from_host to ", describe(), ": ", bytes.size(),
                            " bytes given, it has ", byte_length_));
  }
  stream.upload(bytes, range(), lease_.target());
}

std::string AnyTensor::describe() const {
  return lease_ ? words(name(), layout_.extents, dtype_) : "empty tensor";
}

std::string to_string(const AnyTensor& tensor) {
  if (!tensor) return "Tensor (empty)";
  const std::string name = tensor.name();
  std::string text = concat("Tensor ", name.empty() ? "" : concat("'", name, "' "),
                            to_string(tensor.extents()), " ", name_of(tensor.dtype()), ", ",
                            name_of(tensor.storage()), ", ", name_of(tensor.mode()));
  if (!tensor.is_contiguous()) {
    text += concat(", strides ", to_string(Dimensions(tensor.strides())));
  }
  return tensor.is_read_only() ? text + ", read-only" : text;
}

}  // namespace foundry
