#include "anvil/service/whole_file.hpp"

#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

namespace anvil::service {

int read_whole(int file, std::string& contents) {
  struct stat info{};
  if (fstat(file, &info) != 0) return errno;
  contents.clear();
  // One byte more than it has tells that there is no more.
  contents.resize(static_cast<size_t>(info.st_size) + 1);
  size_t filled = 0;
  for (;;) {
    if (filled == contents.size()) contents.resize(contents.size() * 2);
    const ssize_t count =
        pread(file, contents.data() + filled, contents.size() - filled, static_cast<off_t>(filled));
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return errno;
    if (count == 0) break;
    filled += static_cast<size_t>(count);
  }
  contents.resize(filled);
  return 0;
}

int write_whole(int file, std::string_view contents) {
  rlimit limit{};
  if (getrlimit(RLIMIT_FSIZE, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY &&
      contents.size() > limit.rlim_cur)
    return EFBIG;
  off_t at = 0;
  while (!contents.empty()) {
    const ssize_t count = pwrite(file, contents.data(), contents.size(), at);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return errno;
    contents.remove_prefix(static_cast<size_t>(count));
    at += count;
  }
  return 0;
}

}  // namespace anvil::service
