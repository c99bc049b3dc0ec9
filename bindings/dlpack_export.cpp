// Tensor.__dlpack__: capsules over a tensor's memory, or over a copy of its values.
#include <array>
#include <memory>
#include <utility>
#include <vector>

#include "dlpack.hpp"
#include "foundry/core/error.hpp"
#include "foundry/core/release_queue.hpp"
#include "foundry/tensor/dtype_codes.hpp"

namespace foundry::python {

nb::dlpack::dtype dlpack_dtype(DType dtype) {
  return {static_cast<std::uint8_t>(codes_of(dtype).dlpack),
          static_cast<std::uint8_t>(info(dtype).block_bytes * 8), 1};
}

namespace {

/// What a capsule lends: the tensor's memory with a claim on its lease, or bytes of its own. It
/// holds nothing of Python's: a consumer may let go of it on any thread, without the GIL.
template <class Managed>
struct Lent {
  Managed managed;
  std::array<std::int64_t, kMaxRank> shape{}, strides{};
  KeepAlive claim;
  std::vector<std::byte> copied;

  void describe(const AnyTensor& tensor, std::byte* data, const Strides& steps) {
    for (std::size_t axis = 0; axis < tensor.rank(); ++axis) {
      shape[axis] = static_cast<std::int64_t>(tensor.extents()[axis]);
      strides[axis] = static_cast<std::int64_t>(steps[axis]);
    }
    managed.tensor = {data,
                      {nb::device::cpu::value, 0},
                      static_cast<std::int32_t>(tensor.rank()),
                      dlpack_dtype(tensor.dtype()),
                      shape.data(),
                      strides.data(),
                      0};
  }
};

/// The capsule of `lent`, which its consumer or, if there is none, the capsule's end frees.
template <class Managed>
nb::object into_capsule(std::unique_ptr<Lent<Managed>> lent) {
  lent->managed.context = lent.get();
  lent->managed.deleter = [](Managed* managed) {
    delete static_cast<Lent<Managed>*>(managed->context);
  };
  nb::object capsule =
      nb::steal(PyCapsule_New(&lent->managed, Managed::kName, [](PyObject* unused) {
        if (!PyCapsule_IsValid(unused, Managed::kName)) return;  // it was taken
        auto* managed = static_cast<Managed*>(PyCapsule_GetPointer(unused, Managed::kName));
        managed->deleter(managed);
      }));
  if (!capsule.is_valid()) nb::raise_python_error();
  static_cast<void>(lent.release());  // the capsule's now
  return capsule;
}

template <class Managed>
nb::object lend(const TensorHandle& tensor, bool as_copy) {
  auto lent = std::make_unique<Lent<Managed>>();
  if (as_copy) {
    lent->copied = copied_bytes(tensor);
    lent->describe(tensor, lent->copied.data(), row_major(tensor.extents()));
  } else {
    lent->describe(tensor, tensor.host_bytes_mutable("DLPack view").data(), tensor.strides());
    lent->claim = tensor.lease().held_by(Holder::capsule());
  }
  if constexpr (std::is_same_v<Managed, VersionedDlpack>) {
    lent->managed.flags = (as_copy ? VersionedDlpack::kIsCopied : 0) |
                          (tensor.is_read_only() ? VersionedDlpack::kReadOnly : 0);
  }
  return into_capsule(std::move(lent));
}

/// Whether the consumer understands versioned capsules.
bool takes_versions(nb::handle max_version) {
  if (max_version.is_none()) return false;
  nb::tuple version;
  if (!nb::try_cast(max_version, version) || version.size() != 2 ||
      !PyLong_Check(nb::object(version[0]).ptr())) {
    throw ArgumentTypeError(concat("__dlpack__: max_version is ", text_of(max_version),
                                   "; expected None or a tuple of two integers"));
  }
  return nb::object(version[0]) >= nb::int_(VersionedDlpack::kVersion.major);
}

}  // namespace

bool is_dlpack_host(nb::handle device) {
  const int is_equal = PyObject_RichCompareBool(device.ptr(), nb::make_tuple(1, 0).ptr(), Py_EQ);
  if (is_equal < 0) nb::raise_python_error();
  return is_equal == 1;
}

nb::object dlpack_capsule(const TensorHandle& tensor, nb::handle stream, nb::handle max_version,
                          nb::handle dl_device, nb::handle copy) {
  drain_released();
  if (!stream.is_none()) {
    throw ArgumentError(concat("__dlpack__: stream is ", text_of(stream),
                               "; expected None, as the memory is the host's"));
  }
  if (!dl_device.is_none() && !is_dlpack_host(dl_device)) {
    throw StorageError(concat("__dlpack__: dl_device is ", text_of(dl_device),
                              "; unsupported, supported: (1, 0), the host's memory"));
  }
  if (!copy.is_none() && !PyBool_Check(copy.ptr())) {
    throw ArgumentTypeError(
        concat("__dlpack__: copy is ", text_of(copy), "; expected True, False or None"));
  }
  const bool has_versions = takes_versions(max_version);
  bool as_copy = copy.is(nb::handle(Py_True));
  if (!as_copy || is_block(tensor.dtype())) {
    require_viewable(tensor, as_copy ? "DLPack copy" : "DLPack view");
  }
  if (tensor.is_read_only() && !as_copy) {
    if (!copy.is_none() || !has_versions) {
      throw StorageError(concat("DLPack view of ", tensor.describe(), ": it is read-only, ",
                                has_versions ? "and is lent as a copy only, since some consumers "
                                               "write to it all the same"
                                             : "which a capsule without a version cannot say",
                                "; use copy=True, or numpy.asarray() to share it"));
    }
    as_copy = true;
  }
  return has_versions ? lend<VersionedDlpack>(tensor, as_copy)
                      : lend<UnversionedDlpack>(tensor, as_copy);
}

}  // namespace foundry::python
