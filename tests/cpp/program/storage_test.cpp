// Programs saved and loaded: what runs is the same, and files that do not fit are refused.
#include <foundry/foundry.hpp>

#include <filesystem>
#include <optional>

#include "../gguf/gguf_writer.hpp"
#include "support.hpp"

using namespace foundry;
using namespace foundry::test;

namespace {

namespace fs = std::filesystem;

/// A folder of a test, removed with the object.
class Folder {
 public:
  Folder() {
    static int number = 0;
    path_ = fs::temp_directory_path() /
            concat("foundry_program_test_", reinterpret_cast<std::uintptr_t>(this), "_", number++);
    fs::create_directories(path_);
  }
  ~Folder() { fs::remove_all(path_); }
  std::string operator/(const char* name) const { return (path_ / name).string(); }

 private:
  fs::path path_;
};

void write_bytes(const std::string& path, std::string_view bytes) {
  std::ofstream(path, std::ios::binary | std::ios::trunc) << bytes;
}

/// "weights", f32 (3, 4), and "other": GGUF's extents begin with the innermost.
std::string weights_file(float first) {
  GgufWriter w;
  w.header(2, 1);
  w.string_entry("general.architecture", "test");
  w.tensor("weights", {4, 3}, 0, 0);
  w.tensor("other", {8}, 0, 64);
  w.pad(32);
  for (int i = 0; i < 12; ++i) w.put(first + static_cast<float>(i));
  w.pad(32);
  for (int i = 0; i < 8; ++i) w.put(0.5f);
  return w.bytes();
}

/// y += a * (weights x), with a constant x of its own and a cache write at a position.
Program record_step(Foundry& foundry, const GgufFile& file) {
  const AnyTensor weights = file.tensor(foundry.device(), "weights");
  const auto x = foundry.tensor<f32>({4}, from(std::vector<float>{1, 2, 3, 4}), "x");
  const auto y = foundry.tensor<f32>({3}, from(std::vector<float>{0, 0, 0}), "y");
  const auto keys = foundry.tensor<f32>({8, 1, 4}, from(std::vector<float>(32, 7.0f)), "keys");
  const auto values = foundry.tensor<f32>({8, 1, 4}, from(std::vector<float>(32, 7.0f)), "values");
  return foundry.record(
      [&] {
        foundry.run(ops::Gemv{weights, x, y, {}, {ops::Residual{y}}});
        foundry.run(ops::KvWrite{x.reshape({1, 1, 4}), x.reshape({1, 1, 4}), keys, values,
                                 Parameter("position")});
      },
      "step");
}

}  // namespace

TEST_CASE("a loaded program does what the recorded one does") {
  const Folder folder;
  write_bytes(folder / "weights.gguf", weights_file(1.0f));
  const auto file = GgufFile::open(folder / "weights.gguf");
  Foundry& foundry = runtime();
  Program recorded = record_step(foundry, *file);
  recorded.save(folder / "step.foundry", std::vector{file});

  const auto compilations = foundry.registry().statistics().compilations;
  Program loaded =
      Program::load(trusted, foundry, folder / "step.foundry", {folder / "weights.gguf"});
  CHECK(foundry.registry().statistics().compilations == compilations);  // the kernels are known
  CHECK(loaded.name() == "step");
  CHECK(loaded.parameters() == recorded.parameters());
  CHECK(loaded.tensors() == recorded.tensors());
  CHECK(loaded.size() == 2);
  CHECK(loaded.barriers() == recorded.barriers());
  const auto element = [&](const char* name, std::size_t index) {
    const AnyTensor tensor = loaded.tensor(name);
    return tensor.host<float>()[index];
  };
  CHECK(element("x", 3) == 4.0f);  // only read: part of the file
  CHECK(element("y", 0) == 0.0f);
  CHECK(element("keys", 0) == 0.0f);  // written: zero, whatever it was

  for (std::uint64_t position : {0, 5}) {
    recorded.replay({{"position", position}});
    loaded.replay({{"position", position}});
  }
  CHECK(download(loaded.tensor("y")) == download(recorded.tensor("y")));
  // Row r of the weights is 1 + 4 r + (0 .. 3): its product with (1, 2, 3, 4) is 30 + 40 r.
  CHECK(download(loaded.tensor("y")) == Values{60.0, 140.0, 220.0});
  CHECK(element("keys", 5 * 4 + 3) == 4.0f);
  CHECK_THROWS_AS(loaded.replay({{"position", 8}}), ShapeError);

  // A process of its own compiles from the file.
  Foundry other;
  Program elsewhere =
      Program::load(trusted, other, folder / "step.foundry", {folder / "weights.gguf"});
  elsewhere.replay({{"position", 0}});
  CHECK(download(elsewhere.tensor("y")) == Values{30.0, 70.0, 110.0});
}

