// Binary archives: what was added is there, also by way of a file.
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "host.hpp"

using host::contains;
using host::text;

namespace {

struct Archives : host::Setup {
  NS::Error* error = nullptr;
  NS::SharedPtr<MTL::Library> library =
      NS::TransferPtr(device->newLibrary(host::string("kernel void axpy(...);"), nullptr, &error));
  std::filesystem::path path =
      std::filesystem::temp_directory_path() / (std::to_string(getpid()) + "-archive");

  ~Archives() { std::filesystem::remove(path); }
  NS::URL* url() const { return NS::URL::fileURLWithPath(host::string(path.c_str())); }
  NS::SharedPtr<MTL::BinaryArchive> archive(NS::URL* from = nullptr) {
    auto descriptor = NS::TransferPtr(MTL::BinaryArchiveDescriptor::alloc()->init());
    descriptor->setUrl(from);
    return NS::TransferPtr(device->newBinaryArchive(descriptor.get(), &error));
  }
  NS::SharedPtr<MTL::ComputePipelineDescriptor> pipeline(const char* name,
                                                         MTL::BinaryArchive* archive) {
    auto constants = NS::TransferPtr(MTL::FunctionConstantValues::alloc()->init());
    const uint32_t tile = 8;
    constants->setConstantValue(&tile, MTL::DataTypeUInt, NS::UInteger{3});
    auto descriptor = NS::TransferPtr(MTL::ComputePipelineDescriptor::alloc()->init());
    descriptor->setComputeFunction(
        NS::TransferPtr(library->newFunction(host::string(name), constants.get(), &error)).get());
    if (archive) descriptor->setBinaryArchives(NS::Array::array(archive));
    return descriptor;
  }
  bool is_archived(const char* name, MTL::BinaryArchive* archive) {
    auto descriptor = pipeline(name, archive);
    error = nullptr;
    return static_cast<bool>(NS::TransferPtr(device->newComputePipelineState(
        descriptor.get(), MTL::PipelineOptionFailOnBinaryArchiveMiss, nullptr, &error)));
  }
};

}  // namespace

TEST_CASE("an archive has what was added to it, and its file has it too") {
  Archives a;
  auto archive = a.archive();
  REQUIRE_MESSAGE(archive, text(a.error));
  CHECK_FALSE(a.is_archived("axpy", archive.get()));
  CHECK(text(a.error->domain()) == "MTLBinaryArchiveDomain");
  CHECK(text(a.error) == "function 'axpy' is in none of the descriptor's 1 binary archives");
  CHECK_FALSE(a.is_archived("axpy", nullptr));
  CHECK(archive->addComputePipelineFunctions(a.pipeline("axpy", nullptr).get(), &a.error));
  CHECK(a.is_archived("axpy", archive.get()));
  CHECK_FALSE(a.is_archived("reverse", archive.get()));
  REQUIRE(archive->serializeToURL(a.url(), &a.error));
  auto again = a.archive(a.url());
  REQUIRE_MESSAGE(again, text(a.error));
  CHECK(a.is_archived("axpy", again.get()));
  CHECK_FALSE(a.is_archived("reverse", again.get()));
}

TEST_CASE("what an archive cannot take is an NSError") {
  Archives a;
  auto archive = a.archive();
  CHECK_FALSE(archive->addComputePipelineFunctions(a.pipeline("broken", nullptr).get(), &a.error));
  CHECK(a.error->code() == MTL::BinaryArchiveErrorCompilationFailure);
  CHECK_MESSAGE(contains(text(a.error), "internal compiler error: broken"), text(a.error));
  std::ofstream(a.path) << "MTLB";
  CHECK_FALSE(a.archive(a.url()));
  CHECK(a.error->code() == MTL::BinaryArchiveErrorInvalidFile);
  CHECK(text(a.error) == a.path.string() + ": this is no binary archive of Anvil's");
  std::filesystem::remove(a.path);
  CHECK_FALSE(a.archive(a.url()));
  CHECK_MESSAGE(contains(text(a.error), "No such file"), text(a.error));
}
