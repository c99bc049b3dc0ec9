#include "foundry/unsafe/mapped_file.hpp"

#include <doctest/doctest.h>
#include <sys/stat.h>

#include <array>
#include <filesystem>
#include <fstream>

#include "foundry/core/error.hpp"

using namespace foundry;
using unsafe::MappedFile;
using unsafe::OpenFile;

namespace {

class Path {
 public:
  explicit Path(const char* name) : path_(std::filesystem::temp_directory_path() / name) {
    std::filesystem::remove(path_);
  }
  ~Path() { std::filesystem::remove(path_); }
  const std::string& string() const { return path_; }
  void write(std::string_view text) const { std::ofstream(path_, std::ios::trunc) << text; }

 private:
  std::string path_;
};

}  // namespace

TEST_CASE("a mapped file shows the file's bytes") {
  const Path path("foundry_mapped_file_test");
  path.write("anvil");
  const auto file = OpenFile::open(path.string());
  const auto mapped = MappedFile::map(file);
  CHECK(unsafe::text_of(mapped->bytes()) == "anvil");
  CHECK(unsafe::text_of(file->read_all()) == "anvil");
  CHECK(mapped->memory().is_read_only());
  path.write("");
  CHECK(MappedFile::map(OpenFile::open(path.string()))->size() == 0);
}

TEST_CASE("what cannot be opened is a typed error with path and reason") {
  CHECK_THROWS_WITH_AS(OpenFile::open("/nowhere/model.gguf"),
                       "cannot open '/nowhere/model.gguf': No such file or directory",
                       ArgumentError);
  CHECK_THROWS_WITH_AS(OpenFile::open(std::string("a\0b", 3)),
                       "cannot open 'a...': the path has a NUL in it", ArgumentError);
}

TEST_CASE("what is no regular file is refused at once") {
  CHECK_THROWS_WITH_AS(OpenFile::open("/tmp"), "'/tmp' is not a regular file but a folder",
                       ArgumentError);
  CHECK_THROWS_WITH_AS(OpenFile::open("/dev/zero"),
                       "'/dev/zero' is not a regular file but a device", ArgumentError);
  const Path fifo("foundry_mapped_file_test_fifo");
  REQUIRE(::mkfifo(fifo.string().c_str(), 0600) == 0);
  const std::string expected = "'" + fifo.string() + "' is not a regular file but a FIFO";
  CHECK_THROWS_WITH_AS(OpenFile::open(fifo.string()), expected.c_str(), ArgumentError);
}

TEST_CASE("a file that was cut is found out before its pages are touched") {
  const Path path("foundry_mapped_file_test_cut");
  path.write(std::string(10'000, 'x'));
  const auto file = OpenFile::open(path.string());
  std::filesystem::resize_file(path.string(), 6'000);
  const std::string expected = "'" + path.string() +
                               "' was cut while it was in use: it has 6000 bytes, and had 10000 "
                               "when it was opened";
  CHECK_THROWS_WITH_AS(file->require_whole(), expected.c_str(), ArgumentError);
  CHECK_THROWS_WITH_AS(MappedFile::map(file), expected.c_str(), ArgumentError);
  CHECK_THROWS_WITH_AS(file->read_all(), expected.c_str(), ArgumentError);
  std::array<std::byte, 100> some;
  file->read(5'900, some);  // what is still there can be read
  path.write(std::string(20'000, 'y'));
  file->require_whole();
}
