// MappedFile: a whole file mapped read-only, page-aligned, unmapped by its last owner.
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>

#include "foundry/unsafe/host_memory.hpp"
#include "foundry/unsafe/lost_pages.hpp"
#include "foundry/unsafe/open_file.hpp"

namespace foundry::unsafe {

/// There are two mappings of the same pages. A device's kernels that meet a page which is gone fail
/// with their command buffer; the host reads zeros, and the next call of host_memory() says so.
class MappedFile {
 public:
  /// Maps `file` as it was when it was opened. Throws ArgumentError with the path and the system's
  /// reason, or if the file is shorter now. An empty file maps to no bytes.
  [[nodiscard]] static std::shared_ptr<const MappedFile> map(std::shared_ptr<const OpenFile> file);
  ~MappedFile();
  MappedFile(const MappedFile&) = delete;
  MappedFile& operator=(const MappedFile&) = delete;

  [[nodiscard]] const std::string& path() const noexcept { return file_->path(); }
  [[nodiscard]] std::uint64_t size() const noexcept { return memory_.length(); }
  /// For a device. The host must not touch it: a page that is gone is a SIGBUS.
  [[nodiscard]] const HostMemory& memory() const noexcept { return memory_; }
  /// For the host, mapped by the first call. Throws ArgumentError if the file is shorter now, and
  /// once if it was while its pages were read.
  [[nodiscard]] HostMemory host_memory() const;
  /// The same, as far as it was mapped.
  void require_whole() const;

 private:
  MappedFile(std::shared_ptr<const OpenFile> file, HostMemory memory)
      : file_(std::move(file)), memory_(memory) {}
  void require_whole_locked() const;

  std::shared_ptr<const OpenFile> file_;
  HostMemory memory_;
  mutable std::mutex mutex_;
  mutable std::span<std::byte> host_;              // guarded by mutex_, as what follows
  mutable std::optional<WatchedPages> watched_;    // once host_ is mapped
  mutable std::uint64_t told_ = 0, restored_ = 0;  // of its losses
};

}  // namespace foundry::unsafe
