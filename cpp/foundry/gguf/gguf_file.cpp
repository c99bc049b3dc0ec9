#include "foundry/gguf/gguf_file.hpp"

#include <mutex>
#include <optional>
#include <type_traits>
#include <unordered_map>
#include <utility>

#include "foundry/core/content_hash.hpp"
#include "foundry/core/error.hpp"
#include "foundry/core/quoted.hpp"
#include "foundry/gguf/gguf_parser.hpp"
#include "foundry/gguf/gguf_part.hpp"
#include "foundry/gguf/gguf_split.hpp"

namespace foundry {

struct GgufFile::Impl {
  std::vector<std::unique_ptr<GgufPart>> parts;
  std::unordered_map<std::string_view, std::size_t> keys;
  std::unordered_map<std::string_view, std::size_t> tensors;
  std::mutex mutex;
  std::unordered_map<std::string_view, std::uint64_t> hashes;  // by name, under the mutex

  /// Opens and parses one more part.
  GgufContents add(const std::string& path) {
    GgufPart& part = *parts.emplace_back(std::make_unique<GgufPart>(path));
    GgufContents contents;
    as_gguf_error([&] { GgufParser(contents, path, part.blocks()).parse(); });
    for (GgufTensorInfo& tensor : contents.tensors) tensor.part = parts.size() - 1;
    return contents;
  }
};

GgufFile::GgufFile() = default;

GgufFile::~GgufFile() = default;

std::shared_ptr<const GgufFile> GgufFile::open(const std::string& path) {
  std::shared_ptr<GgufFile> file(new GgufFile);
  file->impl_ = std::make_unique<Impl>();
  Impl& impl = *file->impl_;
  GgufContents& contents = file->contents_;
  contents = impl.add(path);
  const std::uint64_t count = count_of_parts(path, contents);
  for (std::uint64_t number = 1; number < count; ++number) file->add_part(number, count);
  if (count > 1) require_all_tensors(path, contents, count);
  for (std::size_t i = 0; i < contents.metadata.size(); ++i) {
    impl.keys.emplace(contents.metadata[i].first, i);
  }
  for (std::size_t i = 0; i < contents.tensors.size(); ++i) {
    const auto& [name, extents, dtype, offset, length, part] = contents.tensors[i];
    const auto [other, added] = impl.tensors.emplace(name, i);
    if (added) continue;
    throw GgufError(concat(impl.parts[part]->path(), ": tensor ", Quoted{name}, " is in '",
                           impl.parts[contents.tensors[other->second].part]->path(), "', too"));
  }
  return file;
}

void GgufFile::add_part(std::uint64_t number, std::uint64_t count) {
  const std::string path = path_of_part(this->path(), number, count);
  try {
    const GgufContents part = impl_->add(path);
    require_part(path, part, number, count);
    contents_.tensors.insert(contents_.tensors.end(), part.tensors.begin(), part.tensors.end());
  } catch (const GgufError& error) {
    throw GgufError(concat("part ", number + 1, " of ", count, ": ", error.what()));
  }
}

const std::string& GgufFile::path() const noexcept {
  return impl_->parts.front()->path();
}

std::vector<std::string> GgufFile::paths() const {
  std::vector<std::string> paths;
  for (const auto& part : impl_->parts) paths.push_back(part->path());
  return paths;
}

std::uint64_t GgufFile::size() const noexcept {
  std::uint64_t size = 0;
  for (const auto& part : impl_->parts) size += part->size();
  return size;
}

void GgufFile::require_whole() const {
  for (const auto& part : impl_->parts) part->require_whole();
}

const GgufValue* GgufFile::find(std::string_view key) const noexcept {
  const auto found = impl_->keys.find(key);
  return found == impl_->keys.end() ? nullptr : &contents_.metadata[found->second].second;
}

const GgufValue& GgufFile::get(std::string_view key) const {
  if (const GgufValue* value = find(key)) return *value;
  throw GgufError(concat(path(), ": there is no key ", Quoted{key}));
}

void GgufFile::fail_kind(std::string_view key, const char* wanted) const {
  throw GgufError(
      concat(path(), ": key ", Quoted{key}, " is ", to_string(get(key)), ", not ", wanted));
}

std::uint64_t GgufFile::get_unsigned(std::string_view key) const {
  const auto number = unsigned_value(get(key));
  if (!number) fail_kind(key, "an unsigned integer");
  return *number;
}

double GgufFile::get_float(std::string_view key) const {
  const auto number = std::visit(
      [](const auto& value) -> std::optional<double> {
        using T = std::decay_t<decltype(value)>;
        if constexpr (std::is_arithmetic_v<T> && !std::is_same_v<T, bool>) {
          return static_cast<double>(value);
        }
        return std::nullopt;
      },
      get(key));
  if (!number) fail_kind(key, "a number");
  return *number;
}

bool GgufFile::get_bool(std::string_view key) const {
  const auto* value = std::get_if<bool>(&get(key));
  if (!value) fail_kind(key, "a bool");
  return *value;
}

std::string_view GgufFile::get_string(std::string_view key) const {
  const auto* value = std::get_if<std::string_view>(&get(key));
  if (!value) fail_kind(key, "a string");
  return *value;
}

const GgufTensorInfo* GgufFile::find_tensor(std::string_view name) const noexcept {
  const auto found = impl_->tensors.find(name);
  return found == impl_->tensors.end() ? nullptr : &contents_.tensors[found->second];
}

const GgufTensorInfo& GgufFile::tensor_info(std::string_view name) const {
  if (const GgufTensorInfo* tensor = find_tensor(name)) return *tensor;
  throw GgufError(
      concat(path(), ": there is no tensor ", Quoted{name}, " among ", tensors().size()));
}

std::span<const std::byte> GgufFile::tensor_bytes(const GgufTensorInfo& info) const {
  return impl_->parts.at(info.part)->mapped(info.offset, info.length);
}

std::vector<std::byte> GgufFile::read_tensor(const GgufTensorInfo& info) const {
  std::vector<std::byte> bytes(info.length);
  impl_->parts.at(info.part)->read(info.offset, bytes);
  return bytes;
}

std::uint64_t GgufFile::hash_of(const GgufTensorInfo& info) const {
  const std::lock_guard lock(impl_->mutex);
  const auto known = impl_->hashes.find(info.name);
  if (known != impl_->hashes.end()) return known->second;
  return impl_->hashes.emplace(info.name, content_hash(read_tensor(info))).first->second;
}

AnyTensor GgufFile::tensor(const Device& device, std::string_view name) const {
  const GgufTensorInfo& tensor = tensor_info(name);
  require_supported(tensor.dtype, concat(path(), ": tensor ", Quoted{name}));
  const GgufPart& part = *impl_->parts.at(tensor.part);
  part.require_whole();
  if (tensor.offset % info(tensor.dtype).alignment != 0) {
    AnyTensor copy = AnyTensor::dedicated(device, tensor.extents, tensor.dtype, StorageMode::shared,
                                          std::string(name));
    const auto bytes = copy.buffer().host().mutable_bytes(0, tensor.length);
    part.read(tensor.offset, bytes);
    return copy;
  }
  const Label label{std::string(name), name_of(tensor.dtype), tensor.extents.dimensions()};
  return AnyTensor::over(Lease::of(part.buffer(device), tensor.offset, tensor.length, label),
                         tensor.extents, tensor.dtype);
}

std::string to_string(const GgufFile& file) {
  const std::size_t parts = file.paths().size();
  return concat("GGUF v", file.version(), " '", file.path(),
                "': ", parts > 1 ? concat(parts, " parts, ") : "", format_bytes(file.size()), ", ",
                file.tensors().size(), " tensors, ", file.metadata().size(), " keys");
}

}  // namespace foundry
