// GgufFile: a GGUF model file: metadata read and checked, tensors mapped.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "foundry/device/device.hpp"
#include "foundry/gguf/gguf_contents.hpp"
#include "foundry/gguf/value.hpp"
#include "foundry/tensor/any_tensor.hpp"

namespace foundry {

/// Format: ggml's docs/gguf.md, versions 2 and 3, little endian. Every failure is a GgufError that
/// names file, byte offset and values: "model.gguf: at byte 24: key 3 has length
/// 18446744073709551615, the file has 80 bytes". Nothing is allocated on a claim the file's size
/// does not bear out; metadata takes four times its bytes in the file at most. Immutable and
/// thread-safe after open(). The file stays open, and may be replaced under its name; if it is cut,
/// every call that needs its bytes says so. A kernel that touches a page which is gone fails with
/// its command buffer; the host reads zeros there, and the next call says so (unsafe/mapped_file).
///
/// A split file ("model-00001-of-00003.gguf") is opened by its first part, whose metadata is the
/// file's; the other parts are found by their names, and hold tensors.
class GgufFile {
 public:
  /// GgufError at once for what is no regular file, and for a part that is missing.
  [[nodiscard]] static std::shared_ptr<const GgufFile> open(const std::string& path);
  ~GgufFile();
  GgufFile(const GgufFile&) = delete;
  GgufFile& operator=(const GgufFile&) = delete;

  [[nodiscard]] const std::string& path() const noexcept;
  /// Of every part: path() alone unless the file is split.
  [[nodiscard]] std::vector<std::string> paths() const;
  [[nodiscard]] std::uint32_t version() const noexcept { return contents_.version; }
  [[nodiscard]] std::uint32_t alignment() const noexcept { return contents_.alignment; }
  [[nodiscard]] std::uint64_t size() const noexcept;  ///< of all parts

  /// Keys in the order of the file.
  [[nodiscard]] const std::vector<std::pair<std::string_view, GgufValue>>& metadata()
      const noexcept {
    return contents_.metadata;
  }
  /// nullptr if there is no such key.
  [[nodiscard]] const GgufValue* find(std::string_view key) const noexcept;
  /// Typed reads; GgufError naming the key if it is missing or of another kind. Integers of any
  /// width and sign convert when the value fits.
  [[nodiscard]] std::uint64_t get_unsigned(std::string_view key) const;
  [[nodiscard]] double get_float(std::string_view key) const;
  [[nodiscard]] bool get_bool(std::string_view key) const;
  [[nodiscard]] std::string_view get_string(std::string_view key) const;

  [[nodiscard]] const std::vector<GgufTensorInfo>& tensors() const noexcept {
    return contents_.tensors;
  }
  [[nodiscard]] const GgufTensorInfo* find_tensor(std::string_view name) const noexcept;
  /// As find_tensor(), GgufError if there is none.
  [[nodiscard]] const GgufTensorInfo& tensor_info(std::string_view name) const;
  /// The mapped bytes, as the host sees them.
  [[nodiscard]] std::span<const std::byte> tensor_bytes(const GgufTensorInfo& info) const;
  /// A copy of the bytes, read from the file: GgufError, and no SIGBUS, if it was cut.
  [[nodiscard]] std::vector<std::byte> read_tensor(const GgufTensorInfo& info) const;
  /// content_hash() of its bytes, which are read for it the first time.
  [[nodiscard]] std::uint64_t hash_of(const GgufTensorInfo& info) const;
  /// GgufError with both sizes if the file is shorter than when it was opened.
  void require_whole() const;

  /// The tensor on `device` without a copy: one read-only borrowed buffer per device covers the
  /// whole part and keeps it mapped. A tensor that does not lie where its dtype needs it, which a
  /// general.alignment below 4 allows, is a copy in a buffer of its own. DTypeError for an
  /// unsupported dtype; GgufError if there is no such tensor or the file was cut.
  [[nodiscard]] AnyTensor tensor(const Device& device, std::string_view name) const;

 private:
  struct Impl;
  GgufFile();
  void add_part(std::uint64_t number, std::uint64_t count);
  [[nodiscard]] const GgufValue& get(std::string_view key) const;
  [[noreturn]] void fail_kind(std::string_view key, const char* wanted) const;
  std::unique_ptr<Impl> impl_;
  GgufContents contents_;  // metadata of the first part, tensors of all
};

/// "GGUF v3 'model.gguf': 97.9 MiB, 272 tensors, 33 keys".
[[nodiscard]] std::string to_string(const GgufFile& file);

}  // namespace foundry
