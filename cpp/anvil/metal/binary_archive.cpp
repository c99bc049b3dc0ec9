#include "anvil/metal/binary_archive.hpp"

#include <sstream>

#include "anvil/foundation/data.hpp"
#include "anvil/metal/device.hpp"
#include "anvil/service/hash.hpp"

namespace anvil::metal {
namespace {

constexpr std::string_view kFirstLine = "Anvil's binary archive, version 1";
constexpr size_t kKeySize = 64;  // hexadecimal digits of SHA-256

objc::Ref<Error> archive_error(MTL::BinaryArchiveError code, std::string text) {
  return make_error("MTLBinaryArchiveDomain", static_cast<NS::Integer>(code), std::move(text));
}

/// Differs with the compiler: what another one made is not there.
std::string key_of(const service::SpecializedFunction& function) {
  service::KeyHasher hasher;
  hasher.add(function.library->key).add(function.name).add(function.constants.size());
  for (const service::ConstantValue& value : function.constants)
    hasher.add(value.index ? uint64_t{*value.index} : UINT64_MAX)
        .add(value.name)
        .add(value.type)
        .add(std::string_view(reinterpret_cast<const char*>(value.data.data()), value.data.size()));
  return hasher.finish();
}

bool is_key(const std::string& line) {
  return line.size() == kKeySize && line.find_first_not_of("0123456789abcdef") == std::string::npos;
}

}  // namespace

bool BinaryArchive::add(const ComputePipelineDescriptor& descriptor, Error** error) {
  Error* failure = nullptr;
  if (!new_compute_pipeline(device, descriptor, nullptr, &failure)) {
    give_error(error,
               archive_error(MTL::BinaryArchiveErrorCompilationFailure, description_of(failure)));
    return false;
  }
  std::lock_guard lock(mutex_);
  keys_.insert(key_of(descriptor.compute_function->function));
  return true;
}

bool BinaryArchive::add_compute(const ComputePipelineDescriptor* descriptor, Error** error) {
  return add(descriptor ? *descriptor : ComputePipelineDescriptor(), error);
}

bool BinaryArchive::add_function(const FunctionDescriptor* descriptor, Library* library,
                                 Error** error) {
  if (!descriptor || !library) {
    give_error(error, archive_error(MTL::BinaryArchiveErrorUnexpectedElement,
                                    "-[MTLBinaryArchive addFunctionWithDescriptor:library:error:]: "
                                    "nil descriptor or library"));
    return false;
  }
  Error* failure = nullptr;
  ComputePipelineDescriptor pipeline;
  pipeline.compute_function = objc::Ref<Function>::adopt(library->new_function_with_constants(
      descriptor->name.get(), descriptor->constant_values.get(), &failure));
  if (pipeline.compute_function) return add(pipeline, error);
  give_error(error,
             archive_error(MTL::BinaryArchiveErrorUnexpectedElement, description_of(failure)));
  return false;
}

bool BinaryArchive::serialize(const URL* url, Error** error) const {
  std::string text(kFirstLine);
  {
    std::lock_guard lock(mutex_);
    for (const std::string& key : keys_) text += "\n" + key;
  }
  return write_file(url ? url->path : "", text + "\n", /*whole=*/true, error);
}

bool BinaryArchive::has(const service::SpecializedFunction& function) const {
  std::lock_guard lock(mutex_);
  return keys_.contains(key_of(function));
}

objc::Ref<BinaryArchive> new_binary_archive(Device* device,
                                            const BinaryArchiveDescriptor* descriptor,
                                            Error** error) {
  std::set<std::string> keys;
  if (descriptor && descriptor->url) {
    const std::string& path = descriptor->url->path;
    const auto text = read_file(path, error);
    if (!text) return nullptr;
    std::istringstream lines(*text);
    std::string line;
    std::getline(lines, line);
    bool is_right = line == kFirstLine;
    while (is_right && std::getline(lines, line)) {
      is_right = is_key(line);
      keys.insert(line);
    }
    if (!is_right) {
      give_error(error, archive_error(MTL::BinaryArchiveErrorInvalidFile,
                                      path + ": this is no binary archive of Anvil's"));
      return nullptr;
    }
  }
  return objc::make<BinaryArchive>(device, std::move(keys));
}

bool is_archived(const ComputePipelineDescriptor& descriptor, MTL::PipelineOption options,
                 Error** error) {
  const Function* function = descriptor.compute_function.get();
  if (!function || !(options & MTL::PipelineOptionFailOnBinaryArchiveMiss)) return true;
  const Array* archives = descriptor.binary_archives.get();
  for (const auto& archive : archives ? archives->items : Array().items)
    if (static_cast<const BinaryArchive&>(*archive).has(function->function)) return true;
  give_error(error,
             archive_error(
                 MTL::BinaryArchiveErrorNone,
                 "function '" + function->function.name + "' is in none of the descriptor's " +
                     std::to_string(archives ? archives->items.size() : 0) + " binary archives"));
  return false;
}

namespace {

BinaryArchive* new_archive(Device* device, const BinaryArchiveDescriptor* descriptor,
                           Error** error) {
  return new_binary_archive(device, descriptor, error).detach();
}

ANVIL_OBJC_CATEGORY<Device> archives{{
    objc::function<&new_archive>("newBinaryArchiveWithDescriptor:error:"),
}};

ANVIL_OBJC_CLASS_DEFINITION<BinaryArchiveDescriptor> binary_archive_descriptor_definition{
    "MTLBinaryArchiveDescriptor",
    {
        objc::property<&BinaryArchiveDescriptor::url>("url", "setUrl:"),
        objc::copying<BinaryArchiveDescriptor>(),
    }};

ANVIL_OBJC_CLASS_DEFINITION<BinaryArchive> binary_archive_definition{
    "MTLBinaryArchive",
    {
        objc::property<&BinaryArchive::device>("device"),
        objc::property<&BinaryArchive::label>("label", "setLabel:"),
        objc::method<&BinaryArchive::add_compute>(
            "addComputePipelineFunctionsWithDescriptor:error:"),
        objc::method<&BinaryArchive::add_function>("addFunctionWithDescriptor:library:error:"),
        objc::method<&BinaryArchive::serialize>("serializeToURL:error:"),
    }};

}  // namespace
}  // namespace anvil::metal
