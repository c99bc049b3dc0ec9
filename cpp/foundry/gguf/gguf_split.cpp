#include "foundry/gguf/gguf_split.hpp"

#include <algorithm>
#include <filesystem>

#include "foundry/core/error.hpp"
#include "foundry/core/quoted.hpp"

namespace foundry {

namespace {

constexpr std::uint64_t kMostParts = 99'999;  // that five digits number

std::string five_digits(std::uint64_t number) {
  const std::string digits = concat(number);
  return std::string(5 - std::min<std::size_t>(digits.size(), 5), '0') + digits;
}

/// "-00001-of-00003.gguf"
std::string ending(std::uint64_t number, std::uint64_t count) {
  return concat("-", five_digits(number + 1), "-of-", five_digits(count), ".gguf");
}

/// The value of an integer key; nullopt if it is not there.
std::optional<std::uint64_t> find_unsigned(const std::string& path, const GgufContents& contents,
                                           std::string_view key) {
  const GgufValue* value = contents.find(key);
  if (!value) return std::nullopt;
  const auto number = unsigned_value(*value);
  if (!number) {
    throw GgufError(concat(path, ": key ", Quoted{key}, " is ", to_string(*value),
                           ", not an unsigned integer"));
  }
  return number;
}

void require_key(const std::string& path, const GgufContents& contents, std::string_view key,
                 std::uint64_t expected) {
  const auto found = find_unsigned(path, contents, key);
  if (found == expected) return;
  throw GgufError(concat(path, ": ", key, " is ", found ? concat(*found) : "not there",
                         "; expected ", expected));
}

}  // namespace

std::uint64_t count_of_parts(const std::string& path, const GgufContents& contents) {
  const std::uint64_t count = find_unsigned(path, contents, "split.count").value_or(1);
  if (count <= 1) return 1;
  if (count > kMostParts) {
    throw GgufError(
        concat(path, ": split.count is ", count, "; ", kMostParts, " parts are read at most"));
  }
  const std::uint64_t number = find_unsigned(path, contents, "split.no").value_or(0);
  const std::string own = ending(number, count);
  if (number != 0) {
    std::string first = ending(0, count);
    const std::string name = std::filesystem::path(path).filename().string();
    if (name.ends_with(own)) first = name.substr(0, name.size() - own.size()) + first;
    throw GgufError(concat(path, ": this is part ", number + 1, " of ", count, "; open the first, ",
                           Quoted{first}));
  }
  if (!path.ends_with(own)) {
    throw GgufError(concat(path, ": this is the first of ", count,
                           " parts, which are found by its name; it has to end in ", Quoted{own}));
  }
  return count;
}

std::string path_of_part(const std::string& first, std::uint64_t number, std::uint64_t count) {
  return first.substr(0, first.size() - ending(0, count).size()) + ending(number, count);
}

void require_part(const std::string& path, const GgufContents& contents, std::uint64_t number,
                  std::uint64_t count) {
  require_key(path, contents, "split.no", number);
  require_key(path, contents, "split.count", count);
}

void require_all_tensors(const std::string& path, const GgufContents& contents,
                         std::uint64_t count) {
  const auto claimed = find_unsigned(path, contents, "split.tensors.count");
  if (!claimed || *claimed == contents.tensors.size()) return;
  throw GgufError(concat(path, ": split.tensors.count is ", *claimed, ", its ", count,
                         " parts have ", contents.tensors.size()));
}

}  // namespace foundry
