// GgufWriter: writes GGUF files byte by byte, right ones and wrong ones, for the tests.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>
#include <vector>

class GgufWriter {
 public:
  template <class T>
  GgufWriter& put(T value) {
    const std::size_t at = bytes_.size();
    bytes_.resize(at + sizeof value);
    std::memcpy(bytes_.data() + at, &value, sizeof value);
    return *this;
  }
  GgufWriter& text(std::string_view value) {
    put<std::uint64_t>(value.size());
    bytes_.append(value);
    return *this;
  }
  GgufWriter& header(std::uint64_t tensors, std::uint64_t keys, std::uint32_t version = 3) {
    bytes_ += "GGUF";
    return put(version).put(tensors).put(keys);
  }
  template <class T>
  GgufWriter& entry(std::string_view key, std::uint32_t type, T value) {
    return text(key).put(type).put(value);
  }
  GgufWriter& string_entry(std::string_view key, std::string_view value) {
    return text(key).put<std::uint32_t>(8).text(value);
  }
  GgufWriter& array_entry(std::string_view key, std::uint32_t type, std::uint64_t count) {
    return text(key).put<std::uint32_t>(9).put(type).put(count);
  }
  /// `extents` innermost first, as the file has them.
  GgufWriter& tensor(std::string_view name, std::vector<std::uint64_t> extents, std::uint32_t type,
                     std::uint64_t offset) {
    text(name).put(static_cast<std::uint32_t>(extents.size()));
    for (const auto extent : extents) put(extent);
    return put(type).put(offset);
  }
  GgufWriter& pad(std::size_t alignment) {
    bytes_.resize((bytes_.size() + alignment - 1) / alignment * alignment);
    return *this;
  }
  GgufWriter& raw(std::string_view bytes) {
    bytes_ += bytes;
    return *this;
  }
  const std::string& bytes() const { return bytes_; }

 private:
  std::string bytes_;
};

/// A file with the bytes, removed with the object.
class TemporaryFile {
 public:
  explicit TemporaryFile(std::string_view bytes)
      : path_(std::filesystem::temp_directory_path() /
              ("foundry_gguf_test_" + std::to_string(reinterpret_cast<std::uintptr_t>(this)))) {
    write(bytes);
  }
  ~TemporaryFile() { std::filesystem::remove(path_); }
  TemporaryFile(const TemporaryFile&) = delete;
  TemporaryFile& operator=(const TemporaryFile&) = delete;
  void write(std::string_view bytes) const {
    std::ofstream(path_, std::ios::binary | std::ios::trunc) << bytes;
  }
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

/// A small file with every kind of value and three tensors.
inline GgufWriter sample_file(std::uint32_t version = 3) {
  GgufWriter w;
  w.header(3, 16, version);
  w.string_entry("general.architecture", "llama");
  w.entry<std::uint32_t>("general.alignment", 4, 64);
  w.entry<std::uint8_t>("a.u8", 0, 200);
  w.entry<std::int8_t>("a.i8", 1, -5);
  w.entry<std::uint16_t>("a.u16", 2, 60000);
  w.entry<std::int16_t>("a.i16", 3, -300);
  w.entry<std::int32_t>("a.i32", 5, -70000);
  w.entry<float>("a.f32", 6, 0.5f);
  w.entry<std::uint8_t>("a.bool", 7, 1);
  w.entry<std::uint64_t>("a.u64", 10, 1ull << 40);
  w.entry<std::int64_t>("a.i64", 11, -(1ll << 40));
  w.entry<double>("a.f64", 12, 0.25);
  w.array_entry("t.tokens", 8, 3).text("<s>").text("").text("caf\xc3\xa9");
  w.array_entry("t.scores", 6, 2).put(1.0f).put(-2.0f);
  w.array_entry("t.flags", 7, 2).put<std::uint8_t>(1).put<std::uint8_t>(0);
  w.array_entry("t.empty", 4, 0);
  w.tensor("embed", {4, 2}, 0, 0);
  w.tensor("weights", {64, 3}, 3, 64);  // Q4_1: 3 rows of 2 blocks of 20 bytes
  w.tensor("later", {256}, 15, 192);    // Q8_K: 292 bytes, no policy
  w.pad(64);
  for (int i = 0; i < 8; ++i) w.put(static_cast<float>(i));
  w.pad(64);
  for (int i = 0; i < 120; ++i) w.put(static_cast<std::uint8_t>(i));
  w.pad(64);
  w.raw(std::string(292, '\x7f'));
  return w;
}
