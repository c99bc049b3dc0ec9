#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <functional>
#include <iostream>
#include <sstream>
#include <thread>

#include "anvil/service/cache.hpp"
#include "scratch.hpp"

using namespace anvil::service;
using namespace anvil::test;
namespace fs = std::filesystem;

namespace {

constexpr uint64_t kMiB = 1 << 20;

CacheFiles files(const std::string& code) {
  return {{"code", code}, {"log", "quiet"}};
}

void set_age(const fs::path& path, int seconds) {
  timespec times[2]{};
  times[0].tv_sec = times[1].tv_sec = time(nullptr) - seconds;
  utimensat(AT_FDCWD, path.c_str(), times, 0);
}

size_t count(const fs::path& folder) {
  return static_cast<size_t>(std::distance(fs::directory_iterator(folder), {}));
}

mode_t mode_of(const fs::path& path) {
  struct stat info{};
  REQUIRE(stat(path.c_str(), &info) == 0);
  return info.st_mode & 07777;
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
    cache.store("k", files("text"));
    CHECK(cache.find("k") == files("text"));
    cache.store("k", files("newer text"));
    CHECK(cache.find("k") == files("newer text"));
    CHECK_FALSE(cache.find("other"));
  }
  CHECK(Cache(root, kMiB).find("k") == files("newer text"));
  CHECK(count(root / "staging") == 0);
  CHECK(count(root / "entries") == 1);
}

TEST_CASE("folders and files are this user's alone, whatever the umask") {
  for (const mode_t mask : {0000, 0022, 0777}) {
    Scratch scratch;
    const fs::path root = scratch.path / "home" / ".cache" / "anvil";
    const mode_t before = umask(mask);
    Cache(root, kMiB).store("k", files("text"));
    CHECK(Cache(root, kMiB).find("k") == files("text"));
    umask(before);
    for (const fs::path& folder : {root.parent_path().parent_path(), root.parent_path(), root,
                                   root / "entries", root / "staging"})
      CHECK(mode_of(folder) == 0700);
    CHECK(mode_of(root / "key") == 0600);
    CHECK(mode_of(root / "entries" / "k") == 0600);
  }
}

TEST_CASE(
    "cut at any length, or with any bit turned, an entry is not found, and can be stored anew") {
  Scratch scratch;
  Cache cache(scratch.path, kMiB);
  cache.store("k", files("native code"));
  const fs::path path = scratch.path / "entries" / "k";
  const std::string pristine = text_of(path);
  const auto with = [&](const std::string& text) {
    write_text(path, text);
    chmod(path.c_str(), 0600);
    return cache.find("k");
  };
  CHECK(with(pristine) == files("native code"));
  for (size_t length = 0; length < pristine.size(); ++length)
    CHECK_FALSE(with(pristine.substr(0, length)));
  for (size_t bit = 0; bit < pristine.size() * 8; ++bit) {
    std::string damaged = pristine;
    damaged[bit / 8] = static_cast<char>(damaged[bit / 8] ^ 1 << bit % 8);
    CHECK_FALSE(with(damaged));
    CHECK_FALSE(fs::exists(path));
  }
  CHECK_FALSE(with(pristine + "x"));
  cache.store("k", files("native code"));
  CHECK(cache.find("k") == files("native code"));
}

TEST_CASE("an entry made by somebody else, or moved to another name, is not found") {
  Scratch scratch;
  Cache cache(scratch.path / "mine", kMiB), other(scratch.path / "other", kMiB);
  cache.store("good", files("good"));
  cache.store("bad", files("bad"));
  other.store("good", files("forged"));
  const fs::path entries = scratch.path / "mine" / "entries";
  SUBCASE("copied from another name") {
    fs::copy_file(entries / "bad", entries / "good", fs::copy_options::overwrite_existing);
  }
  SUBCASE("made with another key") {
    fs::copy_file(scratch.path / "other" / "entries" / "good", entries / "good",
                  fs::copy_options::overwrite_existing);
  }
  SUBCASE("writable to others") {
    chmod((entries / "good").c_str(), 0622);
  }
  SUBCASE("a link") {
    fs::rename(entries / "good", scratch.path / "elsewhere");
    fs::create_symlink(scratch.path / "elsewhere", entries / "good");
  }
  SUBCASE("a pipe, which nobody writes to") {
    fs::remove(entries / "good");
    REQUIRE(mkfifo((entries / "good").c_str(), 0600) == 0);
  }
  SUBCASE("a folder") {
    fs::remove(entries / "good");
    fs::create_directories(entries / "good" / "inner");
  }
  SUBCASE("the key replaced") {
    fs::copy_file(scratch.path / "other" / "key", scratch.path / "mine" / "key",
                  fs::copy_options::overwrite_existing);
    CHECK_FALSE(Cache(scratch.path / "mine", kMiB).find("good"));
    cache.store("good", files("good"));
  }
  if (cache.find("good") != files("good")) {
    CHECK_FALSE(cache.find("good"));
    cache.store("good", files("good"));
  }
  CHECK(cache.find("good") == files("good"));
}

