// Foundry.from_dlpack: what another library lends through DLPack, as a tensor.
#include <array>
#include <cstddef>
#include <span>
#include <string>
#include <utility>

#include "dlpack.hpp"
#include "foundry/core/error.hpp"
#include "foundry/core/release_queue.hpp"
#include "foundry/tensor/dtype_codes.hpp"

namespace foundry::python {
namespace {

using Shared = std::shared_ptr<Runtime>;

/// What a producer lent, taken out of its capsule; returned to it when the last tensor and command
/// buffer are done, where Python allows it.
class BorrowedDlpack final : public DeferredKeepable {
 public:
  explicit BorrowedDlpack(UnversionedDlpack& lent) : unversioned_(&lent) {}
  explicit BorrowedDlpack(VersionedDlpack& lent) : versioned_(&lent) {}
  ~BorrowedDlpack() override {
    if (unversioned_ && unversioned_->deleter) unversioned_->deleter(unversioned_);
    if (versioned_ && versioned_->deleter) versioned_->deleter(versioned_);
  }
  std::string describe() const override { return "borrowed DLPack memory"; }
  const nb::dlpack::dltensor& tensor() const {
    return versioned_ ? versioned_->tensor : unversioned_->tensor;
  }
  /// Whether the producer says that it may not be written; nullopt where it cannot say.
  std::optional<bool> is_read_only() const {
    if (!versioned_) return std::nullopt;
    return (versioned_->flags & VersionedDlpack::kReadOnly) != 0;
  }