TEST_CASE("a program bound to longer tensors is saved with these") {
  const Folder folder;
  write_bytes(folder / "weights.gguf", weights_file(1.0f));
  const auto file = GgufFile::open(folder / "weights.gguf");
  Foundry& foundry = runtime();
  Program recorded = record_step(foundry, *file);
  for (const char* name : {"keys", "values"}) {
    recorded.bind(name, AnyTensor::dedicated(foundry.device(), {32, 1, 4}, DType::f32,
                                             StorageMode::shared, name));
  }
  recorded.save(folder / "step.foundry", std::vector{file});
  Program loaded =
      Program::load(trusted, foundry, folder / "step.foundry", {folder / "weights.gguf"});
  CHECK_NOTHROW(loaded.replay({{"position", 31}}));
  CHECK(loaded.tensor("keys").extents() == Extents{32, 1, 4});
  foundry.synchronize();
}

TEST_CASE("weights that are not those of the program are refused") {
  const Folder folder;
  const std::string program = folder / "step.foundry";
  write_bytes(folder / "weights.gguf", weights_file(1.0f));
  Foundry& foundry = runtime();
  {
    const auto file = GgufFile::open(folder / "weights.gguf");
    record_step(foundry, *file).save(program, std::vector{file});
  }
  CHECK_THROWS_WITH_AS(Program::load(trusted, foundry, program),
                       concat(program, ": 0 weight files given, it needs 1: weights.gguf").c_str(),
                       ProgramError);
  const auto refused = [&](const char* name, std::string_view bytes, const char* message) {
    const std::string path = folder / name;
    write_bytes(path, bytes);
    CHECK_THROWS_WITH_AS(Program::load(trusted, foundry, program, {path}),
                         concat(program, ": tensor 'weights' of ", path, message).c_str(),
                         ProgramError);
  };
  refused("changed.gguf", weights_file(2.0f),
          " has other contents than the one the program was saved with");
  GgufWriter absent;
  absent.header(0, 1).string_entry("general.architecture", "test");
  refused("absent.gguf", absent.bytes(), " is missing");
  GgufWriter shape;
  shape.header(1, 1).string_entry("general.architecture", "test");
  shape.tensor("weights", {3, 4}, 0, 0).pad(32).raw(std::string(48, '\0'));
  refused("shape.gguf", shape.bytes(), " is (4, 3) f32, the program was saved with (3, 4) f32");
  // The same contents under another name are the same weights.
  write_bytes(folder / "moved.gguf", weights_file(1.0f));
  CHECK_NOTHROW(Program::load(trusted, foundry, program, {folder / "moved.gguf"}));
}

TEST_CASE("contents that only a weight file could hold are refused without it") {
  const Folder folder;
  Foundry& foundry = runtime();
  const std::uint64_t elements = Program::kMaxInlineBytes / 4 + 1;
  const AnyTensor x =
      AnyTensor::dedicated(foundry.device(), {elements}, DType::f32, StorageMode::shared, "x");
  const AnyTensor y = AnyTensor::dedicated(foundry.device(), {elements}, DType::f32);
  const Program program = foundry.record([&] { foundry.run(ops::Copy{x, y}); });
  const std::string path = folder / "large.foundry";
  CHECK_THROWS_WITH_AS(program.save(path),
                       concat(path,
                              ": tensor 'x' of 16.0 MiB is in none of the weight files, and "
                              "a program file holds 16.0 MiB of contents at most")
                           .c_str(),
                       ProgramError);
  CHECK(!fs::exists(path));
}

TEST_CASE("a path that cannot be read or written is named") {
  const Folder folder;
  Foundry& foundry = runtime();
  CHECK_THROWS_WITH_AS(Program::load(trusted, foundry, folder / "none.foundry"),
                       doctest::Contains("none.foundry"), ArgumentError);
  const auto x = foundry.tensor<f32>({4}, from(std::vector<float>{1, 2, 3, 4}), "x");
  const Program program = foundry.record([&] { foundry.run(ops::Add{x, x, x}); });
  CHECK_THROWS_WITH_AS(program.save(folder / "no/such/folder.foundry"),
                       doctest::Contains("cannot be written: open the folder: No such file"),
                       ProgramError);
}

TEST_CASE("a file larger than any program is refused before it is read") {
  const Folder folder;
  write_bytes(folder / "step.foundry", "FOUNDRY");
  fs::resize_file(folder / "step.foundry", std::uintmax_t{1} << 40);
  const std::string message =
      (folder / "step.foundry") + ": 1.0 TiB; a program file has 256.0 MiB at most";
  CHECK_THROWS_WITH_AS(Program::load(trusted, runtime(), folder / "step.foundry", {}),
                       message.c_str(), ProgramError);
}

TEST_CASE("a weight file that was cut since it was opened is refused by name, and not read") {
  const Folder folder;
  write_bytes(folder / "weights.gguf", weights_file(1.0f));
  const auto file = GgufFile::open(folder / "weights.gguf");
  Program recorded = record_step(runtime(), *file);
  fs::resize_file(folder / "weights.gguf", 100);
  CHECK_THROWS_WITH_AS(recorded.save(folder / "step.foundry", std::vector{file}),
                       doctest::Contains("was cut while it was in use: it has 100 bytes"),
                       GgufError);
  write_bytes(folder / "weights.gguf", weights_file(1.0f));
  recorded.save(folder / "step.foundry", std::vector{file});
}
