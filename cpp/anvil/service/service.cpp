#include "anvil/service/service.hpp"

#include <algorithm>
#include <cstdlib>
#include <mutex>
#include <optional>
#include <system_error>
#include <tuple>

#include "anvil/abi/kernel_abi.h"
#include "anvil/service/cancellation.hpp"
#include "anvil/service/environment.hpp"
#include "anvil/service/hash.hpp"
#include "anvil/service/reflection.hpp"
#include "anvil/system/forks.hpp"

namespace fs = std::filesystem;

namespace anvil::service {
namespace {

// Of the cache entries' contents and of what goes into their keys.
constexpr uint64_t kFormat = 3;

// What diagnostics call the text given to newLibraryWithSource, as Metal does.
constexpr auto kSourceName = "program_source";

// A library's entry holds what is read at every start; its contents, which only a compile needs,
// are an entry of their own.
constexpr auto kContents = "-contents";
constexpr auto kIndexFile = "index", kLibraryFile = "library";
constexpr auto kKernelFile = "kernel", kReflectionFile = "reflection.json";
constexpr auto kLogFile = "log";
constexpr auto kRegistersFile = "registers";

/// What the compiler wrote. It writes no empty file: then it failed, and said why.
std::string written(const MemoryFile& file, const std::string& log, const std::string& task) {
  std::string contents;
  try {
    contents = file.read();
  } catch (const std::system_error& error) {
    throw CompileError("what anvil-compiler wrote for " + task +
                       " cannot be read: " + error.what());
  }
  if (!contents.empty()) return contents;
  throw CompileError(log.empty() ? "anvil-compiler wrote nothing for " + task : log);
}

MemoryFile make_file(std::string_view contents, const std::string& task) {
  try {
    return MemoryFile(contents);
  } catch (const std::system_error& error) {
    throw CompileError("anvil-compiler could not be run for " + task + ": " + error.what());
  }
}

std::vector<ConstantValue> sorted(std::span<const ConstantValue> constants) {
  std::vector<ConstantValue> list(constants.begin(), constants.end());
  std::ranges::sort(list, [](const auto& a, const auto& b) {
    return std::tie(a.index, a.name) < std::tie(b.index, b.name);
  });
  return list;
}

Compiler::Arguments program_arguments(const LibrarySource& source, const MemoryFile& text) {
  if (source.form == LibrarySource::Form::air) return {"--air", text};
  const CompileOptions& options = source.options;
  Compiler::Arguments named{"--source", text, "--name", kSourceName, "--math", options.math};
  for (const auto& [name, value] : options.defines) {
    named.emplace_back("--define");
    named.emplace_back(name + "=" + value);
  }
  if (!options.std.empty()) {
    named.emplace_back("--std");
    named.emplace_back(options.std);
  }
  named.emplace_back("--logging");
  named.emplace_back(options.logging ? "on" : "off");
  return named;
}

/// What a program is parsed for: its types depend on it.
std::string triple_of(const Target& target) {
  const auto option = std::ranges::find(target.options, "--target");
  return option == target.options.end() || option + 1 == target.options.end() ? "" : option[1];
}

}  // namespace

CompilerService& CompilerService::shared() {
  // Never destroyed: compiles may be under way on other threads when the process exits. A fork has
  // its own, since those threads are not there.
  static CompilerService* service = nullptr;
  static unsigned forks_before = 0;
  std::lock_guard lock(mutex_over_forks());
  if (!service || forks_before != forks()) {
    const fs::path folder = cache_directory();
    service = new CompilerService(Compiler::locate(), folder.empty() ? folder : folder / "anvil",
                                  cache_size_limit());
    forks_before = forks();
  }
  return *service;
}

CompilerService::CompilerService(Compiler compiler, const fs::path& cache_root,
                                 uint64_t cache_size_limit)
    : compiler_(std::move(compiler)), cache_(cache_root, cache_size_limit) {}

std::string CompilerService::key(const LibrarySource& source) const {
  KeyHasher hasher;
  hasher.add(source.form == LibrarySource::Form::air ? "air" : "library");
  hasher.add(kFormat).add(compiler_.identity()).add(source.text);
  const CompileOptions& options = source.options;
  hasher.add(options.math).add(options.logging).add(options.std).add(options.defines.size());
  for (const auto& [name, value] : options.defines) hasher.add(name).add(value);
  return hasher.finish();
}

LibraryImage CompilerService::library(std::shared_ptr<const LibrarySource> source) {
  LibraryImage image;
  image.key = key(*source);
  const auto files = entry(image.key, [&] { return compile(*source, image.key); });
  read_library(files->at(kIndexFile), image);
  image.log = files->at(kLogFile);
  image.origin = std::move(source);
  return image;
}

CacheFiles CompilerService::compile(const LibrarySource& source, const std::string& key) {
  const std::string task = "a library";
  const MemoryFile text = make_file(source.text, task), output = make_file({}, task);
  const Compiler::Program program{key + '\n', [&] { return program_arguments(source, text); },
                                  /*anew=*/true};
  const std::string log = compiler_.run({"library", "--output", output}, task, &program);
  std::string contents = written(output, log, task);
  std::string index = contents.substr(0, contents.find('\n'));
  LibraryImage probe;
  read_library(index, probe);
  cache_.store(key + kContents, {{kLibraryFile, std::move(contents)}});
  return {{kIndexFile, std::move(index)}, {kLogFile, log}};
}

std::string CompilerService::contents(const LibraryImage& library) {
  const std::string name = library.key + kContents;
  auto files = cache_.find(name);
  if (!files && library.origin) {  // the cache dropped them
    compile(*library.origin, library.key);
    files = cache_.find(name);
  }
  if (!files) throw CompileError("the compiled library is gone from the cache");
  return std::move(files->at(kLibraryFile));
}

KernelImage CompilerService::kernel(const LibraryImage& library, const std::string& function,
                                    std::span<const ConstantValue> constants, const Target& target,
                                    std::span<const std::string> linked) {
  const std::string identity = compiler_.identity();
  const auto values = sorted(constants);
  KeyHasher hasher;
  hasher.add("kernel").add(kFormat).add(ANVIL_ABI_VERSION).add(identity).add(library.key);
  hasher.add(target.format).add(target.identity).add(target.options.size());
  for (const std::string& option : target.options) hasher.add(option);
  hasher.add(function).add(linked.size());
  for (const std::string& name : linked) hasher.add(name);
  hasher.add(values.size());
  for (const auto& value : values) {
    hasher.add(value.index ? uint64_t{*value.index} : UINT64_MAX).add(value.name).add(value.type);
    hasher.add(
        std::string_view(reinterpret_cast<const char*>(value.data.data()), value.data.size()));
  }

  const auto files = entry(hasher.finish(), [&]() -> CacheFiles {
    const std::string task = "function '" + function + "'";
    const MemoryFile output = make_file({}, task), reflection = make_file({}, task),
                     bound = make_file(values.empty() ? "" : constants_json(values), task);
    const std::string triple = triple_of(target);
    std::optional<MemoryFile> input;
    const Compiler::Program program{library.key + '\n' + triple, [&] {
                                      input = make_file(contents(library), task);
                                      Compiler::Arguments named{"--library", *input};
                                      if (!triple.empty())
                                        named.insert(named.end(), {"--target", triple});
                                      return named;
                                    }};
    Compiler::Arguments arguments{"kernel", "--function", function};
    arguments.insert(arguments.end(), target.options.begin(), target.options.end());
    arguments.insert(arguments.end(), {"--output", output, "--reflection", reflection});
    for (const std::string& name : linked) arguments.insert(arguments.end(), {"--link", name});
    if (!values.empty()) arguments.insert(arguments.end(), {"--constants", bound});
    const std::string log = compiler_.run(arguments, task, &program);
    CacheFiles made{{kKernelFile, written(output, log, task)},
                    {kReflectionFile, written(reflection, log, task)},
                    {kLogFile, log}};
    KernelInfo probe;
    read_reflection(made.at(kReflectionFile), probe);
    return made;
  });
  KernelImage image{};
  read_reflection(files->at(kReflectionFile), image);
  image.format = target.format;
  image.code = std::shared_ptr<const std::string>(files, &files->at(kKernelFile));
  return image;
}

unsigned CompilerService::register_bytes(const std::vector<std::string>& options) {
  KeyHasher hasher;
  hasher.add("registers").add(kFormat).add(compiler_.identity()).add(options.size());
  for (const std::string& option : options) hasher.add(option);
  const auto files = entry(hasher.finish(), [&]() -> CacheFiles {
    const std::string task = "the vector registers of a processor";
    const MemoryFile output = make_file({}, task);
    Compiler::Arguments arguments{"registers", "--output", output};
    arguments.insert(arguments.end(), options.begin(), options.end());
    const std::string log = compiler_.run(arguments, task);
    return {{kRegistersFile, written(output, log, task)}};
  });
  return static_cast<unsigned>(std::stoul(files->at(kRegistersFile)));
}

std::shared_ptr<const CacheFiles> CompilerService::entry(const std::string& key,
                                                         const Build& build) {
  for (;;) {
    const Outcome outcome = build_once(key, build);
    // One that another thread had begun, and left: this one still wants it.
    if (outcome.is_cancelled && !is_cancelled()) continue;
    if (!outcome.error.empty()) throw CompileError(outcome.error);
    return outcome.files;
  }
}

CompilerService::Outcome CompilerService::build_once(const std::string& key, const Build& build) {
  std::promise<Outcome> promise;
  {
    std::unique_lock lock(mutex_);
    if (const auto found = in_flight_.find(key); found != in_flight_.end()) {
      const auto other = found->second;
      lock.unlock();
      return other.get();
    }
    in_flight_.emplace(key, promise.get_future().share());
  }
  Outcome outcome;
  try {
    outcome.files = std::make_shared<const CacheFiles>(build_entry(key, build));
  } catch (const std::exception& error) {
    outcome.error = error.what();
    outcome.is_cancelled = is_cancelled();
  }
  {
    std::lock_guard lock(mutex_);
    in_flight_.erase(key);
  }
  promise.set_value(outcome);
  return outcome;
}

CacheFiles CompilerService::build_entry(const std::string& key, const Build& build) {
  if (auto files = cache_.find(key)) return *std::move(files);
  CacheFiles files = build();
  cache_.store(key, files);
  return files;
}

LibraryImage compile_library(std::string_view source, const CompileOptions& options) {
  return CompilerService::shared().library(
      std::make_shared<LibrarySource>(LibrarySource{std::string(source), options}));
}

LibraryImage compiled_before(std::shared_ptr<const LibrarySource> source,
                             std::vector<std::string> functions,
                             std::vector<FunctionConstant> constants,
                             std::vector<std::string> visible) {
  std::string key = CompilerService::shared().key(*source);
  return {.key = std::move(key),
          .functions = std::move(functions),
          .constants = std::move(constants),
          .visible = std::move(visible),
          .log = {},
          .origin = std::move(source)};
}

KernelImage compile_kernel(const SpecializedFunction& function, const Target& target) {
  return CompilerService::shared().kernel(*function.library, function.name, function.constants,
                                          target, function.linked);
}

unsigned compiled_register_bytes(const std::vector<std::string>& options) {
  return CompilerService::shared().register_bytes(options);
}

std::string library_contents(const LibraryImage& library) {
  return CompilerService::shared().contents(library);
}

}  // namespace anvil::service
