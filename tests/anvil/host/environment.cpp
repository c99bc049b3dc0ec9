// Points the driver at the stand-in compiler and a cache of this run's own, before anything is
// made.
#include <cstdlib>
#include <filesystem>

namespace {

struct Environment {
  Environment() {
    setenv("ANVIL_COMPILER", STAND_IN_COMPILER, 1);
    setenv("ANVIL_VALIDATION", "1", 1);  // many cases are about what it refuses
    setenv("HOST_TEST_KERNELS", KERNEL_DIRECTORY, 1);
    setenv("HOST_TEST_KERNEL_REFLECTION", REFLECTION_DIRECTORY, 1);
    char folder[] = "/tmp/anvil-host-test-XXXXXX";
    cache = mkdtemp(folder);
    setenv("FOUNDRY_CACHE_DIR", cache.c_str(), 1);
  }
  ~Environment() { std::filesystem::remove_all(cache); }
  std::filesystem::path cache;
} environment;

}  // namespace
