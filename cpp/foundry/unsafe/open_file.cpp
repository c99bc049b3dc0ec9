#include "foundry/unsafe/open_file.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <system_error>

#include "foundry/core/error.hpp"

namespace foundry::unsafe {

namespace {

constexpr std::size_t kMostAtOnce = std::size_t{1} << 30;  // read() takes no more than 2^31 - 1

[[noreturn]] void fail(const std::string& path, const char* what, int code) {
  throw ArgumentError(
      concat("cannot ", what, " '", path, "': ", std::generic_category().message(code)));
}

const char* kind_of(mode_t mode) {
  if (S_ISDIR(mode)) return "a folder";
  if (S_ISFIFO(mode)) return "a FIFO";
  if (S_ISSOCK(mode)) return "a socket";
  return "a device";
}

struct stat status_of(const std::string& path, int descriptor) {
  struct stat status{};
  if (::fstat(descriptor, &status) != 0) fail(path, "read", errno);
  return status;
}

}  // namespace

std::shared_ptr<const OpenFile> OpenFile::open(const std::string& path) {
  if (path.find('\0') != std::string::npos) {
    throw ArgumentError(concat("cannot open '", path.c_str(), "...': the path has a NUL in it"));
  }
  // O_NONBLOCK: opening a FIFO would wait for its writer. It changes nothing for regular files.
  const int descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
  if (descriptor < 0) fail(path, "open", errno);
  std::shared_ptr<OpenFile> file;
  try {
    file.reset(new OpenFile(path, descriptor));
  } catch (...) {
    ::close(descriptor);
    throw;
  }
  const struct stat status = status_of(path, descriptor);
  if (!S_ISREG(status.st_mode)) {
    throw ArgumentError(concat("'", path, "' is not a regular file but ", kind_of(status.st_mode)));
  }
  file->size_ = static_cast<std::uint64_t>(status.st_size);
  return file;
}

OpenFile::~OpenFile() {
  ::close(descriptor_);
}

void OpenFile::read(std::uint64_t offset, std::span<std::byte> bytes) const {
  while (!bytes.empty()) {
    const ssize_t count = ::pread(descriptor_, bytes.data(), std::min(bytes.size(), kMostAtOnce),
                                  static_cast<off_t>(offset));
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) fail(path_, "read", errno);
    if (count == 0) {
      require_whole();
      throw ArgumentError(concat("'", path_, "' ends at byte ", offset, ", ", bytes.size(),
                                 " bytes before what is read of it"));
    }
    bytes = bytes.subspan(static_cast<std::size_t>(count));
    offset += static_cast<std::uint64_t>(count);
  }
}

std::vector<std::byte> OpenFile::read_all() const {
  std::vector<std::byte> bytes(size_);
  read(0, bytes);
  return bytes;
}

void OpenFile::require_whole() const {
  const struct stat status = status_of(path_, descriptor_);
  const auto size = static_cast<std::uint64_t>(status.st_size);
  if (size >= size_) return;
  throw ArgumentError(concat("'", path_, "' was cut while it was in use: it has ", size,
                             " bytes, and had ", size_, " when it was opened"));
}

}  // namespace foundry::unsafe
