#include "foundry/kernel/registry.hpp"

#include <algorithm>
#include <exception>
#include <locale>
#include <sstream>
#include <string_view>

#include "foundry/core/error.hpp"

namespace foundry {
namespace {

std::uint64_t fnv1a(std::string_view text) {
  std::uint64_t hash = 0xcbf29ce484222325;
  for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3;
  return hash;
}

/// "stages/gemv.metal:61" and the message of a log's first error, as compilers write it:
/// "file:line:column: error: message".
struct FirstError {
  std::string place;
  std::string file;
  std::string message;
};

FirstError first_error(std::string_view log) {
  constexpr std::string_view kError = " error: ";
  while (!log.empty()) {
    const auto end = log.find('\n');
    const std::string_view line = log.substr(0, end);
    log = end == log.npos ? std::string_view{} : log.substr(end + 1);
    const auto error = line.find(kError);
    if (error == line.npos) continue;
    std::string_view place = line.substr(0, error);  // "file:line:column:"
    for (int field = 0; field < 2 && place.find(':') != place.npos; ++field) {
      place = place.substr(0, place.rfind(':'));
    }
    return {std::string(place), std::string(place.substr(0, place.find(':'))),
            std::string(line.substr(error + kError.size()))};
  }
  return {};
}

std::string explained(const KernelDescription& description, std::string_view log) {
  // The device says whose log it is; the message that is made here says it better.
  if (const std::string prefix = description.name + ": "; log.starts_with(prefix)) {
    log.remove_prefix(prefix.size());
  }
  const FirstError error = first_error(log);
  if (error.place.empty()) return concat("kernel ", description.name, ": ", log);
  std::string where = concat("kernel ", description.name);
  for (const auto& [folder, kind] :
       {std::pair<std::string_view, const char*>{"stages/", "stage"}, {"policies/", "policy"}}) {
    if (!error.file.starts_with(folder)) continue;
    const auto stem = error.file.substr(folder.size(), error.file.rfind('.') - folder.size());
    where = concat("fused kernel ", description.name, ", ", kind, " ", stem);
  }
  return concat(where, " (", error.place, "): ", error.message, "\n", log);
}

}  // namespace

std::string to_string(const CompiledKernel& kernel) {
  std::ostringstream hash;
  hash.imbue(std::locale::classic());
  hash << std::hex << kernel.hash;
  return concat("kernel '", kernel.name(), "' ", hash.str(), ": ",
                kernel.description.arguments.size(), " arguments, ",
                std::count(kernel.source.begin(), kernel.source.end(), '\n'), " lines");
}

std::shared_ptr<const CompiledKernel> KernelRegistry::get(const KernelDescription& description,
                                                          std::string source) {
  std::string key = concat(description.name, " ", static_cast<int>(description.math), " ",
                           description.function_constants().key(), "\n", source);

  std::unique_lock lock(mutex_);
  if (const auto found = kernels_.find(key); found != kernels_.end()) {
    ++statistics_.hits;
    touch(*found->second);
    return found->second;
  }
  auto& running = running_[key];
  const bool is_first = !running;
  if (is_first) {
    running = std::make_shared<Running>();
    ++statistics_.compilations;
  }
  const auto compilation = running;
  ++compilation->waiting;
  lock.unlock();
  if (is_first) {
    try {
      Compilation::start(compilation->run, device_,
                         [device = device_, pipelines = pipelines_, description,
                          source = std::move(source)]() -> std::shared_ptr<const void> {
                           return compile(device, pipelines, description, source);
                         });
    } catch (...) {
      compilation->run->finish(nullptr, std::current_exception());
    }
  }
  try {
    compilation->run->wait();
  } catch (...) {
    leave(key, compilation);
    throw;
  }

  lock.lock();
  if (const auto found = running_.find(key);
      found != running_.end() && found->second == compilation) {
    running_.erase(found);
    const auto kernel = compilation->kernel();
    touch(*kernel);
    kernels_.emplace(std::move(key), kernel);
    evict_locked();
    if (!is_first) ++statistics_.hits;
    return kernel;
  }
  if (!is_first) ++statistics_.hits;
  return compilation->kernel();
}

/// A wait that ended early: the last one takes the compilation with it.
void KernelRegistry::leave(const std::string& key, const std::shared_ptr<Running>& compilation) {
  {
    const std::lock_guard lock(mutex_);
    if (--compilation->waiting > 0) return;
    if (const auto found = running_.find(key);
        found != running_.end() && found->second == compilation) {
      running_.erase(found);
    }
  }
  compilation->run->cancel(device_);
}

std::shared_ptr<const CompiledKernel> KernelRegistry::compile(const Device& device,
                                                              Pipelines pipelines,
                                                              const KernelDescription& description,
                                                              std::string source) {
  const FunctionConstants constants = description.function_constants();
  auto kernel = std::make_shared<CompiledKernel>();
  kernel->description = description;
  kernel->hash = fnv1a(source + constants.key());
  kernel->source = std::move(source);
  if (pipelines == Pipelines::left_out) return kernel;
  if (description.pipeline && description.pipeline.is_of(device)) {
    kernel->pipeline = description.pipeline;
    return kernel;
  }
  if (description.form == KernelDescription::Form::compiled) {
    throw ArgumentError(concat("kernel ", description.name,
                               ": its compiled library was opened for another device"));
  }
  try {
    const CompileOptions options{.math = description.math, .defines = {}};
    kernel->pipeline = device.compile(kernel->source, description.name, options)
                           .pipeline(description.name, constants);
  } catch (const KernelCompileError& error) {
    throw KernelCompileError(explained(description, error.what()));
  }
  if (description.form == KernelDescription::Form::library) {
    kernel->description.arguments = library_arguments(kernel->pipeline.reflection());
  } else {
    check_signature(description, kernel->pipeline.reflection());
  }
  return kernel;
}

void KernelRegistry::evict_locked() {
  while (kernels_.size() > capacity_) {
    const auto oldest =
        std::min_element(kernels_.begin(), kernels_.end(), [](const auto& a, const auto& b) {
          return a.second->last_used.load(std::memory_order_relaxed) <
                 b.second->last_used.load(std::memory_order_relaxed);
        });
    kernels_.erase(oldest);
    ++statistics_.evictions;
  }
}

RegistryStatistics KernelRegistry::statistics() const {
  const std::lock_guard lock(mutex_);
  RegistryStatistics statistics = statistics_;
  statistics.kernels = kernels_.size();
  return statistics;
}

}  // namespace foundry
