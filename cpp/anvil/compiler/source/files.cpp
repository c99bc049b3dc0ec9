#include "anvil/compiler/source/files.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <charconv>
#include <cstdio>
#include <cstring>
#include <optional>

#include "anvil/compiler/source/errors.hpp"

namespace anvil::compiler {
namespace {

[[noreturn]] void fail(const char* what, const std::string& path) {
  throw FileError(std::string("cannot ") + what + " '" + path + "': " + std::strerror(errno));
}

std::optional<int> descriptor_of(const std::string& path) {
  constexpr std::string_view kPrefix = "/dev/fd/";
  if (!path.starts_with(kPrefix)) return {};
  int number = -1;
  const char* end = path.data() + path.size();
  const auto [last, error] = std::from_chars(path.data() + kPrefix.size(), end, number);
  if (error != std::errc() || last != end || number < 0) return {};
  return number;
}

void write_whole(int file, std::string_view contents, const std::string& path) {
  off_t at = 0;
  while (!contents.empty()) {
    ssize_t count = pwrite(file, contents.data(), contents.size(), at);
    // A pipe has no places in it.
    if (count < 0 && errno == ESPIPE) count = write(file, contents.data(), contents.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) fail("write", path);
    contents.remove_prefix(static_cast<size_t>(count));
    at += count;
  }
}

// A device or a pipe is written to: a file that replaced it would be a surprise, /dev/null above
// all.
void write_into(const std::string& path, std::string_view contents) {
  const int file = open(path.c_str(), O_WRONLY | O_CLOEXEC);
  if (file < 0) fail("write", path);
  try {
    write_whole(file, contents, path);
  } catch (...) {
    close(file);
    throw;
  }
  close(file);
}

}  // namespace

std::string read_file(const std::string& path) {
  const std::optional<int> given = descriptor_of(path);
  const int file = given ? *given : open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (file < 0) fail("read", path);
  std::string contents;
  char part[1 << 16];
  for (off_t at = 0;;) {
    const ssize_t count = pread(file, part, sizeof part, at);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) fail("read", path);
    if (count == 0) break;
    contents.append(part, static_cast<size_t>(count));
    at += count;
  }
  if (!given) close(file);
  return contents;
}

std::string temporary_beside(const std::string& path) {
  static std::atomic<unsigned> counter = 0;
  return path + "." + std::to_string(getpid()) + "." + std::to_string(counter++) + ".tmp";
}

void rename_file(const std::string& from, const std::string& to) {
  if (std::rename(from.c_str(), to.c_str()) == 0) return;
  const int error = errno;
  unlink(from.c_str());
  errno = error;
  fail("write", to);
}

void write_file(const std::string& path, std::string_view contents) {
  if (const std::optional<int> given = descriptor_of(path)) {
    if (ftruncate(*given, 0) != 0) fail("write", path);
    write_whole(*given, contents, path);
    return;
  }
  struct stat status;
  if (stat(path.c_str(), &status) == 0 && !S_ISREG(status.st_mode))
    return write_into(path, contents);
  const std::string temporary = temporary_beside(path);
  const int file = open(temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
  if (file < 0) fail("write", path);
  try {
    write_whole(file, contents, path);
  } catch (...) {
    close(file);
    unlink(temporary.c_str());
    throw;
  }
  close(file);
  rename_file(temporary, path);
}

MemoryFile::MemoryFile(std::string_view contents) {
#ifdef MFD_NOEXEC_SEAL
  descriptor_ = memfd_create("anvil", MFD_CLOEXEC | MFD_NOEXEC_SEAL);
#endif
  if (descriptor_ < 0) descriptor_ = memfd_create("anvil", MFD_CLOEXEC);
  if (descriptor_ < 0) fail("make", "a file in memory");
  write_whole(descriptor_, contents, "a file in memory");
}

MemoryFile::~MemoryFile() {
  close(descriptor_);
}

}  // namespace anvil::compiler
