// DLPack's structures (dlpack.h, versions 0 and 1), and its types of our dtypes.
#pragma once

#include <nanobind/ndarray.h>

#include <cstdint>

#include "foundry/tensor/dtype.hpp"
#include "tensor.hpp"

namespace foundry::python {

struct DlpackVersion {
  std::uint32_t major, minor;
};

/// DLManagedTensor: cannot say whether its memory may be written.
struct UnversionedDlpack {
  static constexpr const char* kName = "dltensor";
  static constexpr const char* kUsedName = "used_dltensor";
  nb::dlpack::dltensor tensor;
  void* context = nullptr;
  void (*deleter)(UnversionedDlpack*) = nullptr;
};

/// DLManagedTensorVersioned.
struct VersionedDlpack {
  static constexpr const char* kName = "dltensor_versioned";
  static constexpr const char* kUsedName = "used_dltensor_versioned";
  static constexpr DlpackVersion kVersion{1, 1};
  static constexpr std::uint64_t kReadOnly = 1, kIsCopied = 2;  ///< of flags
  DlpackVersion version = kVersion;
  void* context = nullptr;
  void (*deleter)(VersionedDlpack*) = nullptr;
  std::uint64_t flags = 0;
  nb::dlpack::dltensor tensor;
};

/// Whether a pair of DLPack is (1, 0): kDLCPU, the host's memory.
bool is_dlpack_host(nb::handle device);

/// DLPack's type of a plain dtype.
nb::dlpack::dtype dlpack_dtype(DType dtype);

/// `__dlpack__` of a tensor, with the arguments of the Python array API standard. Memory that is
/// read-only is never lent, only copied: there are consumers that ignore the flag.
nb::object dlpack_capsule(const TensorHandle& tensor, nb::handle stream, nb::handle max_version,
                          nb::handle dl_device, nb::handle copy);

}  // namespace foundry::python
