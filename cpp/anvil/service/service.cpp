#include "anvil/service/service.hpp"

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <sstream>

#include "anvil/abi/kernel_abi.h"
#include "anvil/service/hash.hpp"
#include "anvil/service/host_cpu.hpp"
#include "anvil/service/reflection.hpp"

namespace fs = std::filesystem;

namespace anvil {
namespace {

// Of the cache entries' layout and of what goes into their keys.
constexpr uint64_t kFormat = 1;

// What diagnostics call the text given to newLibraryWithSource, as Metal does.
constexpr auto kSourceName = "program_source";

constexpr auto kLibraryFile = "library";
constexpr auto kKernelFile = "kernel.so";
constexpr auto kReflectionFile = "reflection.json";
constexpr auto kLogFile = "log";

void write_file(const fs::path& path, std::string_view text) {
  std::ofstream out(path, std::ios::binary);
  out.write(text.data(), static_cast<std::streamsize>(text.size())).flush();
  if (!out) throw CompileError("cannot write " + path.string() + ": is the disk full?");
}

std::string read_file(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  std::ostringstream text;
  text << in.rdbuf();
  return std::move(text).str();
}

/// The processor to compile for: $ANVIL_CPU, else the one that runs this.
std::string target_cpu() {
  const char* named = std::getenv("ANVIL_CPU");
  return named && *named ? named : "host";
}

/// The architecture to compile for: $ANVIL_TARGET (an LLVM triple), else the compiler's own. For an
/// emulated process, whose compiler is the machine's.
std::string target_triple() {
  const char* named = std::getenv("ANVIL_TARGET");
  return named ? named : "";
}

std::vector<ConstantValue> sorted(std::span<const ConstantValue> constants) {
  std::vector<ConstantValue> list(constants.begin(), constants.end());
  std::ranges::sort(list, [](const auto& a, const auto& b) {
    return std::tie(a.index, a.name) < std::tie(b.index, b.name);
  });
  return list;
}

}  // namespace

CompilerService& CompilerService::shared() {
  // Never destroyed: compiles may be under way on other threads when the process exits.
  static CompilerService* const service =
      new CompilerService(Compiler::locate(), cache_directory() / "anvil", cache_size_limit());
  return *service;
}

CompilerService::CompilerService(Compiler compiler, const fs::path& cache_root,
                                 uint64_t cache_size_limit)
    : compiler_(std::move(compiler)), cache_(cache_root, cache_size_limit) {}

LibraryImage CompilerService::library(std::shared_ptr<const LibrarySource> source) {
  const CompileOptions& options = source->options;
  const std::string identity = compiler_.identity();
  KeyHasher hasher;
  hasher.add("library").add(kFormat).add(identity).add(source->text);
  hasher.add(options.math).add(options.std).add(options.defines.size());
  for (const auto& [name, value] : options.defines) hasher.add(name).add(value);

  LibraryImage image;
  image.key = hasher.finish();
  const fs::path folder = entry(image.key, [&](const fs::path& staged) {
    const StagedEntry scratch = cache_.stage();
    const fs::path text = scratch.folder() / kSourceName;
    write_file(text, source->text);
    std::vector<std::string> arguments{"library",
                                       "--source",
                                       text.string(),
                                       "--name",
                                       kSourceName,
                                       "--output",
                                       (staged / kLibraryFile).string(),
                                       "--cache",
                                       cache_.tool_folder(identity).string(),
                                       "--math",
                                       options.math};
    for (const auto& [name, value] : options.defines) {
      arguments.push_back("--define");
      arguments.push_back(name + "=" + value);
    }
    if (!options.std.empty()) {
      arguments.push_back("--std");
      arguments.push_back(options.std);
    }
    write_file(staged / kLogFile, compiler_.run(std::move(arguments), "a library"));
    LibraryImage probe;
    read_library(staged / kLibraryFile, probe);
  });
  image.path = (folder / kLibraryFile).string();
  read_library(image.path, image);
  image.log = read_file(folder / kLogFile);
  image.origin = std::move(source);
  return image;
}

KernelImage CompilerService::kernel(const LibraryImage& library, const std::string& function,
                                    std::span<const ConstantValue> constants, Variant variant) {
  const std::string identity = compiler_.identity();
  const std::string cpu = target_cpu(), target = target_triple();
  const auto values = sorted(constants);
  KeyHasher hasher;
  hasher.add("kernel").add(kFormat).add(ANVIL_ABI_VERSION).add(identity).add(library.key);
  hasher.add(target).add(cpu).add(cpu == "host" ? host_cpu_identity() : "");
  hasher.add(function).add(static_cast<uint64_t>(variant)).add(values.size());
  for (const auto& value : values) {
    hasher.add(value.index ? uint64_t{*value.index} : UINT64_MAX).add(value.name).add(value.type);
    hasher.add(
        std::string_view(reinterpret_cast<const char*>(value.data.data()), value.data.size()));
  }

  const fs::path folder = entry(hasher.finish(), [&](const fs::path& staged) {
    // The cache may have dropped the library since it was compiled.
    const std::string path = fs::exists(library.path) || !library.origin
                                 ? library.path
                                 : this->library(library.origin).path;
    const fs::path reflection = staged / kReflectionFile;
    std::vector<std::string> arguments{"kernel",
                                       "--library",
                                       path,
                                       "--function",
                                       function,
                                       "--variant",
                                       variant == Variant::full ? "full" : "any",
                                       "--cpu",
                                       cpu,
                                       "--output",
                                       (staged / kKernelFile).string(),
                                       "--reflection",
                                       reflection.string(),
                                       "--cache",
                                       cache_.tool_folder(identity).string()};
    if (!target.empty()) arguments.insert(arguments.end(), {"--target", target});
    const StagedEntry scratch = cache_.stage();
    if (!values.empty()) {
      const fs::path file = scratch.folder() / "constants.json";
      write_constants(file, values);
      arguments.push_back("--constants");
      arguments.push_back(file.string());
    }
    write_file(staged / kLogFile,
               compiler_.run(std::move(arguments), "function '" + function + "'"));
    KernelImage probe;
    read_reflection(reflection, probe);
    if (!fs::exists(staged / kKernelFile))
      throw CompileError("anvil-compiler wrote no code for function '" + function + "'");
  });
  KernelImage image{};
  image.path = (folder / kKernelFile).string();
  read_reflection(folder / kReflectionFile, image);
  return image;
}

fs::path CompilerService::entry(const std::string& key, const Build& build) {
  const auto folder_or_throw = [](const Outcome& outcome) {
    if (!outcome.error.empty()) throw CompileError(outcome.error);
    return outcome.folder;
  };
  std::promise<Outcome> promise;
  {
    std::unique_lock lock(mutex_);
    if (const auto found = in_flight_.find(key); found != in_flight_.end()) {
      const auto other = found->second;
      lock.unlock();
      return folder_or_throw(other.get());
    }
    in_flight_.emplace(key, promise.get_future().share());
  }
  Outcome outcome;
  try {
    outcome.folder = build_entry(key, build);
  } catch (const std::exception& error) {
    outcome.error = error.what();
  }
  promise.set_value(outcome);
  std::lock_guard lock(mutex_);
  in_flight_.erase(key);
  return folder_or_throw(outcome);
}

fs::path CompilerService::build_entry(const std::string& key, const Build& build) {
  if (auto folder = cache_.find(key)) return *std::move(folder);
  const StagedEntry staged = cache_.stage();
  build(staged.folder());
  return cache_.store(key, staged);
}

LibraryImage compile_library(std::string_view source, const CompileOptions& options) {
  return CompilerService::shared().library(
      std::make_shared<LibrarySource>(LibrarySource{std::string(source), options}));
}

KernelImage compile_kernel(const LibraryImage& library, const std::string& function,
                           std::span<const ConstantValue> constants, Variant variant) {
  return CompilerService::shared().kernel(library, function, constants, variant);
}

}  // namespace anvil
