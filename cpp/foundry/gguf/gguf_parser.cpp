#include "foundry/gguf/gguf_parser.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <numeric>
#include <type_traits>
#include <unordered_set>

#include "foundry/core/quoted.hpp"
#include "foundry/tensor/dtype_codes.hpp"

namespace foundry {

namespace {

// ggml's docs/gguf.md, "File Structure".
constexpr std::uint32_t kMagic = 0x46554747;               // "GGUF"
constexpr std::uint64_t kLeastEntry = 8 + 1 + 4 + 1;       // key length, a letter, type, a u8
constexpr std::uint64_t kLeastTensor = 8 + 1 + 4 + 4 + 8;  // name, rank 0, type, offset
constexpr std::uint32_t kMostDimensions = 4;               // GGML_MAX_DIMS
// More than any model has, and few enough that what is kept of each costs little: a file of nothing
// but keys would take ten times its size.
constexpr std::uint64_t kMostKeys = 1 << 16;
constexpr std::uint64_t kMostTensors = 1 << 17;
constexpr std::uint32_t kString = 8, kArray = 9;

/// "what number 'name'", put together only for a message.
struct Numbered {
  const char* what;
  std::uint64_t number;
  friend std::ostream& operator<<(std::ostream& out, const Numbered& n) {
    return out << n.what << ' ' << n.number;
  }
};

struct Of {
  const char* what;
  std::string_view name;
  friend std::ostream& operator<<(std::ostream& out, const Of& of) {
    return out << of.what << ' ' << Quoted{of.name};
  }
};

}  // namespace

const GgufValue* GgufContents::find(std::string_view key) const noexcept {
  const auto entry = std::find_if(metadata.begin(), metadata.end(),
                                  [&](const auto& each) { return each.first == key; });
  return entry == metadata.end() ? nullptr : &entry->second;
}

void GgufParser::parse() {
  read_header();
  file_.metadata.reserve(entries_);
  std::unordered_set<std::string_view> names;
  for (std::uint64_t i = 0; i < entries_; ++i) {
    const std::uint64_t at = reader_.position();
    read_entry(i);
    const std::string_view key = file_.metadata.back().first;
    if (!names.insert(key).second) reader_.fail(at, concat("key ", Quoted{key}, " is there twice"));
  }
  read_alignment();
  reader_.require_count(16, tensors_, kLeastTensor, "tensors");
  file_.tensors.reserve(tensors_);
  described_at_.reserve(tensors_);
  names.clear();
  for (std::uint64_t i = 0; i < tensors_; ++i) {
    const std::uint64_t at = reader_.position();
    described_at_.push_back(at);
    read_tensor(i);
    const std::string_view name = file_.tensors.back().name;
    if (!names.insert(name).second) {
      reader_.fail(at, concat("tensor ", Quoted{name}, " is there twice"));
    }
  }
  place_tensors();
}

void GgufParser::read_header() {
  const auto magic = reader_.number<std::uint32_t>("the magic number");
  if (magic != kMagic) reader_.fail(0, "this is no GGUF file: it does not begin with 'GGUF'");
  const auto version = reader_.number<std::uint32_t>("the version");
  if (version != 0 && (version & 0xffff) == 0) {
    reader_.fail(4, "the file is big endian; little-endian files are read");
  }
  if (version != 2 && version != 3) {
    reader_.fail(4, concat("version ", version, "; versions 2 and 3 are read"));
  }
  file_.version = version;
  tensors_ = reader_.number<std::uint64_t>("the count of tensors");
  entries_ = reader_.number<std::uint64_t>("the count of keys");
  require_at_most(8, tensors_, kMostTensors, "tensors");
  require_at_most(16, entries_, kMostKeys, "keys");
  reader_.require_count(8, tensors_, kLeastTensor, "tensors");
  reader_.require_count(16, entries_, kLeastEntry, "keys");
}

void GgufParser::require_at_most(std::uint64_t at, std::uint64_t count, std::uint64_t most,
                                 const char* what) const {
  if (count <= most) return;
  reader_.fail(at, concat(count, " ", what, " claimed; ", most, " are read at most"));
}

void GgufParser::read_entry(std::uint64_t number) {
  const std::uint64_t at = reader_.position();
  const std::string_view key = reader_.string(Numbered{"key", number});
  if (key.empty() || !is_utf8(key)) {
    reader_.fail(at, concat("key ", number, key.empty() ? " is empty" : " is not UTF-8"));
  }
  const std::uint64_t type_at = reader_.position();
  const auto type = reader_.number<std::uint32_t>(Of{"the type of", key});
  file_.metadata.emplace_back(key,
                              type == kArray ? read_array(key) : read_value(type, key, type_at));
}

bool GgufParser::read_bool(std::string_view key) {
  const std::uint64_t at = reader_.position();
  const auto value = reader_.number<std::uint8_t>(Of{"the value of", key});
  if (value > 1) {
    reader_.fail(at, concat(Quoted{key}, " is a bool with value ", +value, ", not 0 or 1"));
  }
  return value == 1;
}

GgufValue GgufParser::read_value(std::uint32_t type, std::string_view key, std::uint64_t at) {
  const Of what{"the value of", key};
  switch (type) {
    case 0:
      return reader_.number<std::uint8_t>(what);
    case 1:
      return reader_.number<std::int8_t>(what);
    case 2:
      return reader_.number<std::uint16_t>(what);
    case 3:
      return reader_.number<std::int16_t>(what);
    case 4:
      return reader_.number<std::uint32_t>(what);
    case 5:
      return reader_.number<std::int32_t>(what);
    case 6:
      return reader_.number<float>(what);
    case 7:
      return read_bool(key);
    case kString:
      return reader_.string(what);
    case 10:
      return reader_.number<std::uint64_t>(what);
    case 11:
      return reader_.number<std::int64_t>(what);
    case 12:
      return reader_.number<double>(what);
    default:
      break;
  }
  reader_.fail(at, concat(Quoted{key}, " has value type ", type, "; types 0 to 12 are known"));
}

template <class T>
GgufValue GgufParser::read_numbers(std::uint64_t at, std::uint64_t count, std::string_view key) {
  constexpr bool kIsString = std::is_same_v<T, std::string_view>;
  reader_.require_count(at, count,
                        kIsString                 ? 8
                        : std::is_same_v<T, bool> ? 1
                                                  : sizeof(T),
                        Of{"elements of array", key});
  std::vector<T> values;
  values.reserve(count);
  for (std::uint64_t i = 0; i < count; ++i) {
    if constexpr (kIsString) {
      values.push_back(reader_.string(Of{"an element of", key}));
    } else if constexpr (std::is_same_v<T, bool>) {
      values.push_back(read_bool(key));
    } else {
      values.push_back(reader_.number<T>("an element"));
    }
  }
  return values;
}

GgufValue GgufParser::read_array(std::string_view key) {
  const std::uint64_t at = reader_.position();
  const auto type = reader_.number<std::uint32_t>(Of{"the element type of", key});
  const std::uint64_t count_at = reader_.position();
  const auto count = reader_.number<std::uint64_t>(Of{"the length of", key});
  switch (type) {
    case 0:
      return read_numbers<std::uint8_t>(count_at, count, key);
    case 1:
      return read_numbers<std::int8_t>(count_at, count, key);
    case 2:
      return read_numbers<std::uint16_t>(count_at, count, key);
    case 3:
      return read_numbers<std::int16_t>(count_at, count, key);
    case 4:
      return read_numbers<std::uint32_t>(count_at, count, key);
    case 5:
      return read_numbers<std::int32_t>(count_at, count, key);
    case 6:
      return read_numbers<float>(count_at, count, key);
    case 7:
      return read_numbers<bool>(count_at, count, key);
    case kString:
      return read_numbers<std::string_view>(count_at, count, key);
    case 10:
      return read_numbers<std::uint64_t>(count_at, count, key);
    case 11:
      return read_numbers<std::int64_t>(count_at, count, key);
    case 12:
      return read_numbers<double>(count_at, count, key);
    default:
      break;
  }
  reader_.fail(
      at, concat("array ", Quoted{key}, " has elements of type ", type,
                 type == kArray ? ": arrays of arrays are not read" : "; types 0 to 12 are known"));
}

void GgufParser::read_alignment() {
  const GgufValue* value = file_.find("general.alignment");
  if (!value) return;
  const auto* alignment = std::get_if<std::uint32_t>(value);
  if (!alignment || !std::has_single_bit(*alignment)) {
    reader_.fail(reader_.position(), concat("general.alignment is ", to_string(*value),
                                            ", not a u32 that is a power of two"));
  }
  file_.alignment = *alignment;
}

void GgufParser::read_tensor(std::uint64_t number) {
  GgufTensorInfo tensor;
  const std::uint64_t at = reader_.position();
  tensor.name = reader_.string(Numbered{"the name of tensor", number});
  if (tensor.name.empty() || !is_utf8(tensor.name)) {
    reader_.fail(at, concat("the name of tensor ", number,
                            tensor.name.empty() ? " is empty" : " is not UTF-8"));
  }
  const std::uint64_t rank_at = reader_.position();
  const auto rank = reader_.number<std::uint32_t>(Of{"the rank of tensor", tensor.name});
  if (rank > kMostDimensions) {
    reader_.fail(rank_at, concat("tensor ", Quoted{tensor.name}, " has ", rank,
                                 " dimensions, the most is ", kMostDimensions));
  }
  std::array<std::uint64_t, kMostDimensions> extents{};
  const std::uint64_t extents_at = reader_.position();
  for (std::uint32_t i = 0; i < rank; ++i) {  // the file has the innermost first
    extents[rank - 1 - i] = reader_.number<std::uint64_t>(Of{"the shape of tensor", tensor.name});
  }
  const std::uint64_t type_at = reader_.position();
  const auto type = reader_.number<std::uint32_t>(Of{"the type of tensor", tensor.name});
  const auto dtype = dtype_of_ggml_type(type);
  if (!dtype) {
    reader_.fail(type_at, concat("tensor ", Quoted{tensor.name}, " has the unknown type ", type));
  }
  tensor.dtype = *dtype;
  try {
    tensor.extents = Extents(std::span<const std::uint64_t>(extents).first(rank));
    tensor.length = byte_length(tensor.extents, tensor.dtype);
  } catch (const Error& error) {
    reader_.fail(extents_at, concat("tensor ", Quoted{tensor.name}, ": ", error.what()));
  }
  const std::uint64_t offset_at = reader_.position();
  tensor.offset = reader_.number<std::uint64_t>(Of{"the offset of tensor", tensor.name});
  if (tensor.offset % file_.alignment != 0) {
    reader_.fail(offset_at, concat("tensor ", Quoted{tensor.name}, " has offset ", tensor.offset,
                                   ", not a multiple of the alignment ", file_.alignment));
  }
  file_.tensors.push_back(tensor);
}

void GgufParser::place_tensors() {
  if (file_.tensors.empty()) return;
  const auto data = checked_align(reader_.position(), file_.alignment);
  for (std::size_t i = 0; i < file_.tensors.size(); ++i) {
    GgufTensorInfo& tensor = file_.tensors[i];
    const auto offset = data ? checked_add(*data, tensor.offset) : data;
    if (!offset || !range_fits(*offset, tensor.length, reader_.size())) {
      reader_.fail(described_at_[i],
                   concat("tensor ", Quoted{tensor.name}, " has ", tensor.length,
                          " bytes at offset ", tensor.offset, " of the data at byte ",
                          data.value_or(0), ", the file has ", reader_.size(), " bytes"));
    }
    tensor.offset = *offset;
  }
  std::vector<std::size_t> order(file_.tensors.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
    return file_.tensors[a].offset < file_.tensors[b].offset;
  });
  for (std::size_t i = 1; i < order.size(); ++i) {
    const GgufTensorInfo& before = file_.tensors[order[i - 1]];
    const GgufTensorInfo& after = file_.tensors[order[i]];
    if (after.offset - before.offset < before.length) {
      reader_.fail(
          described_at_[order[i]],
          concat("tensor ", Quoted{after.name}, " at byte ", after.offset, " overlaps ",
                 Quoted{before.name}, ", ", before.length, " bytes at byte ", before.offset));
    }
  }
}

}  // namespace foundry
