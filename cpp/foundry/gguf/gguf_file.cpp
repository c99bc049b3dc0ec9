#include "foundry/gguf/gguf_file.hpp"

#include <mutex>
#include <type_traits>
#include <unordered_map>
#include <utility>

#include "foundry/core/error.hpp"
#include "foundry/core/quoted.hpp"
#include "foundry/gguf/gguf_parser.hpp"

namespace foundry {

namespace {

/// Runs `use` of the file; the system's refusals are the file's.
template <class Use>
auto as_gguf_error(const Use& use) {
  try {
    return use();
  } catch (const ArgumentError& error) {
    throw GgufError(error.what());
  }
}

}  // namespace

struct GgufFile::Impl {
  explicit Impl(std::shared_ptr<const unsafe::OpenFile> opened)
      : file(std::move(opened)), blocks(file) {}

  std::shared_ptr<const unsafe::OpenFile> file;
  FileBlocks blocks;  // what the texts of metadata and tensors are views into
  std::unordered_map<std::string_view, std::size_t> keys;
  std::unordered_map<std::string_view, std::size_t> tensors;
  mutable std::mutex mutex;
  mutable std::shared_ptr<const unsafe::MappedFile> mapping;  // once needed; guarded by mutex
  mutable std::vector<std::pair<Device, Buffer>> buffers;     // one per device; guarded by mutex
};

GgufFile::GgufFile() = default;

GgufFile::~GgufFile() = default;

std::shared_ptr<const GgufFile> GgufFile::open(const std::string& path) {
  return as_gguf_error([&]() -> std::shared_ptr<const GgufFile> {
    std::shared_ptr<GgufFile> file(new GgufFile);
    file->impl_ = std::make_unique<Impl>(unsafe::OpenFile::open(path));
    Impl& impl = *file->impl_;
    GgufParser(*file, path, impl.blocks).parse();
    for (std::size_t i = 0; i < file->metadata_.size(); ++i) {
      impl.keys.emplace(file->metadata_[i].first, i);
    }
    for (std::size_t i = 0; i < file->tensors_.size(); ++i) {
      impl.tensors.emplace(file->tensors_[i].name, i);
    }
    return file;
  });
}

const std::string& GgufFile::path() const noexcept {
  return impl_->file->path();
}

std::uint64_t GgufFile::size() const noexcept {
  return impl_->file->size();
}

void GgufFile::require_whole() const {
  const std::lock_guard lock(impl_->mutex);
  as_gguf_error([&] {
    if (impl_->mapping) {
      impl_->mapping->require_whole();
    } else {
      impl_->file->require_whole();
    }
  });
}

const GgufValue* GgufFile::find(std::string_view key) const noexcept {
  const auto found = impl_->keys.find(key);
  return found == impl_->keys.end() ? nullptr : &metadata_[found->second].second;
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
  const auto number = std::visit(
      [](const auto& value) -> std::optional<std::uint64_t> {
        using T = std::decay_t<decltype(value)>;
        if constexpr (std::is_integral_v<T> && !std::is_same_v<T, bool>) {
          if (std::in_range<std::uint64_t>(value)) return static_cast<std::uint64_t>(value);
        }
        return std::nullopt;
      },
      get(key));
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
  return found == impl_->tensors.end() ? nullptr : &tensors_[found->second];
}

const GgufTensorInfo& GgufFile::tensor_info(std::string_view name) const {
  if (const GgufTensorInfo* tensor = find_tensor(name)) return *tensor;
  throw GgufError(
      concat(path(), ": there is no tensor ", Quoted{name}, " among ", tensors_.size()));
}

std::span<const std::byte> GgufFile::tensor_bytes(const GgufTensorInfo& info) const {
  const std::lock_guard lock(impl_->mutex);
  const unsafe::MappedFile& mapping = mapping_locked();
  return as_gguf_error([&] { return mapping.host_memory().bytes(info.offset, info.length); });
}

std::vector<std::byte> GgufFile::read_tensor(const GgufTensorInfo& info) const {
  std::vector<std::byte> bytes(info.length);
  as_gguf_error([&] { impl_->file->read(info.offset, bytes); });
  return bytes;
}

AnyTensor GgufFile::tensor(const Device& device, std::string_view name) const {
  const GgufTensorInfo& tensor = tensor_info(name);
  require_supported(tensor.dtype, concat(path(), ": tensor ", Quoted{name}));
  require_whole();
  if (tensor.offset % info(tensor.dtype).alignment != 0) {
    AnyTensor copy = AnyTensor::dedicated(device, tensor.extents, tensor.dtype, StorageMode::shared,
                                          std::string(name));
    const auto bytes = copy.buffer().host().mutable_bytes(0, tensor.length);
    as_gguf_error([&] { impl_->file->read(tensor.offset, bytes); });
    return copy;
  }
  const Label label{std::string(name), name_of(tensor.dtype), tensor.extents.dimensions()};
  return AnyTensor::over(Lease::of(buffer(device), tensor.offset, tensor.length, label),
                         tensor.extents, tensor.dtype);
}

const unsafe::MappedFile& GgufFile::mapping_locked() const {
  if (!impl_->mapping) {
    impl_->mapping = as_gguf_error([&] { return unsafe::MappedFile::map(impl_->file); });
  }
  return *impl_->mapping;
}

Buffer GgufFile::buffer(const Device& device) const {
  const std::lock_guard lock(impl_->mutex);
  for (const auto& [owner, buffer] : impl_->buffers) {
    if (owner == device) return buffer;
  }
  // The mapping begins on a page, so that offsets in the file are offsets in the buffer.
  const unsafe::HostMemory memory = mapping_locked().memory();
  // The owner keeps what the window looks through.
  const unsafe::MappedFile* mapping = impl_->mapping.get();
  Buffer buffer =
      device.borrow(memory, KeepAlive::of(impl_->mapping, concat("file '", path(), "'")), path(),
                    [mapping] { return as_gguf_error([&] { return mapping->host_memory(); }); });
  impl_->buffers.emplace_back(device, buffer);
  return buffer;
}

std::string to_string(const GgufFile& file) {
  return concat("GGUF v", file.version(), " '", file.path(), "': ", format_bytes(file.size()), ", ",
                file.tensors().size(), " tensors, ", file.metadata().size(), " keys");
}

}  // namespace foundry
