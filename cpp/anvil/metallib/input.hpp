// input.hpp: where a compiled library's bytes are, read as they are needed.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <stdexcept>
#include <string>

namespace anvil::metallib {

/// what() begins with the library's name and, for what is wrong at a place, ": at byte <offset>: ".
struct FormatError : std::runtime_error {
  using runtime_error::runtime_error;
};

/// There is no such file, or it cannot be read.
struct FileError : FormatError {
  using FormatError::FormatError;
};

/// A file that stays open, or bytes in memory. Read, not mapped: a file that is cut meanwhile is an
/// error, not a signal.
class Input {
 public:
  /// Throws FileError, also for what is no regular file.
  static std::shared_ptr<const Input> open(const std::string& path);
  /// `owner` keeps the bytes; `name` is what errors call them.
  static std::shared_ptr<const Input> of(std::string name, std::span<const std::byte> bytes,
                                         std::shared_ptr<const void> owner);
  ~Input();
  Input(const Input&) = delete;
  Input& operator=(const Input&) = delete;

  const std::string& name() const { return name_; }
  uint64_t size() const { return size_; }
  /// The range lies within size(). Throws FileError if the file has become shorter.
  void read(uint64_t offset, std::span<std::byte> to) const;
  std::string text(uint64_t offset, uint64_t length) const;

 private:
  Input() = default;

  std::string name_;
  uint64_t size_ = 0;
  int file_ = -1;
  std::span<const std::byte> bytes_;
  std::shared_ptr<const void> owner_;
};

}  // namespace anvil::metallib
