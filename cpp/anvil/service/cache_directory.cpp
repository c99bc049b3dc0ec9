#include <pwd.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <iostream>
#include <stdexcept>
#include <system_error>

#include "anvil/service/cache.hpp"

namespace fs = std::filesystem;

namespace anvil {
namespace {

constexpr uint64_t kDefaultSizeMb = 2048;

const char* environment(const char* name) {
  const char* value = std::getenv(name);
  return value && *value ? value : nullptr;
}

fs::path preferred() {
  if (const char* own = environment("FOUNDRY_CACHE_DIR")) return fs::absolute(own);
  // The XDG base directory specification has relative paths ignored.
  if (const char* xdg = environment("XDG_CACHE_HOME"); xdg && *xdg == '/')
    return fs::path(xdg) / "foundry";
  if (const char* home = environment("HOME")) return fs::path(home) / ".cache" / "foundry";
  if (const passwd* user = getpwuid(getuid())) return fs::path(user->pw_dir) / ".cache" / "foundry";
  return {};
}

/// 0, or why nothing can be written there.
int writability(const fs::path& folder) {
  if (folder.empty()) return ENOENT;
  std::error_code error;
  fs::create_directories(folder, error);
  if (error) return error.value();
  std::string probe = (folder / ".probe-XXXXXX").string();
  const int file = mkstemp(probe.data());  // access() knows nothing of full disks and quotas
  if (file < 0) return errno;
  close(file);
  unlink(probe.c_str());
  return 0;
}

/// Others may write to the temporary directory: only a folder that is ours alone will do.
bool is_private(const fs::path& folder) {
  struct stat info{};
  return lstat(folder.c_str(), &info) == 0 && S_ISDIR(info.st_mode) && info.st_uid == getuid() &&
         (info.st_mode & 077) == 0;
}

fs::path temporary() {
  const char* base = environment("TMPDIR");
  const fs::path parent = base ? base : "/tmp";
  fs::path folder = parent / ("foundry-" + std::to_string(getuid()));
  mkdir(folder.c_str(), 0700);
  if (is_private(folder)) return folder;
  std::string fresh = (parent / "foundry-XXXXXX").string();
  if (!mkdtemp(fresh.data()))
    throw std::system_error(errno, std::generic_category(),
                            "Anvil: no folder for compiled kernels, neither the cache folder nor " +
                                parent.string() + " can be written");
  return fresh;
}

}  // namespace

fs::path cache_directory() {
  fs::path folder = preferred();
  const int error = writability(folder);
  if (error == 0) return folder;
  fs::path instead = temporary();
  std::cerr << "foundry: warning: cache folder " << (folder.empty() ? "(no home)" : folder.string())
            << " cannot be written (" << std::strerror(error) << "), using " << instead.string()
            << "; FOUNDRY_CACHE_DIR names another\n";
  return instead;
}

uint64_t cache_size_limit() {
  uint64_t megabytes = kDefaultSizeMb;
  if (const char* text = environment("FOUNDRY_CACHE_SIZE_MB")) {
    char* end = nullptr;
    megabytes = std::strtoull(text, &end, 10);
    if (*text < '0' || *text > '9' || *end || megabytes > UINT64_MAX >> 20)
      throw std::runtime_error("Anvil: FOUNDRY_CACHE_SIZE_MB is '" + std::string(text) +
                               "', a number of megabytes is needed");
  }
  return megabytes << 20;
}

}  // namespace anvil
