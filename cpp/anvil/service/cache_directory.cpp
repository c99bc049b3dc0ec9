#include <pwd.h>
#include <unistd.h>

#include <charconv>
#include <cstdlib>
#include <cstring>
#include <iostream>
#include <stdexcept>
#include <system_error>

#include "anvil/service/cache.hpp"
#include "anvil/service/private_folder.hpp"

namespace fs = std::filesystem;

namespace anvil::service {
namespace {

constexpr uint64_t kDefaultSizeMb = 2048;

const char* variable(const char* name) {
  const char* value = std::getenv(name);
  return value && *value ? value : nullptr;
}

fs::path preferred() {
  if (const char* own = variable("FOUNDRY_CACHE_DIR")) {
    std::error_code error;  // the working directory may have been removed
    fs::path path = fs::absolute(own, error);
    return error ? fs::path(own) : path;
  }
  // The XDG base directory specification has relative paths ignored.
  if (const char* xdg = variable("XDG_CACHE_HOME"); xdg && *xdg == '/')
    return fs::path(xdg) / "foundry";
  if (const char* home = variable("HOME")) return fs::path(home) / ".cache" / "foundry";
  if (const passwd* user = getpwuid(getuid())) return fs::path(user->pw_dir) / ".cache" / "foundry";
  return {};
}

/// Empty, or why the folder will not do.
std::string unusable(const fs::path& folder, LastLink last) {
  if (folder.empty()) return "no home";
  if (const int error = make_private_folder(folder)) return std::strerror(error);
  std::string reason;
  open_private_folder(folder, last, reason);
  return reason;
}

/// Others may write to the temporary directory, and may have been there before us.
fs::path temporary() {
  const char* named = variable("TMPDIR");
  for (const fs::path& parent : {fs::path(named ? named : "/tmp"), fs::path("/tmp")}) {
    fs::path folder = parent / ("foundry-" + std::to_string(geteuid()));
    if (unusable(folder, LastLink::refuse).empty()) return folder;
    std::string fresh = (parent / "foundry-XXXXXX").string();
    if (mkdtemp(fresh.data()) && unusable(fresh, LastLink::refuse).empty()) return fresh;
  }
  return {};
}

}  // namespace

fs::path cache_directory() {
  fs::path folder = preferred();
  const std::string reason = unusable(folder, LastLink::follow);
  if (reason.empty()) return folder;
  fs::path instead = temporary();
  std::cerr << "foundry: warning: cache folder " + folder.string() + " cannot be used (" + reason +
                   "), " +
                   (instead.empty() ? "compiled kernels are not kept"
                                    : "using " + instead.string()) +
                   "; FOUNDRY_CACHE_DIR names another\n";
  return instead;
}

uint64_t cache_size_limit() {
  uint64_t megabytes = kDefaultSizeMb;
  if (const char* text = variable("FOUNDRY_CACHE_SIZE_MB")) {
    const char* end = text + std::strlen(text);
    const auto [last, error] = std::from_chars(text, end, megabytes);
    if (error != std::errc() || last != end || megabytes > UINT64_MAX >> 20)
      throw std::runtime_error("Anvil: FOUNDRY_CACHE_SIZE_MB is '" + std::string(text) +
                               "', a number of megabytes is needed");
  }
  return megabytes << 20;
}

}  // namespace anvil::service
