// TableFile: tables of an exported model, made and damaged by tests.
#pragma once

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

/// GGUF metadata as python/foundry/export/tables.py writes it.
class TableFile {
 public:
  using Values = std::map<std::string, std::string>;  // by key, as in the file

  static std::string flag(bool value) { return number32(7) + static_cast<char>(value); }
  static std::string number(std::uint32_t value) { return number32(4) + number32(value); }
  static std::string text(std::string_view value) { return number32(8) + string(value); }
  static std::string bytes(std::string_view values) {
    return number32(9) + number32(0) + number64(values.size()) + std::string(values);
  }
  static std::string numbers(const std::vector<std::uint32_t>& values, std::uint32_t kind = 4) {
    std::string all = number32(9) + number32(kind) + number64(values.size());
    for (const std::uint32_t value : values) all += number32(value);
    return all;
  }
  static std::string tokens(const std::vector<std::uint32_t>& values) { return numbers(values, 5); }
  static std::string texts(const std::vector<std::string>& values) {
    std::string all = number32(9) + number32(8) + number64(values.size());
    for (const std::string& value : values) all += string(value);
    return all;
  }
  /// Under `key`.bytes and `key`.ends.
  static void add_strings(Values& values, const std::string& key,
                          const std::vector<std::string>& strings) {
    std::string all;
    std::vector<std::uint32_t> ends;
    for (const std::string& one : strings) ends.push_back((all += one).size());
    values[key + ".bytes"] = bytes(all);
    values[key + ".ends"] = numbers(ends);
  }

  static std::string contents(const Values& values) {
    std::string all = "GGUF" + number32(3) + number64(0) + number64(values.size());
    for (const auto& [key, value] : values) all += string(key) + value;
    return all;
  }

  explicit TableFile(const std::string& contents)
      : path_(std::filesystem::temp_directory_path() /
              ("tables-" + std::to_string(reinterpret_cast<std::uintptr_t>(this)) + ".gguf")) {
    std::ofstream(path_, std::ios::binary) << contents;
  }
  explicit TableFile(const Values& values) : TableFile(contents(values)) {}
  ~TableFile() { std::filesystem::remove(path_); }
  TableFile(const TableFile&) = delete;
  TableFile& operator=(const TableFile&) = delete;
  std::string path() const { return path_.string(); }

 private:
  static std::string number64(std::uint64_t value) {
    std::string bytes;
    for (int i = 0; i < 8; ++i) bytes += static_cast<char>(value >> 8 * i);
    return bytes;
  }
  static std::string number32(std::uint32_t value) { return number64(value).substr(0, 4); }
  static std::string string(std::string_view text) {
    return number64(text.size()) + std::string(text);
  }

  std::filesystem::path path_;
};
