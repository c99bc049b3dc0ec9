// OpenFile: a regular file open for reading, whose length is checked again before it counts.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

namespace foundry::unsafe {

/// Closed by its last owner. Thread-safe.
class OpenFile {
 public:
  /// Throws ArgumentError with the path and the system's reason. What is no regular file (a FIFO, a
  /// device, a folder, a socket) is refused at once: open() does not wait for a writer.
  [[nodiscard]] static std::shared_ptr<const OpenFile> open(const std::string& path);
  ~OpenFile();
  OpenFile(const OpenFile&) = delete;
  OpenFile& operator=(const OpenFile&) = delete;

  [[nodiscard]] const std::string& path() const noexcept { return path_; }
  /// Bytes when it was opened.
  [[nodiscard]] std::uint64_t size() const noexcept { return size_; }
  [[nodiscard]] int descriptor() const noexcept { return descriptor_; }

  /// Fills `bytes` from `offset` on. ArgumentError if the file ends before or cannot be read.
  void read(std::uint64_t offset, std::span<std::byte> bytes) const;
  /// The whole file.
  [[nodiscard]] std::vector<std::byte> read_all() const;
  /// Throws ArgumentError with both sizes if the file is shorter than when it was opened.
  void require_whole() const;

 private:
  OpenFile(std::string path, int descriptor) : path_(std::move(path)), descriptor_(descriptor) {}
  std::string path_;
  int descriptor_;
  std::uint64_t size_ = 0;
};

}  // namespace foundry::unsafe
