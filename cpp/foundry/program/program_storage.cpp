#include <filesystem>
#include <system_error>

#include "foundry/core/atomic_file.hpp"
#include "foundry/core/content_hash.hpp"
#include "foundry/core/error.hpp"
#include "foundry/kernel/source_builder.hpp"
#include "foundry/program/program_file.hpp"
#include "foundry/program/program_state.hpp"
#include "foundry/unsafe/open_file.hpp"

namespace foundry {

using detail::ProgramImage;
using detail::ProgramTensor;
using detail::TensorContents;

namespace {

// A file is read whole before it is checked. One of this size would hold thousands of kernels.
constexpr std::uint64_t kMostFileBytes = std::uint64_t{256} << 20;

void require_file_size(const std::string& path, std::uint64_t size) {
  if (size <= kMostFileBytes) return;
  throw ProgramError(concat(path, ": ", format_bytes(size), "; a program file has ",
                            format_bytes(kMostFileBytes), " at most"));
}

using Files = std::span<const std::shared_ptr<const GgufFile>>;

/// Of a program that takes so many weight files.
ProgramImage read_image(const std::string& path, std::size_t weights) {
  const auto file = unsafe::OpenFile::open(path);
  require_file_size(path, file->size());
  ProgramImage image = detail::read_program(path, file->read_all());
  if (weights == image.weight_files.size()) return image;
  std::string names;
  for (const auto& name : image.weight_files) names += (names.empty() ? "" : ", ") + name;
  throw ProgramError(concat(path, ": ", weights, " weight files given, it needs ",
                            image.weight_files.size(), names.empty() ? "" : ": ", names));
}

TensorContents weight_of(const GgufFile& file, std::uint32_t number, const GgufTensorInfo& info) {
  TensorContents contents;
  contents.kind = TensorContents::Kind::weight;
  contents.file = number;
  contents.weight = info.name;
  contents.hash = file.hash_of(info);
  return contents;
}

/// The tensor of a weight file that `lease` is, or, on a device with memory of its own, is a copy
/// of: one of the same name and contents.
std::optional<TensorContents> find_weight(CommandStream& stream, const ProgramTensor& tensor,
                                          const Lease& lease, Files files) {
  for (std::uint32_t i = 0; i < files.size(); ++i) {
    for (const GgufTensorInfo& info : files[i]->tensors()) {
      if (info.offset != lease.offset() || info.length != lease.length()) continue;
      if (files[i]->tensor(stream.device(), info.name).buffer() == lease.buffer()) {
        return weight_of(*files[i], i, info);
      }
    }
    const GgufTensorInfo* copied = files[i]->find_tensor(tensor.name);
    if (!copied || copied->dtype != tensor.dtype || !(copied->extents == tensor.extents)) continue;
    TensorContents contents = weight_of(*files[i], i, *copied);
    const AnyTensor copy = AnyTensor::over(lease, tensor.extents, tensor.dtype);
    if (content_hash(copy.copy_to_host(stream)) == contents.hash) return contents;
  }
  return std::nullopt;
}

std::string file_name(const std::string& path) {
  return std::filesystem::path(path).filename().string();
}

AnyTensor load_weight(CommandStream& stream, const std::string& path, const ProgramTensor& tensor,
                      const TensorContents& contents, const GgufFile& file) {
  const Device& device = stream.device();
  const auto fail = [&](const std::string& what) {
    throw ProgramError(concat(path, ": tensor '", contents.weight, "' of ", file.path(), what));
  };
  const GgufTensorInfo* info = file.find_tensor(contents.weight);
  if (!info) fail(" is missing");
  if (info->dtype != tensor.dtype || !(info->extents == tensor.extents)) {
    fail(concat(" is ", to_string(info->extents), " ", name_of(info->dtype),
                ", the program was saved with ", to_string(tensor.extents), " ",
                name_of(tensor.dtype)));
  }
  if (file.hash_of(*info) != contents.hash) {
    fail(" has other contents than the one the program was saved with");
  }
  AnyTensor weight = file.tensor(device, contents.weight);
  if (device.traits().has_unified_memory) return weight;
  // What stays in host memory would cross the bus with every replay.
  AnyTensor resident = AnyTensor::dedicated(device, tensor.extents, tensor.dtype,
                                            StorageMode::private_, tensor.name);
  resident.copy_from_host(stream, file.read_tensor(*info));
  return resident;
}

}  // namespace

void Program::save(const std::string& path, Files weights) const {
  State& state = *state_;
  ProgramImage image;
  image.graph = state.graph;
  std::shared_ptr<const std::vector<Lease>> leases;
  std::vector<Extents> extents;
  {
    const std::lock_guard lock(state.mutex);
    leases = state.leases;
    extents = state.extents;
  }
  // What the file tells others is what the program needs, not where its author keeps things.
  for (const auto& file : weights) image.weight_files.push_back(file_name(file->path()));
  for (auto& kernel : image.graph.kernels) {
    if (kernel.description.form == KernelDescription::Form::compiled) {
      throw ProgramError(
          concat(path, ": kernel ", kernel.description.name,
                 " is of a compiled library; a program file holds kernels as source"));
    }
    kernel.source = without_folders(kernel.source);
  }
  std::uint64_t inline_bytes = 0;
  for (std::size_t i = 0; i < leases->size(); ++i) {
    ProgramTensor& tensor = image.graph.tensors[i];
    const Lease& lease = (*leases)[i];
    tensor.extents = extents[i];
    TensorContents contents;
    if (!tensor.is_written) {
      if (auto weight = find_weight(state.encoder->stream(), tensor, lease, weights)) {
        contents = std::move(*weight);
      } else {
        inline_bytes += lease.length();
        if (inline_bytes > kMaxInlineBytes) {
          throw ProgramError(concat(path, ": tensor '", tensor.name, "' of ",
                                    format_bytes(lease.length()),
                                    " is in none of the weight files, and a program file holds ",
                                    format_bytes(kMaxInlineBytes), " of contents at most"));
        }
        contents.kind = TensorContents::Kind::bytes;
        contents.bytes = AnyTensor::over(lease, tensor.extents, tensor.dtype)
                             .copy_to_host(state.encoder->stream());
      }
    }
    image.contents.push_back(std::move(contents));
  }
  const std::vector<std::byte> bytes = detail::write_program(image);
  require_file_size(path, bytes.size());
  try {
    write_atomically(path, bytes);
  } catch (const std::system_error& error) {
    std::throw_with_nested(ProgramError(concat(path, ": cannot be written: ", error.what())));
  }
}

Program Program::load(Trusted, Encoder& encoder, const std::string& path,
                      std::span<const std::string> weights) {
  ProgramImage image = read_image(path, weights.size());
  std::vector<std::shared_ptr<const GgufFile>> files;
  for (const std::string& weight : weights) files.push_back(GgufFile::open(weight));
  return made_of(encoder, path, std::move(image), files);
}

Program Program::load(Trusted, Encoder& encoder, const std::string& path, Files weights) {
  return made_of(encoder, path, read_image(path, weights.size()), weights);
}

Program Program::made_of(Encoder& encoder, const std::string& path, ProgramImage image,
                         Files weights) {
  CommandStream& stream = encoder.stream();
  std::vector<Lease> leases;
  for (std::size_t i = 0; i < image.graph.tensors.size(); ++i) {
    const ProgramTensor& tensor = image.graph.tensors[i];
    const TensorContents& contents = image.contents[i];
    AnyTensor made;
    if (contents.kind == TensorContents::Kind::weight) {
      made = load_weight(stream, path, tensor, contents, *weights[contents.file]);
    } else {
      made = AnyTensor::dedicated(encoder.device(), tensor.extents, tensor.dtype,
                                  StorageMode::shared, tensor.name);
      if (contents.kind == TensorContents::Kind::bytes) {
        made.copy_from_host(stream, contents.bytes);
      } else {
        stream.fill(made.range(), std::byte{0}, made.lease().target());
      }
    }
    leases.push_back(made.lease().held_as(Holder::Kind::program));
  }
  std::vector<std::shared_ptr<const CompiledKernel>> kernels;
  kernels.reserve(image.graph.kernels.size());
  for (const auto& kernel : image.graph.kernels) {
    kernels.push_back(encoder.registry().get(kernel.description, kernel.source));
  }
  Program program(encoder, std::move(image.graph), std::move(kernels), std::move(leases));
  {
    const std::lock_guard lock(program.state_->mutex);
    program.state_->build_locked();  // what a damaged file asks for in vain shows here
  }
  return program;
}

}  // namespace foundry
