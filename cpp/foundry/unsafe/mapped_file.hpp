// MappedFile: a whole file mapped read-only, page-aligned, unmapped by its last owner.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include "foundry/unsafe/host_memory.hpp"

namespace foundry::unsafe {

class MappedFile {
 public:
  /// Maps `path`. Throws ArgumentError with the path and the system's reason. An empty file maps to
  /// no bytes. The file must not shrink while it is mapped: the kernel then faults (SIGBUS).
  static std::shared_ptr<const MappedFile> open(const std::string& path);
  ~MappedFile();
  MappedFile(const MappedFile&) = delete;
  MappedFile& operator=(const MappedFile&) = delete;

  const std::string& path() const noexcept { return path_; }
  std::uint64_t size() const noexcept { return memory_.length(); }
  std::span<const std::byte> bytes() const { return memory_.bytes(0, memory_.length()); }
  const HostMemory& memory() const noexcept { return memory_; }

 private:
  MappedFile(std::string path, HostMemory memory) : path_(std::move(path)), memory_(memory) {}
  std::string path_;
  HostMemory memory_;
};

}  // namespace foundry::unsafe
