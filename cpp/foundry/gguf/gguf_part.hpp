// GgufPart: one file on disk of a GGUF file, which may be split: read, mapped, lent to devices.
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "foundry/core/error.hpp"
#include "foundry/device/device.hpp"
#include "foundry/gguf/file_blocks.hpp"
#include "foundry/unsafe/mapped_file.hpp"

namespace foundry {

/// Runs `use` of a file; the system's refusals are the file's.
template <class Use>
auto as_gguf_error(const Use& use) {
  try {
    return use();
  } catch (const ArgumentError& error) {
    throw GgufError(error.what());
  }
}

/// Failures are GgufErrors. Thread-safe but for blocks().
class GgufPart {
 public:
  explicit GgufPart(const std::string& path);

  [[nodiscard]] const std::string& path() const noexcept { return file_->path(); }
  [[nodiscard]] std::uint64_t size() const noexcept { return file_->size(); }
  /// What the texts of its header are views into.
  [[nodiscard]] FileBlocks& blocks() noexcept { return blocks_; }

  void require_whole() const;
  /// The mapped bytes, as the host sees them.
  [[nodiscard]] std::span<const std::byte> mapped(std::uint64_t offset, std::uint64_t length) const;
  void read(std::uint64_t offset, std::span<std::byte> bytes) const;
  /// The whole file as a buffer, one per device; it keeps the mapping.
  [[nodiscard]] Buffer buffer(const Device& device) const;

 private:
  [[nodiscard]] const unsafe::MappedFile& mapping_locked() const;

  std::shared_ptr<const unsafe::OpenFile> file_;
  FileBlocks blocks_;
  mutable std::mutex mutex_;
  mutable std::shared_ptr<const unsafe::MappedFile> mapping_;  // once needed; guarded by mutex_
  mutable std::vector<std::pair<Device, Buffer>> buffers_;     // guarded by mutex_
};

}  // namespace foundry
