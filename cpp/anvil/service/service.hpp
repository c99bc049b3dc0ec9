// service.hpp: compiles through the cache; what compiler_service.hpp's functions stand on.
#pragma once

#include <filesystem>
#include <functional>
#include <future>
#include <map>
#include <mutex>
#include <string>

#include "anvil/service/cache.hpp"
#include "anvil/service/compiler.hpp"
#include "anvil/service/compiler_service.hpp"

namespace anvil::service {

class CompilerService {
 public:
  /// With the located compiler and the user's cache. Throws when there is none.
  static CompilerService& shared();

  CompilerService(Compiler compiler, const std::filesystem::path& cache_root,
                  uint64_t cache_size_limit);

  LibraryImage library(std::shared_ptr<const LibrarySource> source);
  /// The content hash of a library that is made of it.
  std::string key(const LibrarySource& source) const;
  KernelImage kernel(const LibraryImage& library, const std::string& function,
                     std::span<const ConstantValue> constants, const Target& target,
                     std::span<const std::string> linked = {});
  std::string contents(const LibraryImage& library);
  unsigned register_bytes(const std::vector<std::string>& options);

 private:
  using Build = std::function<CacheFiles()>;

  /// A text, not an exception: those who share it each throw their own.
  struct Outcome {
    std::shared_ptr<const CacheFiles> files;
    std::string error;
    bool is_cancelled = false;
  };

  CacheFiles compile(const LibrarySource& source, const std::string& key);
  std::shared_ptr<const CacheFiles> entry(const std::string& key, const Build& build);
  Outcome build_once(const std::string& key, const Build& build);
  CacheFiles build_entry(const std::string& key, const Build& build);

  const Compiler compiler_;
  Cache cache_;
  std::mutex mutex_;  // guards in_flight_
  std::map<std::string, std::shared_future<Outcome>> in_flight_;
};

}  // namespace anvil::service
