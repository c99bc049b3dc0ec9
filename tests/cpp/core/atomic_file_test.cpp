// write_atomically: whole or not at all, with the permissions there were, and nothing followed.
#include "foundry/core/atomic_file.hpp"

#include <doctest/doctest.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <system_error>
#include <thread>
#include <vector>

using namespace foundry;
namespace fs = std::filesystem;

namespace {

class Folder {
 public:
  Folder() {
    std::string name = (fs::temp_directory_path() / "foundry-atomic-XXXXXX").string();
    REQUIRE(mkdtemp(name.data()));
    path = name;
  }
  ~Folder() { fs::remove_all(path); }
  std::size_t files() const {
    return static_cast<std::size_t>(std::distance(fs::directory_iterator(path), {}));
  }
  fs::path path;
};

void write(const fs::path& path, const std::string& text) {
  write_atomically(path.string(), std::as_bytes(std::span(text)));
}

std::string read(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

mode_t mode_of(const fs::path& path) {
  struct stat info{};
  REQUIRE(stat(path.c_str(), &info) == 0);
  return info.st_mode & 07777;
}

int error_of(const fs::path& path, const std::string& text) {
  try {
    write(path, text);
    return 0;
  } catch (const std::system_error& error) {
    return error.code().value();
  }
}

}  // namespace

TEST_CASE("a new file has the process's usual permissions, an old one keeps its own") {
  const Folder folder;
  const mode_t before = umask(027);
  write(folder.path / "new", "one");
  CHECK(mode_of(folder.path / "new") == 0640);
  for (const mode_t mode : {0600, 0400, 0664, 0755}) {
    REQUIRE(chmod((folder.path / "new").c_str(), mode) == 0);
    write(folder.path / "new", "two");
    CHECK(mode_of(folder.path / "new") == mode);
    CHECK(read(folder.path / "new") == "two");
  }
  umask(before);
  CHECK(folder.files() == 1);
}

TEST_CASE("a link stays a link, and what it points to is written") {
  const Folder folder;
  write(folder.path / "file", "old");
  fs::create_symlink("file", folder.path / "link");
  write(folder.path / "link", "new");
  CHECK(fs::is_symlink(folder.path / "link"));
  CHECK(read(folder.path / "file") == "new");
  CHECK(folder.files() == 2);
}

TEST_CASE("what is no regular file is left alone") {
  const Folder folder;
  REQUIRE(mkfifo((folder.path / "fifo").c_str(), 0600) == 0);
  fs::create_directory(folder.path / "folder");
  CHECK(error_of(folder.path / "fifo", "text") == EINVAL);
  CHECK(error_of(folder.path / "folder", "text") == EINVAL);
  CHECK(error_of("/dev/null", "text") == EINVAL);
  CHECK(fs::is_fifo(folder.path / "fifo"));
  CHECK(fs::is_character_file("/dev/null"));
  CHECK(error_of(folder.path / "no" / "such", "text") == ENOENT);
  CHECK(error_of(folder.path / "fifo" / "below", "text") == ENOTDIR);
  CHECK(folder.files() == 2);
}

TEST_CASE("a write that fails leaves the old file and nothing else") {
  const Folder folder;
  write(folder.path / "file", "old");
  rlimit before{};
  REQUIRE(getrlimit(RLIMIT_FSIZE, &before) == 0);
  const auto handler = std::signal(SIGXFSZ, SIG_IGN);
  rlimit small = before;
  small.rlim_cur = 4096;
  REQUIRE(setrlimit(RLIMIT_FSIZE, &small) == 0);
  const int error = error_of(folder.path / "file", std::string(10000, 'x'));
  REQUIRE(setrlimit(RLIMIT_FSIZE, &before) == 0);
  std::signal(SIGXFSZ, handler);
  CHECK(error == EFBIG);
  CHECK(read(folder.path / "file") == "old");
  CHECK(folder.files() == 1);
}

TEST_CASE("a reader never sees half a file, whoever writes") {
  const Folder folder;
  const fs::path path = folder.path / "file";
  const std::vector<std::string> texts{std::string(50000, 'a'), std::string(90000, 'b')};
  write(path, texts[0]);
  std::atomic<bool> done{false};
  std::vector<std::thread> writers;
  for (const std::string& text : texts) {
    writers.emplace_back([&] {
      while (!done) write(path, text);
    });
  }
  for (int i = 0; i < 200; ++i) {
    const std::string seen = read(path);
    const bool is_whole = seen == texts[0] || seen == texts[1];
    CHECK(is_whole);
    if (!is_whole) break;
  }
  done = true;
  for (auto& writer : writers) writer.join();
  CHECK(folder.files() == 1);
}
