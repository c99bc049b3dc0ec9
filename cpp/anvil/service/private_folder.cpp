#include "anvil/service/private_folder.hpp"

#include <sys/stat.h>

#include <cerrno>
#include <cstring>

namespace fs = std::filesystem;

namespace anvil::service {
namespace {

std::string octal(mode_t mode) {
  std::string digits;
  for (int shift = 9; shift >= 0; shift -= 3)
    digits += static_cast<char>('0' + (mode >> shift & 7));
  return digits;
}

/// Why others could change what is in it; empty: they cannot.
std::string exposure(const struct stat& info) {
  if (info.st_uid != geteuid())
    return "it belongs to user " + std::to_string(info.st_uid) + ", not to " +
           std::to_string(geteuid());
  if ((info.st_mode & (S_IWGRP | S_IWOTH)) != 0)
    return "others may write to it: mode " + octal(info.st_mode & 07777) + ", chmod go-w mends it";
  return {};
}

}  // namespace

int make_private_folder(const fs::path& path) {
  if (path.empty()) return ENOENT;
  // mkdir is subject to the umask, which may even keep us out ourselves.
  if (mkdir(path.c_str(), 0700) == 0) return chmod(path.c_str(), 0700) == 0 ? 0 : errno;
  if (errno == EEXIST) return 0;
  const fs::path parent = path.parent_path();
  if (errno != ENOENT || parent.empty() || parent == path) return errno;
  if (const int error = make_private_folder(parent)) return error;
  if (mkdir(path.c_str(), 0700) == 0) return chmod(path.c_str(), 0700) == 0 ? 0 : errno;
  return errno == EEXIST ? 0 : errno;
}

Descriptor open_private_folder(const fs::path& path, LastLink last, std::string& reason) {
  struct stat info{};
  if (lstat(path.c_str(), &info) == 0 && S_ISLNK(info.st_mode)) {
    if (last == LastLink::refuse) {
      reason = "it is a symbolic link";
      return {};
    }
    if (info.st_uid != geteuid() && info.st_uid != 0) {
      reason = "it is a symbolic link of user " + std::to_string(info.st_uid) + "'s";
      return {};
    }
  }
  const int no_link = last == LastLink::refuse ? O_NOFOLLOW : 0;  // it may have come just now
  Descriptor folder(open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC | no_link));
  if (!folder || fstat(folder.get(), &info) != 0) {
    reason = std::strerror(errno);
    return {};
  }
  reason = exposure(info);
  if (reason.empty() && faccessat(folder.get(), ".", W_OK | X_OK, AT_EACCESS) != 0)
    reason = std::strerror(errno);
  return reason.empty() ? std::move(folder) : Descriptor();
}

}  // namespace anvil::service