TEST_CASE("a key that others can read is replaced, and what it sealed with it") {
  Scratch scratch;
  Cache(scratch.path, kMiB).store("k", files("code"));
  const std::string key = text_of(scratch.path / "key");
  CHECK(key.size() == 32);
  SUBCASE("readable") {
    chmod((scratch.path / "key").c_str(), 0644);
  }
  SUBCASE("cut") {
    fs::resize_file(scratch.path / "key", 31);
  }
  SUBCASE("gone") {
    fs::remove(scratch.path / "key");
  }
  Cache cache(scratch.path, kMiB);
  CHECK_FALSE(cache.find("k"));
  cache.store("k", files("code"));
  CHECK(cache.find("k") == files("code"));
  CHECK(text_of(scratch.path / "key") != key);
  CHECK(mode_of(scratch.path / "key") == 0600);
}

TEST_CASE("a folder that others may write to, or a link to one, is not used") {
  Scratch scratch;
  const fs::path root = scratch.path / "shared";
  Cache(root, kMiB).store("k", files("planted"));
  fs::path used = root;
  std::string reason;
  SUBCASE("by all") {
    chmod(root.c_str(), 0777);
    reason = "others may write to it: mode 0777, chmod go-w mends it";
  }
  SUBCASE("by its group") {
    chmod(root.c_str(), 0770);
    reason = "others may write to it: mode 0770, chmod go-w mends it";
  }
  SUBCASE("a link") {
    used = scratch.path / "link";
    fs::create_symlink(root, used);
    reason = "it is a symbolic link";
  }
  Cache cache(used, kMiB);
  CHECK_FALSE(cache.find("k"));
  CHECK(warnings_of([&] {
          cache.store("k", files("good"));
          cache.store("l", files("good too"));
        }) == "foundry: warning: compiled kernels are not kept: cache folder " + used.string() +
                  ": " + reason + "; FOUNDRY_CACHE_DIR names another\n");
  CHECK(cache.find("k") == files("good"));  // in memory
  CHECK(cache.find("l") == files("good too"));
}

TEST_CASE("what the folder cannot take is kept in memory, with one warning") {
  Scratch scratch;
  // As full as a disk can be without being root: no file may have a byte.
  const pid_t child = fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    const rlimit none{0, RLIM_INFINITY};
    setrlimit(RLIMIT_FSIZE, &none);
    Cache cache(scratch.path / "cache", kMiB);
    const std::string text = warnings_of([&] {
      cache.store("k", files("code"));
      cache.store("l", files("code"));
    });
    const bool good = text.find("foundry: warning: compiled kernels are not kept: ") == 0 &&
                      std::count(text.begin(), text.end(), '\n') == 1 &&
                      cache.find("k") == files("code") && cache.find("l") == files("code");
    _exit(good ? 0 : 1);
  }
  int status = 0;
  waitpid(child, &status, 0);
  CHECK(status == 0);
  Cache nowhere("", kMiB);
  CHECK(warnings_of([&] { nowhere.store("k", files("code")); }).empty());
  CHECK(nowhere.find("k") == files("code"));
}

TEST_CASE("over the limit, what was used longest ago goes") {
  Scratch scratch;
  const std::string quarter(kMiB / 4, 'x');
  for (int i = 0; i < 8; ++i) {
    const std::string name = "old" + std::to_string(i);
    Cache(scratch.path, 100 * kMiB).store(name, files(quarter));
    set_age(scratch.path / "entries" / name, 10000 - i);
  }
  fs::create_directories(scratch.path / "entries" / "folder");
  set_age(scratch.path / "entries" / "folder", 20000);
  Cache cache(scratch.path, kMiB);
  CHECK(cache.find("old0"));  // marks it as used now
  cache.store("new", files("little"));
  // Of 8 quarters and a little, no more than 3 quarters may stay: the youngest.
  CHECK(cache.find("new"));
  CHECK(cache.find("old0"));
  CHECK(cache.find("old7"));
  CHECK_FALSE(fs::exists(scratch.path / "entries" / "folder"));
  for (int i = 1; i < 7; ++i) CHECK_FALSE(cache.find("old" + std::to_string(i)));
}

