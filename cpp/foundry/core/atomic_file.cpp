#include "foundry/core/atomic_file.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <random>
#include <system_error>
#include <utility>

#include "foundry/core/concat.hpp"

namespace foundry {
namespace {

namespace fs = std::filesystem;

constexpr int kMostNames = 100;  // tries for a name that nobody has

[[noreturn]] void fail(int error, const std::string& what) {
  throw std::system_error(error, std::generic_category(), what);
}

class Descriptor {
 public:
  explicit Descriptor(int fd) noexcept : fd_(fd) {}
  ~Descriptor() {
    if (fd_ >= 0) ::close(fd_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int get() const noexcept { return fd_; }
  /// Some file systems say only now that the disk is full.
  int close() noexcept { return ::close(std::exchange(fd_, -1)); }

 private:
  int fd_;
};

/// A file that goes away again unless it is given its final name.
class Unfinished {
 public:
  Unfinished(int folder, mode_t mode) : folder_(folder), file_(create(folder, mode, name_)) {}
  ~Unfinished() {
    if (!name_.empty()) ::unlinkat(folder_, name_.c_str(), 0);
  }
  Unfinished(const Unfinished&) = delete;
  Unfinished& operator=(const Unfinished&) = delete;

  void write(std::span<const std::byte> bytes) {
    while (!bytes.empty()) {
      const ssize_t count = ::write(file_.get(), bytes.data(), bytes.size());
      if (count < 0 && errno == EINTR) continue;
      if (count < 0) fail(errno, "write");
      bytes = bytes.subspan(static_cast<std::size_t>(count));
    }
  }
  void permit(mode_t mode) {
    if (::fchmod(file_.get(), mode) != 0) fail(errno, "set permissions");
  }
  void finish(const std::string& name) {
#if defined(__APPLE__)
    // fsync() leaves the bytes in the drive's cache there.
    if (::fcntl(file_.get(), F_FULLFSYNC) != 0 && ::fsync(file_.get()) != 0) fail(errno, "sync");
#else
    if (::fsync(file_.get()) != 0) fail(errno, "sync");
#endif
    if (file_.close() != 0) fail(errno, "close");
    if (::renameat(folder_, name_.c_str(), folder_, name.c_str()) != 0) fail(errno, "rename");
    name_.clear();
  }

 private:
  static int create(int folder, mode_t mode, std::string& name) {
    std::random_device random;
    for (int i = 0; i < kMostNames; ++i) {
      // O_EXCL: neither a file nor a link that somebody has put there is opened.
      std::string candidate = concat(".foundry-", random(), "-", random());
      const int fd = ::openat(folder, candidate.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC,
                              static_cast<unsigned>(mode));
      if (fd >= 0) {
        name = std::move(candidate);
        return fd;
      }
      if (errno != EEXIST && errno != EINTR) break;
    }
    fail(errno, "create a file");
  }

  int folder_;
  std::string name_;  // before file_, which create() names
  Descriptor file_;
};

}  // namespace

void write_atomically(const std::string& path, std::span<const std::byte> bytes) {
  std::error_code error;
  const fs::path found = fs::canonical(path, error);
  const bool is_new = error == std::errc::no_such_file_or_directory;
  if (error && !is_new) fail(error.value(), "find");
  const fs::path target = is_new ? fs::path(path) : found;
  const std::string name = target.filename().string();
  const fs::path parent = target.has_parent_path() ? target.parent_path() : fs::path(".");

  const Descriptor folder(::open(parent.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (folder.get() < 0) fail(errno, "open the folder");
  struct stat old{};
  if (!is_new) {
    if (::fstatat(folder.get(), name.c_str(), &old, AT_SYMLINK_NOFOLLOW) != 0) fail(errno, "look");
    if (!S_ISREG(old.st_mode)) fail(EINVAL, "it is there, and is no regular file");
  }
  constexpr mode_t kUsual = 0666;  // less the umask
  const mode_t kept = old.st_mode & 07777;
  Unfinished file(folder.get(), is_new ? kUsual : kept & kUsual);
  file.write(bytes);
  if (!is_new) file.permit(kept);
  file.finish(name);
  // The name is in place. That a folder cannot be synced (some network file systems) loses nothing.
  static_cast<void>(::fsync(folder.get()));
}

}  // namespace foundry
