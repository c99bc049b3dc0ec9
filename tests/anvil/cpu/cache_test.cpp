#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <functional>
#include <iostream>
#include <map>
#include <sstream>
#include <thread>

#include "anvil/service/cache.hpp"
#include "scratch.hpp"

using namespace anvil;
using namespace anvil::test;
namespace fs = std::filesystem;

namespace {

constexpr uint64_t kMiB = 1 << 20;

fs::path put(Cache& cache, const std::string& key, const std::string& text) {
  const StagedEntry staged = cache.stage();
  write_text(staged.folder() / "code", text);
  write_text(staged.folder() / "log", "quiet");
  return cache.store(key, staged);
}

void set_age(const fs::path& path, int seconds) {
  timespec times[2]{};
  times[0].tv_sec = times[1].tv_sec = time(nullptr) - seconds;
  utimensat(AT_FDCWD, path.c_str(), times, 0);
}

size_t count(const fs::path& folder) {
  return static_cast<size_t>(std::distance(fs::directory_iterator(folder), {}));
}

/// What was written to std::cerr meanwhile.
std::string warnings_of(const std::function<void()>& action) {
  std::ostringstream text;
  auto* before = std::cerr.rdbuf(text.rdbuf());
  action();
  std::cerr.rdbuf(before);
  return text.str();
}

}  // namespace

TEST_CASE("an entry is found by every later cache on the folder, and nothing is left behind") {
  Scratch scratch;
  const fs::path root = scratch.path / "deep" / "cache";
  {
    Cache cache(root, kMiB);
    CHECK_FALSE(cache.find("k"));
    const fs::path folder = put(cache, "k", "text");
    CHECK(cache.find("k") == folder);
    CHECK(put(cache, "k", "text of a second store") == folder);  // the first stands
    cache.stage();
  }
  Cache again(root, kMiB);
  REQUIRE(again.find("k"));
  CHECK(text_of(*again.find("k") / "code") == "text");
  CHECK(count(root / "staging") == 0);
}

TEST_CASE("a damaged entry is not found, and can be stored anew") {
  Scratch scratch;
  Cache cache(scratch.path, kMiB);
  const auto damage = [&](const std::string& what,
                          const std::function<void(const fs::path&)>& how) {
    INFO(what);
    const fs::path folder = put(cache, "k", "some code");
    how(folder);
    CHECK_FALSE(cache.find("k"));
    CHECK(text_of(put(cache, "k", "new code") / "code") == "new code");
    CHECK(cache.find("k"));
    fs::remove_all(folder);
  };
  damage("truncated", [](const fs::path& f) { fs::resize_file(f / "code", 3); });
  damage("emptied", [](const fs::path& f) { fs::resize_file(f / "log", 0); });
  damage("same size", [](const fs::path& f) { write_text(f / "code", "some c0de"); });
  damage("file gone", [](const fs::path& f) { fs::remove(f / "code"); });
  damage("no manifest", [](const fs::path& f) { fs::remove(f / "manifest.json"); });
  damage("manifest cut", [](const fs::path& f) { fs::resize_file(f / "manifest.json", 10); });
  damage("manifest junk",
         [](const fs::path& f) { write_text(f / "manifest.json", "{\"code\":7}"); });
  damage("folder empty", [](const fs::path& f) { fs::remove_all(f), fs::create_directory(f); });
  damage("a file", [](const fs::path& f) { fs::remove_all(f), write_text(f, "x"); });
  damage("a link", [](const fs::path& f) {
    fs::rename(f / "code", f / "elsewhere");
    fs::create_symlink("elsewhere", f / "code");
  });
}

TEST_CASE("cut at any length, or with any bit turned, an entry is not found or is as it was") {
  Scratch scratch;
  Cache cache(scratch.path, kMiB);
  const fs::path folder = put(cache, "k", "native code");
  const auto is_whole_or_absent = [&] {
    const auto found = cache.find("k");
    return !found ||
           (text_of(*found / "code") == "native code" && text_of(*found / "log") == "quiet");
  };
  std::map<fs::path, std::string> pristine;
  for (const auto& file : fs::directory_iterator(folder))
    pristine[file.path()] = text_of(file.path());
  REQUIRE(pristine.size() == 3);  // code, log and the manifest that vouches for them
  const auto restore = [&] {
    fs::create_directories(folder);  // find() may have thrown the entry away
    for (const auto& [path, text] : pristine) write_text(path, text);
  };
  int lost = 0;
  for (const auto& [path, text] : pristine) {
    const bool is_manifest = path.filename() == "manifest.json";
    for (std::size_t length = 0; length < text.size(); ++length) {
      restore();
      fs::resize_file(path, length);
      INFO(path.filename().string(), " cut to ", length);
      CHECK(is_whole_or_absent());
    }
    for (std::size_t bit = 0; bit < text.size() * 8; ++bit) {
      restore();
      std::string damaged = text;
      damaged[bit / 8] = static_cast<char>(damaged[bit / 8] ^ 1 << bit % 8);
      write_text(path, damaged);
      INFO(path.filename().string(), " bit ", bit);
      CHECK(is_whole_or_absent());
      // A manifest may survive a bit in its white space; code and log never do.
      if (!is_manifest) CHECK_FALSE(cache.find("k"));
      lost += !cache.find("k");
    }
  }
  CHECK(lost > 16 * 8);
  restore();
  CHECK(cache.find("k"));
}

