#include "foundry/unsafe/mapped_file.hpp"

#include <doctest/doctest.h>

#include <filesystem>
#include <fstream>

#include "foundry/core/error.hpp"

using namespace foundry;
using unsafe::MappedFile;

TEST_CASE("a mapped file shows the file's bytes") {
  const std::string path = std::filesystem::temp_directory_path() / "foundry_mapped_file_test";
  std::ofstream(path) << "anvil";
  {
    const auto file = MappedFile::open(path);
    CHECK(unsafe::text_of(file->bytes()) == "anvil");
    CHECK(file->memory().is_read_only());
  }
  std::ofstream(path, std::ios::trunc).flush();
  CHECK(MappedFile::open(path)->size() == 0);
  std::filesystem::remove(path);
}

TEST_CASE("what cannot be mapped is a typed error with path and reason") {
  CHECK_THROWS_WITH_AS(MappedFile::open("/nowhere/model.gguf"),
                       "cannot open '/nowhere/model.gguf': No such file or directory",
                       ArgumentError);
  CHECK_THROWS_WITH_AS(MappedFile::open("/tmp"), "'/tmp' is not a regular file", ArgumentError);
}
