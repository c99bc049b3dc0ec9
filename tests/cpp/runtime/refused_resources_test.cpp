// What the system gives may be refused at any point of a program, from its device to its file of
// weights: that is a typed error, nothing changes, and the next call works.
#include <doctest/doctest.h>
#include <unistd.h>

#include <atomic>
#include <filesystem>
#include <fstream>
#include <memory>
#include <new>
#include <string>
#include <vector>

#include "../gguf/gguf_writer.hpp"
#include "foundry/foundry.hpp"
#include "refused_calls.hpp"

using namespace foundry;
using namespace refused_calls;

namespace {

constexpr std::uint64_t kCount = 40'000;

struct Triple {
  In<f32> x;
  Out<f32> y;

  static constexpr auto source = msl("if (gid < y_size) y[gid] = 3.0f * x[gid];");
  DispatchConfig dispatch_config() const { return per_element(y.count()); }
};
FOUNDRY_KERNEL(Triple, x, y);

/// Of this test program's own, whose children leave by their exit handlers too.
class Folder {
 public:
  Folder() {
    std::string name = (std::filesystem::temp_directory_path() / "foundry-refused-XXXXXX").string();
    path = mkdtemp(name.data());
    GgufWriter writer;
    writer.header(1, 0).tensor("w", {kCount}, 0, 0).pad(32);
    for (std::uint64_t i = 0; i < kCount; ++i) writer.put(static_cast<float>(i));
    std::ofstream(path / "w.gguf", std::ios::binary) << writer.bytes();
  }
  ~Folder() {
    if (owner == getpid()) std::filesystem::remove_all(path);
  }
  std::filesystem::path path;
  const pid_t owner = getpid();
};

const Folder& folder() {
  static const Folder folder;
  return folder;
}

enum class Compile { from_the_cache, anew };

/// Made once in a process, and used again after a failure.
std::unique_ptr<Foundry> runtime;

bool computes(Compile compile) {
  if (!runtime) runtime = std::make_unique<Foundry>();
  Foundry& foundry = *runtime;
  const auto file = GgufFile::open((folder().path / "w.gguf").string());
  const Tensor<f32, Dedicated, Borrowed> w(file->tensor(foundry.device(), "w"));
  const auto scope = foundry.scope();
  const auto y = foundry.alloc<f32>({kCount}, "y"), z = foundry.alloc<f32>({kCount}, "z");
  if (compile == Compile::anew) {
    static std::atomic<int> serial{0};
    const KernelDescription description = describe_kernel(Triple{w, y});
    static_cast<void>(foundry.registry().get(
        description, concat("// ", getpid(), " ", ++serial, "\n", description.msl())));
  }
  foundry.run(Triple{w, y});
  Program program = foundry.record([&] { foundry.run(Triple{y, z}); });
  program.replay();
  const auto path = (folder().path / std::to_string(getpid())).string();
  program.save(path);
  Program loaded = Program::load(trusted, foundry, path);
  std::filesystem::remove(path);
  loaded.replay();
  const AnyTensor copy = loaded.tensor("z");
  const auto weights = w.host(), results = z.host(), copies = copy.host<f32>();
  for (std::uint64_t i = 0; i < kCount; ++i) {
    const auto expected = static_cast<float>(i);
    if (weights[i] != expected || results[i] != 9 * expected || copies[i] != 9 * expected) {
      return false;
    }
  }
  return true;
}

/// Empty if it was right, otherwise the error; "wrong" for wrong results, what is lost, and errors
/// that are not Foundry's.
std::string attempt(Compile compile) {
  std::string problem;
  try {
    problem = computes(compile) ? "" : "wrong";
  } catch (const Error& error) {
    problem = describe_error(error);
  } catch (const std::bad_alloc&) {
    problem = "std::bad_alloc";
  }
  if (runtime) {
    try {
      runtime->synchronize();
    } catch (const Error&) {  // a command buffer that failed
    }
    if (runtime->arena().statistics().leases != 0) return "wrong";
    runtime->reset();
  }
  return problem;
}

}  // namespace

TEST_CASE("what the system refuses is a typed error at every point, and the next call works") {
  folder();
  refuse_each({Resource::thread, Resource::mapping, Resource::protection, Resource::file},
              [] { return attempt(Compile::from_the_cache); });
}

TEST_CASE("so is a compiler that cannot be run") {
  folder();
  refuse_each({Resource::pipe, Resource::process}, [] { return attempt(Compile::anew); });
}

TEST_CASE("and whatever limit there is on the process's memory") {
  folder();
  limit_memory([] { return attempt(Compile::from_the_cache); });
}
