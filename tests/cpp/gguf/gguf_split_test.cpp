// Split files: parts by name, each with tensors of its own.
#include <doctest/doctest.h>

#include <filesystem>
#include <optional>

#include "foundry/core/error.hpp"
#include "foundry/gguf/gguf_file.hpp"
#include "gguf_writer.hpp"

using namespace foundry;

namespace {

/// A folder that is removed with the object.
class TemporaryFolder {
 public:
  TemporaryFolder()
      : path_(std::filesystem::temp_directory_path() /
              ("foundry_gguf_split_" + std::to_string(reinterpret_cast<std::uintptr_t>(this)))) {
    std::filesystem::create_directory(path_);
  }
  ~TemporaryFolder() { std::filesystem::remove_all(path_); }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  std::string file(const std::string& name) const { return path_ / name; }
  void write(const std::string& name, const GgufWriter& contents) const {
    std::ofstream(file(name), std::ios::binary) << contents.bytes();
  }

 private:
  std::filesystem::path path_;
};

struct Keys {
  std::optional<std::uint16_t> number, count;
  std::optional<std::int32_t> tensors;
};

/// A part with one tensor of four floats: `first`, `first` + 1, ...
GgufWriter part(const Keys& keys, const std::string& tensor, float first) {
  GgufWriter w;
  w.header(1, keys.number.has_value() + keys.count.has_value() + keys.tensors.has_value() + 1u);
  w.string_entry("general.name", "of " + tensor);
  if (keys.number) w.entry<std::uint16_t>("split.no", 2, *keys.number);
  if (keys.count) w.entry<std::uint16_t>("split.count", 2, *keys.count);
  if (keys.tensors) w.entry<std::int32_t>("split.tensors.count", 5, *keys.tensors);
  w.tensor(tensor, {4}, 0, 0);
  w.pad(32);
  for (int i = 0; i < 4; ++i) w.put(first + static_cast<float>(i));
  return w;
}

std::string name(int number) {
  return "m-0000" + std::to_string(number) + "-of-00003.gguf";
}

/// Three parts, right ones.
void write_parts(const TemporaryFolder& folder) {
  folder.write(name(1), part({0, 3, 3}, "a", 10));
  folder.write(name(2), part({1, 3, 3}, "b", 20));
  folder.write(name(3), part({2, 3, 3}, "c", 30));
}

std::string error_of(const std::string& path) {
  try {
    (void)GgufFile::open(path);
  } catch (const GgufError& error) {
    return error.what();
  }
  return "";
}

}  // namespace

TEST_CASE("a split file has the tensors of all its parts, and the metadata of the first") {
  const TemporaryFolder folder;
  write_parts(folder);
  AnyTensor b;
  {
    const auto file = GgufFile::open(folder.file(name(1)));
    CHECK(file->paths() ==
          std::vector{folder.file(name(1)), folder.file(name(2)), folder.file(name(3))});
    CHECK(file->get_string("general.name") == "of a");
    CHECK(file->tensors().size() == 3);
    CHECK(file->size() == 3 * std::filesystem::file_size(folder.file(name(1))));
    CHECK(to_string(*file).find("m-00001-of-00003.gguf': 3 parts, ") != std::string::npos);
    for (const auto& [tensor, number, first] :
         {std::tuple{"a", 0u, 10.0f}, {"b", 1u, 20.0f}, {"c", 2u, 30.0f}}) {
      const GgufTensorInfo& info = file->tensor_info(tensor);
      CHECK(info.part == number);
      CHECK(file->tensor_bytes(info).size() == 16);
      CHECK(file->read_tensor(info).size() == 16);
      const AnyTensor values = file->tensor(Device::system_default(), tensor);
      CHECK(values.mode() == StorageMode::borrowed);
      CHECK(values.host<float>()[3] == first + 3.0f);
    }
    b = file->tensor(Device::system_default(), "b");
  }
  CHECK(b.host<float>()[0] == 20.0f);  // it keeps the mapping of its part
}

TEST_CASE("a file of one part is no split file") {
  const TemporaryFolder folder;
  for (const std::uint16_t count : {0, 1}) {
    folder.write("whole.gguf", part({0, count, 1}, "a", 0));
    CHECK(GgufFile::open(folder.file("whole.gguf"))->paths().size() == 1);
  }
}

TEST_CASE("what is wrong with parts is named") {
  const TemporaryFolder folder;
  write_parts(folder);
  const std::string first = folder.file(name(1)), second = folder.file(name(2));

  CHECK(error_of(second) ==
        second + ": this is part 2 of 3; open the first, 'm-00001-of-00003.gguf'");
  folder.write("renamed.gguf", part({0, 3, 3}, "a", 10));
  CHECK(error_of(folder.file("renamed.gguf")) ==
        folder.file("renamed.gguf") +
            ": this is the first of 3 parts, which are found by its name; it has to end in "
            "'-00001-of-00003.gguf'");
  folder.write("renamed.gguf", part({2, 3, 3}, "c", 10));
  CHECK(error_of(folder.file("renamed.gguf")) ==
        folder.file("renamed.gguf") +
            ": this is part 3 of 3; open the first, '-00001-of-00003.gguf'");

  std::filesystem::remove(second);
  CHECK(error_of(first) == "part 2 of 3: cannot open '" + second + "': No such file or directory");
  folder.write(name(2), part({2, 3, 3}, "b", 20));
  CHECK(error_of(first) == "part 2 of 3: " + second + ": split.no is 2; expected 1");
  folder.write(name(2), part({1, 4, 3}, "b", 20));
  CHECK(error_of(first) == "part 2 of 3: " + second + ": split.count is 4; expected 3");
  folder.write(name(2), part({1, {}, 3}, "b", 20));
  CHECK(error_of(first) == "part 2 of 3: " + second + ": split.count is not there; expected 3");
  folder.write(name(2), part({1, 3, 3}, "a", 20));
  CHECK(error_of(first) == second + ": tensor 'a' is in '" + first + "', too");
  folder.write(name(2), GgufWriter().raw("no GGUF file"));
  CHECK(error_of(first) == "part 2 of 3: " + second +
                               ": at byte 0: this is no GGUF file: it does not begin with 'GGUF'");

  write_parts(folder);
  folder.write(name(1), part({0, 3, 4}, "a", 10));
  CHECK(error_of(first) == first + ": split.tensors.count is 4, its 3 parts have 3");
  folder.write(name(1), part({0, 3, -1}, "a", 10));
  CHECK(error_of(first) ==
        first + ": key 'split.tensors.count' is i32 -1, not an unsigned integer");
}

TEST_CASE("a part that was cut after it was opened is a typed error of its tensors alone") {
  const TemporaryFolder folder;
  write_parts(folder);
  const auto file = GgufFile::open(folder.file(name(1)));
  std::filesystem::resize_file(folder.file(name(2)), 64);
  const Device device = Device::system_default();
  const AnyTensor a = file->tensor(device, "a");
  CHECK(a.host<float>()[0] == 10.0f);
  CHECK_THROWS_AS((void)file->tensor(device, "b"), GgufError);
  CHECK_THROWS_AS(file->require_whole(), GgufError);
}
