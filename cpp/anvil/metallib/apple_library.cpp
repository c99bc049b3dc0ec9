// The layout follows from files: MLX's, and what is public of other readers' findings. Numbers are
// little endian.
#include "anvil/metallib/apple_library.hpp"

#include <array>
#include <optional>

#include "anvil/metallib/byte_reader.hpp"

namespace anvil::metallib {
namespace {

constexpr std::string_view kMagic = "MTLB", kEnd = "ENDT";
constexpr uint64_t kHeaderSize = 88;
// Libraries of several architectures in one file, in either order of bytes.
constexpr std::array<std::string_view, 4> kUniversal = {"\xca\xfe\xba\xbe", "\xbe\xba\xfe\xca",
                                                        "\xcb\xfe\xba\xbe", "\xbe\xba\xfe\xcb"};
constexpr uint8_t kSymbols = 3;             // a type of library: debug information alone
constexpr uint64_t kLeastFunction = 4 + 4;  // its size, the end tag
constexpr uint64_t kLeastConstant = 1 + 1 + 2 + 1;
// More than any library has; the figures of a list that claims more are not believed.
constexpr uint64_t kMostIndexBytes = uint64_t{1} << 30;

/// A tag's contents, or nothing at the end of the tags.
struct Tag {
  std::string_view name;
  uint64_t at;
  std::string_view contents;
};
std::optional<Tag> next_tag(ByteReader& reader) {
  Tag tag{.name = {}, .at = reader.position(), .contents = {}};
  tag.name = reader.bytes(4, "a tag");
  if (tag.name == kEnd) return std::nullopt;
  tag.contents = reader.bytes(reader.number<uint16_t>("a tag's length"), "a tag's contents");
  return tag;
}

template <class T, size_t count>
std::array<T, count> numbers(const ByteReader& reader, const Tag& tag) {
  std::array<T, count> values;
  if (tag.contents.size() != sizeof values)
    reader.fail(tag.at, "tag " + std::string(tag.name) + " has " +
                            std::to_string(tag.contents.size()) + " bytes, not " +
                            std::to_string(sizeof values));
  tag.contents.copy(reinterpret_cast<char*>(values.data()), sizeof values);
  return values;
}

std::string_view name_in(const ByteReader& reader, const Tag& tag) {
  const size_t end = tag.contents.find('\0');
  if (end == std::string_view::npos || end + 1 != tag.contents.size() || end == 0)
    reader.fail(tag.at, end == 0 ? "a function's name is empty"
                                 : "a function's name does not end with its tag");
  return tag.contents.substr(0, end);
}

}  // namespace

const char* name_of(FunctionKind kind) {
  constexpr std::array<const char*, kFunctionKinds> names = {"vertex",       "fragment", "kernel",
                                                             "unqualified",  "visible",  "extern",
                                                             "intersection", "mesh",     "object"};
  return names[static_cast<size_t>(kind)];
}

bool AppleLibrary::begins(std::string_view bytes) {
  const std::string_view magic = bytes.substr(0, 4);
  return magic == kMagic || std::ranges::find(kUniversal, magic) != kUniversal.end();
}

AppleLibrary::AppleLibrary(std::shared_ptr<const Input> input) : input_(std::move(input)) {
  read_header();
  read_index();
  sort_and_check();
}

void AppleLibrary::read_header() {
  const uint64_t there = input_->size();
  const std::string header = input_->text(0, std::min(there, kHeaderSize));
  if (!header.starts_with(kMagic))
    fail_at(name(), 0,
            begins(header) ? "unsupported library for several architectures; supported: the one "
                             "that 'lipo -thin air64' takes out of it"
                           : "this is no compiled library: it does not begin with 'MTLB'");
  ByteReader reader(name(), header, 0);
  reader.bytes(kMagic.size() + 2, "the platform");
  const auto major = reader.number<uint16_t>("the version");
  reader.number<uint16_t>("the version");
  if (major != 1 && major != 2)
    reader.fail(6, "unsupported container version " + std::to_string(major) + "; supported: 1, 2");
  const auto type = reader.number<uint8_t>("the type");
  if (type >= kSymbols)
    reader.fail(10, "unsupported library type " + std::to_string(type) +
                        "; supported: 0 (executable), 1 (Core Image), 2 (dynamic)");
  reader.bytes(5, "the system");
  const auto claimed = reader.number<uint64_t>("the size");
  if (claimed > there)
    reader.fail(16, "the file is truncated: it says that it has " + std::to_string(claimed) +
                        " bytes and has " + std::to_string(there));
  constexpr const char* names[] = {"the list of functions", "the public metadata",
                                   "the private metadata", "the bitcode"};
  uint64_t end = kHeaderSize;
  size_t next = 0;
  for (Section* section : {&list_, &public_, &private_, &bitcode_}) {
    const uint64_t at = reader.position();
    *section = {names[next++], reader.number<uint64_t>("a section"),
                reader.number<uint64_t>("a section")};
    // Its size leaves the count in front of it out.
    if (section == &list_ && section->size <= there) section->size += 4;
    const std::string place = range_text(section->offset, section->size);
    if (section->offset > claimed || section->size > claimed - section->offset)
      reader.fail(at, std::string(section->name) + " is " + place + ", the file has " +
                          std::to_string(claimed));
    if (section->offset < end)
      reader.fail(at, std::string(section->name) + " is " + place +
                          " and overlaps what is before byte " + std::to_string(end));
    end = section->offset + section->size;
  }
  if (list_.size > kMostIndexBytes)
    reader.fail(24, "the list of functions has " + std::to_string(list_.size) + " bytes; " +
                        std::to_string(kMostIndexBytes) + " are read at most");
}

void AppleLibrary::read_index() {
  index_ = input_->text(list_.offset, list_.size);
  ByteReader reader(name(), index_, list_.offset);
  const uint64_t at = reader.position();
  const auto count = reader.number<uint32_t>("the count of functions");
  reader.require_count(at, count, kLeastFunction, "functions");
  functions_.reserve(count);
  for (uint32_t i = 0; i < count; ++i) {
    const uint64_t entry = reader.position();
    const auto size = reader.number<uint32_t>("a function's size");
    if (size < kLeastFunction)
      reader.fail(entry, "function " + std::to_string(i) + " has " + std::to_string(size) +
                             " bytes, fewer than " + std::to_string(kLeastFunction));
    functions_.push_back(read_function(reader.part(size - 4, "a function")));
  }
}

AppleFunction AppleLibrary::read_function(ByteReader reader) const {
  const uint64_t begin = reader.position();
  AppleFunction function;
  bool has_type = false, has_offset = false, has_size = false;
  while (const auto tag = next_tag(reader)) {
    if (tag->name == "NAME") {
      function.name = name_in(reader, *tag);
    } else if (tag->name == "TYPE") {
      const uint8_t kind = numbers<uint8_t, 1>(reader, *tag)[0];
      if (kind >= kFunctionKinds)
        reader.fail(tag->at, "unsupported kind of function " + std::to_string(kind) +
                                 "; supported: 0 to " + std::to_string(kFunctionKinds - 1));
      function.kind = static_cast<FunctionKind>(kind);
      has_type = true;
    } else if (tag->name == "OFFT") {
      const auto [its_public, its_private, its_code] = numbers<uint64_t, 3>(reader, *tag);
      if (its_public > public_.size || its_private > private_.size || its_code > bitcode_.size)
        reader.fail(tag->at, "a function is at " + std::to_string(its_public) + ", " +
                                 std::to_string(its_private) + " and " + std::to_string(its_code) +
                                 " of metadata and bitcode of " + std::to_string(public_.size) +
                                 ", " + std::to_string(private_.size) + " and " +
                                 std::to_string(bitcode_.size) + " bytes");
      function.description = public_.offset + its_public;
      function.offset = bitcode_.offset + its_code;
      has_offset = true;
    } else if (tag->name == "MDSZ") {
      function.size = numbers<uint64_t, 1>(reader, *tag)[0];
      has_size = true;
    } else if (tag->name == "HASH") {
      numbers<uint8_t, 32>(reader, *tag);
      function.hash = tag->contents;
    }
  }
  const char* missing = function.name.empty() ? "NAME"
                        : !has_type           ? "TYPE"
                        : !has_offset         ? "OFFT"
                        : !has_size           ? "MDSZ"
                                              : nullptr;
  if (missing) reader.fail(begin, std::string("a function has no tag ") + missing);
  const uint64_t end = bitcode_.offset + bitcode_.size;
  if (function.size == 0 || function.size > end - function.offset)
    reader.fail(begin, "function '" + std::string(function.name) + "' is " +
                           range_text(function.offset, function.size) +
                           ", the bitcode ends at byte " + std::to_string(end));
  return function;
}

void AppleLibrary::sort_and_check() {
  by_name_ = order_by_name(functions_);
  if (const auto* twice = first_repeated(functions_, by_name_))
    fail_at(name(), list_.offset, "function '" + std::string(twice->name) + "' is there twice");
  std::vector<std::pair<uint64_t, uint64_t>> ranges;
  for (const AppleFunction& each : functions_) ranges.emplace_back(each.offset, each.size);
  std::ranges::sort(ranges);
  for (size_t i = 1; i < ranges.size(); ++i) {
    const auto& [before, size] = ranges[i - 1];
    // The same function under two names may be there once.
    if (ranges[i] != ranges[i - 1] && ranges[i].first < before + size)
      fail_at(name(), ranges[i].first,
              "a function's bitcode, " + range_text(ranges[i].first, ranges[i].second) +
                  ", overlaps another's, " + range_text(before, size));
  }
}

std::string AppleLibrary::bitcode(const AppleFunction& function) const {
  std::string code = input_->text(function.offset, function.size);
  // Writers that compute none leave zeros.
  const bool has_hash = function.hash.find_first_not_of('\0') != std::string_view::npos;
  if (has_hash) check_hash(name(), function.offset, function.name, code, function.hash);
  return code;
}

std::vector<AppleConstant> AppleLibrary::constants(const AppleFunction& function) const {
  const uint64_t end = public_.offset + public_.size;
  uint32_t size = 0;
  if (end - function.description < sizeof size) return {};
  input_->read(function.description, std::as_writable_bytes(std::span(&size, 1)));
  // It counts itself in some versions and not in others: tags end by themselves.
  const uint64_t first = function.description + sizeof size;
  const std::string text = input_->text(first, std::min<uint64_t>(size, end - first));
  ByteReader reader(name(), text, first);
  std::vector<AppleConstant> constants;
  while (reader.left() > 0) {
    const auto tag = next_tag(reader);
    if (!tag) break;
    if (tag->name != "CNST") continue;
    ByteReader list(name(), tag->contents, tag->at + 4 + 2);
    const auto count = list.number<uint16_t>("the count of constants");
    list.require_count(tag->at, count, kLeastConstant, "function constants");
    for (uint16_t i = 0; i < count; ++i) {
      AppleConstant constant;
      while (const char c = list.number<char>("a function constant's name")) constant.name += c;
      constant.type = list.number<uint8_t>("a function constant's type");
      constant.index = list.number<uint16_t>("a function constant's index");
      constant.required = list.number<uint8_t>("a function constant") != 0;
      constants.push_back(std::move(constant));
    }
  }
  return constants;
}

}  // namespace anvil::metallib