 private:
  UnversionedDlpack* unversioned_ = nullptr;
  VersionedDlpack* versioned_ = nullptr;
};

/// The dtype of a DLPack type; DTypeError where there is none.
DType dtype_of_dlpack(nb::dlpack::dtype type) {
  const auto dtype = foundry::dtype_of_dlpack(type.code, type.bits);
  if (dtype && type.lanes == 1) return *dtype;
  throw DTypeError(concat("from_dlpack: DLPack type code ", static_cast<unsigned>(type.code),
                          " of ", static_cast<unsigned>(type.bits), " bits and ", type.lanes,
                          type.lanes == 1 ? " lane" : " lanes",
                          " has no element type; supported: ", supported_dtypes()));
}

void require_host(nb::handle source) {
  if (!nb::hasattr(source, "__dlpack_device__")) return;
  const nb::object device = source.attr("__dlpack_device__")();
  if (!is_dlpack_host(device)) {
    throw StorageError(concat("from_dlpack: the ", type_name_of(source), " is on DLPack device ",
                              text_of(device), "; host memory, (1, 0), can be shared"));
  }
}

/// The capsule of `source`, versioned where the producer knows versions.
nb::object capsule_of(nb::handle source) {
  const nb::object lend = source.attr("__dlpack__");
  try {
    return lend(nb::arg("max_version") = nb::make_tuple(VersionedDlpack::kVersion.major,
                                                        VersionedDlpack::kVersion.minor));
  } catch (nb::python_error& error) {
    // From before the array API standard of 2023, which says to ask again.
    if (!error.matches(PyExc_TypeError)) throw;
  }
  return lend();
}

/// Takes what `capsule` holds; it is marked as used then. The claim is the first on it.
std::pair<BorrowedDlpack*, KeepAlive> take(nb::handle source, nb::handle capsule) {
  const auto claimed = [&](auto* lent, const char* used_name) {
    auto* owner = new BorrowedDlpack(*lent);
    PyCapsule_SetName(capsule.ptr(), used_name);
    return std::pair(owner, KeepAlive(*owner, Holder::tensor()));
  };
  if (PyCapsule_IsValid(capsule.ptr(), UnversionedDlpack::kName)) {
    return claimed(static_cast<UnversionedDlpack*>(
                       PyCapsule_GetPointer(capsule.ptr(), UnversionedDlpack::kName)),
                   UnversionedDlpack::kUsedName);
  }
  if (!PyCapsule_IsValid(capsule.ptr(), VersionedDlpack::kName)) {
    throw StorageError(concat("from_dlpack: __dlpack__ of the ", type_name_of(source), " gave a ",
                              type_name_of(capsule), ", which is no unused DLPack capsule"));
  }
  auto* lent =
      static_cast<VersionedDlpack*>(PyCapsule_GetPointer(capsule.ptr(), VersionedDlpack::kName));
  if (lent->version.major != VersionedDlpack::kVersion.major) {
    throw StorageError(concat("from_dlpack: the ", type_name_of(source),
                              " lends by DLPack version ", lent->version.major, ".",
                              lent->version.minor, "; unsupported, supported: 0 and ",
                              VersionedDlpack::kVersion.major));
  }
  return claimed(lent, VersionedDlpack::kUsedName);
}

/// Whether the library of `source` lends without a version only what may be written: numpy refuses
/// to lend a read-only array so, torch has no read-only tensors.
bool lends_writable_only(nb::handle source) {
  if (nb::isinstance(source, nb::module_::import_("numpy").attr("ndarray"))) return true;
  const nb::dict modules = nb::module_::import_("sys").attr("modules");
  return modules.contains("torch") &&
         nb::isinstance(source, nb::getattr(modules["torch"], "Tensor", nb::make_tuple()));
}

Extents extents_of(const nb::dlpack::dltensor& lent) {
  std::array<std::uint64_t, kMaxRank> extents{};
  if (lent.ndim < 0 || lent.ndim > static_cast<std::int32_t>(kMaxRank)) {
    throw ShapeError(concat("from_dlpack: ", lent.ndim, " dimensions, the most is ", kMaxRank));
  }
  const auto rank = static_cast<std::size_t>(lent.ndim);
  for (std::size_t i = 0; i < rank; ++i) {
    if (lent.shape[i] < 0) {
      throw ShapeError(concat("from_dlpack: an extent of ", lent.shape[i], " is out of range"));
    }
    extents[i] = static_cast<std::uint64_t>(lent.shape[i]);
  }
  return Extents(std::span<const std::uint64_t>(extents.data(), rank));
}

bool is_row_major_array(const nb::dlpack::dltensor& lent, const Extents& extents) {
  if (!lent.strides) return true;
  Strides strides;
  for (std::size_t i = 0; i < extents.rank(); ++i) {
    if (lent.strides[i] < 0 && extents[i] != 1) return false;
    strides.push_back(static_cast<std::uint64_t>(lent.strides[i]));
  }
  return is_row_major(extents, strides);
}

}  // namespace

TensorHandle from_dlpack(const Shared& runtime, nb::handle source, bool copy, std::string name) {
  drain_released();
  if (!nb::hasattr(source, "__dlpack__")) {
    throw ArgumentError(concat("from_dlpack: a ", type_name_of(source),
                               " has no __dlpack__; Foundry.tensor() copies its values"));
  }
  nb::object capsule;
  try {
    require_host(source);
    capsule = capsule_of(source);
  } catch (nb::python_error& error) {
    throw_for<StorageError>(error,
                            concat("from_dlpack: the ", type_name_of(source), " lends nothing"));
  }
  auto [owner, claim] = take(source, capsule);
  const nb::dlpack::dltensor& lent = owner->tensor();
  const DType dtype = dtype_of_dlpack(lent.dtype);
  const Extents extents = extents_of(lent);
  if (lent.device.device_type != nb::device::cpu::value || !lent.data) {
    throw StorageError(concat("from_dlpack: the ", type_name_of(source), " lends ",
                              lent.data ? "memory of another device" : "no memory"));
  }
  if (!is_row_major_array(lent, extents)) {
    throw StorageError(
        concat("from_dlpack: ", to_string(extents), " ", name_of(dtype),
               " is not contiguous; make it so first, or Foundry.tensor() copies it"));
  }
  const std::span bytes(static_cast<std::byte*>(lent.data) + lent.byte_offset,
                        static_cast<std::size_t>(byte_length(extents, dtype)));
  if (copy) {
    TensorHandle tensor(AnyTensor::dedicated(runtime->device(), extents, dtype, StorageMode::shared,
                                             std::move(name)),
                        runtime);
    tensor.copy_from_host(runtime->stream(), bytes);
    return tensor;
  }
  const bool is_read_only =
      owner->is_read_only() ? *owner->is_read_only() : !lends_writable_only(source);
  const unsafe::HostMemory memory =
      is_read_only ? unsafe::HostMemory::read_only(bytes) : unsafe::HostMemory::writable(bytes);
  return {AnyTensor::borrowed(runtime->device(), memory, std::move(claim), extents, dtype,
                              std::move(name)),
          runtime};
}

}  // namespace foundry::python