TEST_CASE("a damaged entry gives way to a store that did not look for it") {
  Scratch scratch;
  Cache cache(scratch.path, kMiB);
  const fs::path folder = put(cache, "k", "some code");
  fs::resize_file(folder / "code", 0);
  put(cache, "k", "new code");
  CHECK(text_of(folder / "code") == "new code");
  fs::remove_all(folder);
  write_text(folder, "a file in the way");
  put(cache, "k", "newer code");
  CHECK(text_of(folder / "code") == "newer code");
}

TEST_CASE("over the limit, what was used longest ago goes, never what is in use") {
  Scratch scratch;
  const std::string quarter(kMiB / 4, 'x');
  for (int i = 0; i < 8; ++i) {
    Cache writer(scratch.path, 100 * kMiB);
    set_age(put(writer, "old" + std::to_string(i), quarter), 10000 - i);
  }
  Cache cache(scratch.path, kMiB);
  write_text(cache.tool_folder("ancient") / "pch", quarter);
  set_age(scratch.path / "tools" / "ancient", 20000);
  write_text(cache.tool_folder("current") / "pch", quarter);
  CHECK(cache.find("old0"));  // marks it as used now
  put(cache, "new", "little");
  // Of 10 quarters and a little, no more than 3 quarters may stay: the youngest.
  CHECK(cache.find("new"));
  CHECK(cache.find("old0"));
  CHECK(fs::exists(scratch.path / "tools" / "current" / "pch"));
  CHECK_FALSE(fs::exists(scratch.path / "tools" / "ancient"));
  for (int i = 1; i < 8; ++i) CHECK_FALSE(cache.find("old" + std::to_string(i)));
  CHECK(count(scratch.path / "staging") == 0);
}

TEST_CASE("what a dead process left half-written is cleared away after a day") {
  Scratch scratch;
  fs::create_directories(scratch.path / "staging" / "dead");
  fs::create_directories(scratch.path / "staging" / "alive");
  set_age(scratch.path / "staging" / "dead", 2 * 24 * 3600);
  Cache cache(scratch.path, kMiB);
  put(cache, "k", "text");
  CHECK_FALSE(fs::exists(scratch.path / "staging" / "dead"));
  CHECK(fs::exists(scratch.path / "staging" / "alive"));
}

TEST_CASE("many threads store, find and damage the same entries") {
  Scratch scratch;
  std::atomic<int> wrong{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t)
    threads.emplace_back([&, t] {
      Cache cache(scratch.path, kMiB);  // as another process would have
      for (int i = 0; i < 60; ++i) {
        const std::string key = std::to_string(i % 5);
        if (const auto folder = cache.find(key)) {
          std::error_code ignored;
          if (t == 0 && i % 3 == 0) fs::resize_file(*folder / "code", 1, ignored);
        } else {
          put(cache, key, "code of " + key);
        }
      }
    });
  for (auto& thread : threads) thread.join();
  Cache cache(scratch.path, kMiB);
  for (int i = 0; i < 5; ++i)
    if (const auto folder = cache.find(std::to_string(i)))
      wrong += text_of(*folder / "code") != "code of " + std::to_string(i);
  CHECK(wrong == 0);
}

TEST_CASE("the cache folder: the variable, the XDG folder, the home") {
  Scratch scratch;
  Environment own("FOUNDRY_CACHE_DIR", (scratch.path / "own").string());
  Environment xdg("XDG_CACHE_HOME", (scratch.path / "xdg").string());
  Environment home("HOME", scratch.path.string());
  CHECK(cache_directory() == scratch.path / "own");
  Environment no_own("FOUNDRY_CACHE_DIR", std::nullopt);
  CHECK(cache_directory() == scratch.path / "xdg" / "foundry");
  Environment bad_xdg("XDG_CACHE_HOME", "relative");
  CHECK(cache_directory() == scratch.path / ".cache" / "foundry");
}

TEST_CASE("an unwritable cache folder means a private temporary one and a warning") {
  Scratch scratch;
  write_text(scratch.path / "file", "in the way");
  Environment own("FOUNDRY_CACHE_DIR", (scratch.path / "file" / "cache").string());
  Environment temporary("TMPDIR", scratch.path.string());
  const fs::path usual = scratch.path / ("foundry-" + std::to_string(getuid()));
  fs::path chosen;
  CHECK(warnings_of([&] { chosen = cache_directory(); }) ==
        "foundry: warning: cache folder " + (scratch.path / "file" / "cache").string() +
            " cannot be written (Not a directory), using " + usual.string() +
            "; FOUNDRY_CACHE_DIR names another\n");
  CHECK(chosen == usual);
  // Open to others: not to be trusted with code.
  chmod(usual.c_str(), 0777);
  warnings_of([&] { chosen = cache_directory(); });
  CHECK(chosen != usual);
  CHECK(chosen.parent_path() == scratch.path);
  struct stat info{};
  stat(chosen.c_str(), &info);
  CHECK((info.st_mode & 0777) == 0700);
}

TEST_CASE("the size limit is a variable in megabytes") {
  Environment none("FOUNDRY_CACHE_SIZE_MB", std::nullopt);
  CHECK(cache_size_limit() == uint64_t{2} << 30);
  Environment some("FOUNDRY_CACHE_SIZE_MB", "10");
  CHECK(cache_size_limit() == 10 * kMiB);
  Environment bad("FOUNDRY_CACHE_SIZE_MB", "1 GB");
  CHECK_THROWS_WITH(cache_size_limit(),
                    "Anvil: FOUNDRY_CACHE_SIZE_MB is '1 GB', a number of megabytes is needed");
}
