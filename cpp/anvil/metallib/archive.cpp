// The layout, little endian; a string is a u32 length and as many bytes:
//   "AnvilMTL", u32 version, u32 units, u64 size of the index
//   for each unit: strings name, math, std; u8 logging;
//     u32 functions, each a string and a u8 kind;
//     u32 constants, each strings name and type, u32 index, u8 required;
//     u64 size of its source, 32 bytes of its SHA-256
//   the sources, one after another
#include "anvil/metallib/archive.hpp"

#include <map>

#include "anvil/metallib/byte_reader.hpp"
#include "anvil/service/hash.hpp"

namespace anvil::metallib {
namespace {

constexpr std::string_view kSignature = "AnvilMTL";
constexpr uint32_t kVersion = 1;
constexpr uint64_t kHeadSize = kSignature.size() + 4 + 4 + 8;
constexpr uint64_t kHashSize = 32;
constexpr uint64_t kLeastUnit = 3 * 4 + 1 + 4 + 4 + 8 + kHashSize;
constexpr uint64_t kLeastNamed = 4 + 1, kLeastTyped = 4 + 4 + 4 + 1;

template <class T>
void put(std::string& out, T number) {
  out.append(reinterpret_cast<const char*>(&number), sizeof number);
}
void put_string(std::string& out, std::string_view text) {
  put(out, static_cast<uint32_t>(text.size()));
  out += text;
}

void put_unit(std::string& out, const Unit& unit, const std::string& text) {
  put_string(out, unit.name);
  put_string(out, unit.math);
  put_string(out, unit.std);
  put(out, static_cast<uint8_t>(unit.logging));
  put(out, static_cast<uint32_t>(unit.functions.size()));
  for (const UnitFunction& function : unit.functions) {
    put_string(out, function.name);
    put(out, static_cast<uint8_t>(function.kind));
  }
  put(out, static_cast<uint32_t>(unit.constants.size()));
  for (const UnitConstant& constant : unit.constants) {
    put_string(out, constant.name);
    put_string(out, constant.type);
    put(out, constant.index);
    put(out, static_cast<uint8_t>(constant.required));
  }
  put(out, static_cast<uint64_t>(text.size()));
  const service::Sha256::Digest digest = service::Sha256().append(text).finish();
  out.append(reinterpret_cast<const char*>(digest.data()), digest.size());
}

Unit read_unit(ByteReader& reader) {
  Unit unit;
  unit.name = reader.string("a unit's name");
  const uint64_t math_at = reader.position();
  unit.math = reader.string("a unit's math mode");
  if (unit.math != "fast" && unit.math != "relaxed" && unit.math != "safe")
    reader.fail(math_at, "math mode '" + unit.math + "' is not one of fast, relaxed, safe");
  unit.std = reader.string("a unit's language version");
  unit.logging = reader.number<uint8_t>("whether a unit logs") != 0;
  uint64_t at = reader.position();
  const auto functions = reader.number<uint32_t>("the count of functions");
  reader.require_count(at, functions, kLeastNamed, "functions");
  for (uint32_t i = 0; i < functions; ++i) {
    UnitFunction function{std::string(reader.string("a function's name")), FunctionKind::kernel};
    at = reader.position();
    const auto kind = reader.number<uint8_t>("a function's kind");
    if (kind >= kFunctionKinds)
      reader.fail(at, "unsupported kind of function " + std::to_string(kind) +
                          "; supported: 0 to " + std::to_string(kFunctionKinds - 1));
    function.kind = static_cast<FunctionKind>(kind);
    unit.functions.push_back(std::move(function));
  }
  at = reader.position();
  const auto constants = reader.number<uint32_t>("the count of constants");
  reader.require_count(at, constants, kLeastTyped, "function constants");
  for (uint32_t i = 0; i < constants; ++i) {
    UnitConstant constant;
    constant.name = reader.string("a function constant's name");
    constant.type = reader.string("a function constant's type");
    constant.index = reader.number<uint32_t>("a function constant's index");
    constant.required = reader.number<uint8_t>("a function constant") != 0;
    unit.constants.push_back(std::move(constant));
  }
  return unit;
}

}  // namespace

void require_distinct_functions(const std::string& name, const std::vector<Unit>& units) {
  std::map<std::string_view, const Unit*> seen;
  for (const Unit& unit : units)
    for (const UnitFunction& function : unit.functions)
      if (const auto [found, is_new] = seen.emplace(function.name, &unit); !is_new)
        throw FormatError(name + ": function '" + function.name + "' is in '" +
                          found->second->name + "' and in '" + unit.name + "'");
}

std::string write_archive(const std::vector<Unit>& units, const std::vector<std::string>& texts) {
  require_distinct_functions("metallib", units);
  std::string index;
  for (size_t i = 0; i < units.size(); ++i) put_unit(index, units[i], texts[i]);
  std::string out(kSignature);
  put(out, kVersion);
  put(out, static_cast<uint32_t>(units.size()));
  put(out, static_cast<uint64_t>(index.size()));
  out += index;
  for (const std::string& text : texts) out += text;
  return out;
}

bool Archive::begins(std::string_view bytes) {
  return bytes.starts_with(kSignature);
}

Archive::Archive(std::shared_ptr<const Input> input) : input_(std::move(input)) {
  const uint64_t there = input_->size();
  const std::string header = input_->text(0, std::min(there, kHeadSize));
  if (!begins(header)) fail_at(name(), 0, "this is no library of Anvil's");
  ByteReader reader(name(), header, 0);
  reader.bytes(kSignature.size(), "the magic");
  const auto version = reader.number<uint32_t>("the version");
  if (version != kVersion)
    reader.fail(8, "unsupported version " + std::to_string(version) +
                       "; supported: " + std::to_string(kVersion));
  const auto count = reader.number<uint32_t>("the count of units");
  const auto size = reader.number<uint64_t>("the size of the index");
  if (size > there - kHeadSize)
    reader.fail(16, "the file is truncated: an index of " + std::to_string(size) +
                        " bytes, and the file has " + std::to_string(there));
  const std::string index = input_->text(kHeadSize, size);
  ByteReader list(name(), index, kHeadSize);
  list.require_count(12, count, kLeastUnit, "units");
  uint64_t next = kHeadSize + size;
  for (uint32_t i = 0; i < count; ++i) {
    units_.push_back(read_unit(list));
    const uint64_t at = list.position();
    const auto length = list.number<uint64_t>("a source's size");
    if (length > there - next)
      list.fail(at, "the file is truncated: the source of '" + units_.back().name + "' is " +
                        range_text(next, length) + ", the file has " + std::to_string(there));
    places_.push_back({next, length, std::string(list.bytes(kHashSize, "a source's hash"))});
    next += length;
  }
  require_distinct_functions(name(), units_);
}

std::string Archive::text(size_t unit) const {
  const Place& place = places_.at(unit);
  std::string text = input_->text(place.offset, place.size);
  check_hash(name(), place.offset, units_[unit].name, text, place.hash);
  return text;
}

}  // namespace anvil::metallib