TEST_CASE("what a dead process left half-written is cleared away after an hour") {
  Scratch scratch;
  Cache cache(scratch.path, kMiB);
  cache.store("k", files("text"));
  write_text(scratch.path / "staging" / "dead", "x");
  write_text(scratch.path / "staging" / "alive", "x");
  set_age(scratch.path / "staging" / "dead", 2 * 3600);
  Cache(scratch.path, kMiB).store("l", files("text"));
  CHECK_FALSE(fs::exists(scratch.path / "staging" / "dead"));
  CHECK(fs::exists(scratch.path / "staging" / "alive"));
}

TEST_CASE("a folder that is removed meanwhile is made again") {
  Scratch scratch;
  Cache cache(scratch.path / "cache", kMiB);
  cache.store("k", files("text"));
  fs::remove_all(scratch.path / "cache");
  CHECK_FALSE(cache.find("k"));
  cache.store("k", files("text"));
  CHECK(Cache(scratch.path / "cache", kMiB).find("k") == files("text"));
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
        if (const auto found = cache.find(key)) {
          wrong += found != files("code of " + key);
          std::error_code ignored;
          if (t == 0 && i % 3 == 0) fs::resize_file(scratch.path / "entries" / key, 1, ignored);
        } else {
          cache.store(key, files("code of " + key));
        }
      }
    });
  for (auto& thread : threads) thread.join();
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

TEST_CASE("a cache folder that will not do means a private temporary one and a warning") {
  Scratch scratch;
  fs::path named = scratch.path / "named";
  std::string reason;
  SUBCASE("a file is in the way") {
    write_text(scratch.path / "file", "in the way");
    named = scratch.path / "file" / "cache";
    reason = "Not a directory";
  }
  SUBCASE("others may write to it") {
    fs::create_directory(named);
    chmod(named.c_str(), 0777);
    reason = "others may write to it: mode 0777, chmod go-w mends it";
  }
  SUBCASE("everybody's, as /tmp is") {
    fs::create_directory(named);
    chmod(named.c_str(), 01777);
    reason = "others may write to it: mode 1777, chmod go-w mends it";
  }
  if (geteuid() == 0) {
    SUBCASE("another user's, as of root with somebody's home") {
      fs::create_directory(named);
      REQUIRE(chown(named.c_str(), 1234, 1234) == 0);
      reason = "it belongs to user 1234, not to 0";
    }
    SUBCASE("a link that another user made") {
      fs::create_directory(scratch.path / "target");
      fs::create_symlink(scratch.path / "target", named);
      REQUIRE(lchown(named.c_str(), 1234, 1234) == 0);
      reason = "it is a symbolic link of user 1234's";
    }
  }
  Environment own("FOUNDRY_CACHE_DIR", named.string());
  Environment temporary("TMPDIR", scratch.path.string());
  const fs::path usual = scratch.path / ("foundry-" + std::to_string(geteuid()));
  fs::path chosen;
  CHECK(warnings_of([&] { chosen = cache_directory(); }) ==
        "foundry: warning: cache folder " + named.string() + " cannot be used (" + reason +
            "), using " + usual.string() + "; FOUNDRY_CACHE_DIR names another\n");
  CHECK(chosen == usual);
  CHECK(mode_of(chosen) == 0700);
  // Somebody may have made that one first.
  chmod(usual.c_str(), 0777);
  warnings_of([&] { chosen = cache_directory(); });
  CHECK(chosen != usual);
  CHECK(chosen.parent_path() == scratch.path);
  CHECK(mode_of(chosen) == 0700);
  fs::remove_all(usual);
  fs::create_directory(scratch.path / "trap");
  fs::create_symlink(scratch.path / "trap", usual);
  warnings_of([&] { chosen = cache_directory(); });
  CHECK(chosen != usual);
}

TEST_CASE("a link that the user made himself is followed, and his folder is not widened") {
  Scratch scratch;
  fs::create_directory(scratch.path / "target");
  chmod((scratch.path / "target").c_str(), 0755);
  fs::create_symlink(scratch.path / "target", scratch.path / "named");
  Environment own("FOUNDRY_CACHE_DIR", (scratch.path / "named").string());
  CHECK(cache_directory() == scratch.path / "named");
  CHECK(mode_of(scratch.path / "target") == 0755);
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
