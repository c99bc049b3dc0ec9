// files.hpp: whole files in and out; writes are atomic. "/dev/fd/N" is the open descriptor N
// itself, so that those who hand descriptors over need no file system.
#pragma once

#include <string>
#include <string_view>

namespace anvil::compiler {

// All throw FileError where the environment fails.

std::string read_file(const std::string& path);

/// A fresh name beside `path`, for a file that will be renamed to it.
std::string temporary_beside(const std::string& path);
void rename_file(const std::string& from, const std::string& to);
/// Readers see the old file or the new one, never a part.
void write_file(const std::string& path, std::string_view contents);

/// A file that is in no folder and goes with the object.
class MemoryFile {
 public:
  explicit MemoryFile(std::string_view contents = {});
  ~MemoryFile();
  MemoryFile(const MemoryFile&) = delete;
  MemoryFile& operator=(const MemoryFile&) = delete;
  int descriptor() const { return descriptor_; }
  /// For this file's functions, and for libraries that open a name.
  std::string path() const { return "/dev/fd/" + std::to_string(descriptor_); }

 private:
  int descriptor_ = -1;
};

}  // namespace anvil::compiler
