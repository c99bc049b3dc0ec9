// Compiled libraries through MTLDevice. The stand-in compiler knows what axpy is, whatever it is
// given.
#include <dispatch/dispatch.h>
#include <unistd.h>

#include <cstring>
#include <filesystem>
#include <fstream>

#include "../metallib/container.hpp"
#include "host.hpp"

using host::contains;
using host::text;

namespace {

const std::vector<container::Function> kFunctions = {
    {.name = "axpy", .constants = {{"tile", 33, 3}}, .hash = {}},
    {.name = "shade", .kind = 1, .bitcode = "fragment's", .hash = {}},
    {.name = "helper", .kind = 3, .bitcode = "of others", .hash = {}},
};

/// A file for the length of a test.
struct File {
  std::filesystem::path path;

  explicit File(const std::string& bytes, const char* name = "anvil-host-test.metallib")
      : path(std::filesystem::temp_directory_path() / (std::to_string(getpid()) + name)) {
    std::ofstream(path, std::ios::binary) << bytes;
  }
  ~File() { std::filesystem::remove(path); }
  File(const File&) = delete;
  NS::URL* url() const { return NS::URL::fileURLWithPath(host::string(path.c_str())); }
};

struct Compiled : host::Setup {
  File file{container::write(kFunctions).bytes};
  NS::Error* error = nullptr;
  NS::SharedPtr<MTL::Library> library = NS::TransferPtr(device->newLibrary(file.url(), &error));
};

}  // namespace

TEST_CASE("a compiled library's functions are listed with their type, and its kernels run") {
  Compiled c;
  REQUIRE_MESSAGE(c.library, text(c.error));
  CHECK(c.error == nullptr);
  const NS::Array* names = c.library->functionNames();
  REQUIRE(names->count() == 2);
  CHECK(text(names->object<NS::String>(0)) == "axpy");
  CHECK(text(names->object<NS::String>(1)) == "shade");
  CHECK(c.library->newFunction(MTLSTR("helper")) == nullptr);
  auto function = NS::TransferPtr(c.library->newFunction(MTLSTR("axpy")));
  REQUIRE(function);
  CHECK(function->functionType() == MTL::FunctionTypeKernel);
  auto* constant =
      function->functionConstantsDictionary()->object<MTL::FunctionConstant>(MTLSTR("tile"));
  REQUIRE(constant);
  CHECK(constant->index() == 3);
  CHECK(constant->type() == MTL::DataTypeUInt);
  CHECK(constant->required());
  auto pipeline = NS::TransferPtr(c.device->newComputePipelineState(function.get(), &c.error));
  REQUIRE_MESSAGE(pipeline, text(c.error));
  CHECK(pipeline->maxTotalThreadsPerThreadgroup() > 0);
}

TEST_CASE("a function that is no kernel makes no compute pipeline") {
  Compiled c;
  auto function = NS::TransferPtr(c.library->newFunction(MTLSTR("shade")));
  REQUIRE(function);
  CHECK(function->functionType() == MTL::FunctionTypeFragment);
  CHECK(c.device->newComputePipelineState(function.get(), &c.error) == nullptr);
  REQUIRE(c.error);
  CHECK(text(c.error->domain()) == "MTLLibraryErrorDomain");
  CHECK(c.error->code() == MTL::LibraryErrorUnsupported);
  CHECK(text(c.error) ==
        "function 'shade' is a fragment function; a compute pipeline is made of a kernel");
}

TEST_CASE("a library may be data, which it keeps") {
  host::Setup s;
  const std::string bytes = container::write(kFunctions).bytes;
  __block int freed = 0;
  void* memory = std::malloc(bytes.size());
  std::memcpy(memory, bytes.data(), bytes.size());
  dispatch_data_t data = dispatch_data_create(memory, bytes.size(), nullptr, ^{
    std::free(memory);
    ++freed;
  });
  NS::Error* error = nullptr;
  auto library = NS::TransferPtr(s.device->newLibrary(data, &error));
  dispatch_release(data);
  REQUIRE_MESSAGE(library, text(error));
  CHECK(freed == 0);
  CHECK(NS::TransferPtr(library->newFunction(MTLSTR("axpy"))));
  library.reset();
  s.pool->release();
  s.pool = NS::AutoreleasePool::alloc()->init();
  CHECK(freed == 1);
}

TEST_CASE("a library that cannot be read is an NSError that says why") {
  host::Setup s;
  NS::Error* error = nullptr;
  CHECK(s.device->newLibrary(NS::URL::fileURLWithPath(MTLSTR("/nowhere/x.metallib")), &error) ==
        nullptr);
  REQUIRE(error);
  CHECK(text(error->domain()) == "MTLLibraryErrorDomain");
  CHECK(error->code() == MTL::LibraryErrorFileNotFound);
  CHECK(text(error) == "/nowhere/x.metallib: No such file or directory");
  const File file("MTLB and nothing else");
  CHECK(s.device->newLibrary(file.url(), &error) == nullptr);
  CHECK(error->code() == MTL::LibraryErrorUnsupported);
  CHECK_MESSAGE(contains(text(error), ": at byte "), text(error));
  CHECK(s.device->newLibrary(static_cast<NS::URL*>(nullptr), &error) == nullptr);
  CHECK(contains(text(error), "no path of a file"));
  CHECK(s.device->newLibrary(static_cast<dispatch_data_t>(nullptr), &error) == nullptr);
  CHECK(contains(text(error), "nil data"));
}

TEST_CASE("a damaged function is an error when it is asked for, and the others are there") {
  host::Setup s;
  auto functions = kFunctions;
  functions[1].hash = std::string(32, 'h');
  const File file(container::write(functions).bytes);
  NS::Error* error = nullptr;
  auto library = NS::TransferPtr(s.device->newLibrary(file.url(), &error));
  REQUIRE_MESSAGE(library, text(error));
  CHECK(NS::TransferPtr(library->newFunction(MTLSTR("axpy"))));
  auto* none = static_cast<MTL::FunctionConstantValues*>(nullptr);
  CHECK(library->newFunction(MTLSTR("shade"), none, &error) == nullptr);
  CHECK_MESSAGE(contains(text(error), "function 'shade': "), text(error));
  CHECK_MESSAGE(contains(text(error), "is damaged"), text(error));
}

TEST_CASE("default.metallib beside the program is the default library") {
  host::Setup s;
  const auto place = std::filesystem::read_symlink("/proc/self/exe").parent_path() / "Resources";
  NS::Error* error = nullptr;
  CHECK(s.device->newDefaultLibrary() == nullptr);
  CHECK(s.device->newDefaultLibrary(NS::Bundle::mainBundle(), &error) == nullptr);
  CHECK_MESSAGE(contains(text(error), "there is no default.metallib in '"), text(error));
  std::filesystem::create_directory(place);
  std::ofstream(place / "default.metallib", std::ios::binary) << container::write(kFunctions).bytes;
  auto library = NS::TransferPtr(s.device->newDefaultLibrary());
  auto named = NS::TransferPtr(s.device->newDefaultLibrary(NS::Bundle::mainBundle(), &error));
  std::filesystem::remove_all(place);
  REQUIRE(library);
  REQUIRE(named);
  CHECK(library->functionNames()->count() == 2);
}
