// MappedFile: a whole file mapped read-only, page-aligned, unmapped by its last owner.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include "foundry/unsafe/host_memory.hpp"
#include "foundry/unsafe/open_file.hpp"

namespace foundry::unsafe {

class MappedFile {
 public:
  /// Maps `file` as it was when it was opened. Throws ArgumentError with the path and the system's
  /// reason, or if the file is shorter now. An empty file maps to no bytes. The file must not
  /// shrink while it is mapped: who touches a page that is gone gets a SIGBUS, which
  /// require_whole() finds out before.
  [[nodiscard]] static std::shared_ptr<const MappedFile> map(std::shared_ptr<const OpenFile> file);
  ~MappedFile();
  MappedFile(const MappedFile&) = delete;
  MappedFile& operator=(const MappedFile&) = delete;

  [[nodiscard]] const std::string& path() const noexcept { return file_->path(); }
  [[nodiscard]] std::uint64_t size() const noexcept { return memory_.length(); }
  [[nodiscard]] std::span<const std::byte> bytes() const {
    return memory_.bytes(0, memory_.length());
  }
  [[nodiscard]] const HostMemory& memory() const noexcept { return memory_; }

 private:
  MappedFile(std::shared_ptr<const OpenFile> file, HostMemory memory)
      : file_(std::move(file)), memory_(memory) {}
  std::shared_ptr<const OpenFile> file_;
  HostMemory memory_;
};

}  // namespace foundry::unsafe
