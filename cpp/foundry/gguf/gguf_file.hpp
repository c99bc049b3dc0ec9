// GgufFile: a GGUF model file: metadata read and checked, tensors mapped.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "foundry/device/device.hpp"
#include "foundry/gguf/value.hpp"
#include "foundry/tensor/any_tensor.hpp"
#include "foundry/unsafe/mapped_file.hpp"

namespace foundry {

struct GgufTensorInfo {
  std::string_view name;
  Extents extents;  ///< outermost first: reversed from the file's order
  DType dtype = DType::f32;
  std::uint64_t offset = 0;  ///< bytes from the file's start
  std::uint64_t length = 0;  ///< bytes
};

/// Format: ggml's docs/gguf.md, versions 2 and 3, little endian. Every failure is a GgufError that
/// names file, byte offset and values: "model.gguf: at byte 24: key 3 has length
/// 18446744073709551615, the file has 80 bytes". Nothing is allocated on a claim the file's size
/// does not bear out; metadata takes four times its bytes in the file at most. Immutable and
/// thread-safe after open(). The file stays open, and may be replaced under its name; if it is cut,
/// every call that needs its bytes says so. A kernel that touches a page which is gone fails with
/// its command buffer; the host reads zeros there, and the next call says so (unsafe/mapped_file).
class GgufFile {
 public:
  /// GgufError at once for what is no regular file.
  [[nodiscard]] static std::shared_ptr<const GgufFile> open(const std::string& path);
  ~GgufFile();
  GgufFile(const GgufFile&) = delete;
  GgufFile& operator=(const GgufFile&) = delete;

  [[nodiscard]] const std::string& path() const noexcept;
  [[nodiscard]] std::uint32_t version() const noexcept { return version_; }
  [[nodiscard]] std::uint32_t alignment() const noexcept { return alignment_; }
  [[nodiscard]] std::uint64_t size() const noexcept;

  /// Keys in the order of the file.
  [[nodiscard]] const std::vector<std::pair<std::string_view, GgufValue>>& metadata()
      const noexcept {
    return metadata_;
  }
  /// nullptr if there is no such key.
  [[nodiscard]] const GgufValue* find(std::string_view key) const noexcept;
  /// Typed reads; GgufError naming the key if it is missing or of another kind. Integers of any
  /// width and sign convert when the value fits.
  [[nodiscard]] std::uint64_t get_unsigned(std::string_view key) const;
  [[nodiscard]] double get_float(std::string_view key) const;
  [[nodiscard]] bool get_bool(std::string_view key) const;
  [[nodiscard]] std::string_view get_string(std::string_view key) const;

  [[nodiscard]] const std::vector<GgufTensorInfo>& tensors() const noexcept { return tensors_; }
  [[nodiscard]] const GgufTensorInfo* find_tensor(std::string_view name) const noexcept;
  /// As find_tensor(), GgufError if there is none.
  [[nodiscard]] const GgufTensorInfo& tensor_info(std::string_view name) const;
  /// The mapped bytes, as the host sees them.
  [[nodiscard]] std::span<const std::byte> tensor_bytes(const GgufTensorInfo& info) const;
  /// A copy of the bytes, read from the file: GgufError, and no SIGBUS, if it was cut.
  [[nodiscard]] std::vector<std::byte> read_tensor(const GgufTensorInfo& info) const;
  /// GgufError with both sizes if the file is shorter than when it was opened.
  void require_whole() const;

  /// The tensor on `device` without a copy: one read-only borrowed buffer per device covers the
  /// whole file and keeps it mapped. A tensor that does not lie where its dtype needs it, which a
  /// general.alignment below 4 allows, is a copy in a buffer of its own. DTypeError for an
  /// unsupported dtype; GgufError if there is no such tensor or the file was cut.
  [[nodiscard]] AnyTensor tensor(const Device& device, std::string_view name) const;

 private:
  friend class GgufParser;
  struct Impl;
  GgufFile();
  [[nodiscard]] const GgufValue& get(std::string_view key) const;
  [[noreturn]] void fail_kind(std::string_view key, const char* wanted) const;
  [[nodiscard]] const unsafe::MappedFile& mapping_locked() const;
  [[nodiscard]] Buffer buffer(const Device& device) const;
  std::unique_ptr<Impl> impl_;
  std::uint32_t version_ = 0;
  std::uint32_t alignment_ = 32;
  std::vector<std::pair<std::string_view, GgufValue>> metadata_;
  std::vector<GgufTensorInfo> tensors_;
};

/// "GGUF v3 'model.gguf': 97.9 MiB, 272 tensors, 33 keys".
[[nodiscard]] std::string to_string(const GgufFile& file);

}  // namespace foundry
