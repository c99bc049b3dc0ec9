// Points the driver at the stand-in compiler, a cache and a capture folder of this run's own,
// before anything is made.
#include <cstdlib>
#include <filesystem>

namespace {

struct Environment {
  Environment() {
    setenv("ANVIL_COMPILER", STAND_IN_COMPILER, 1);
    setenv("RECORDED_REFLECTIONS", REFLECTION_DIRECTORY, 1);
    char name[] = "/tmp/anvil-backend-test-XXXXXX";
    folder = mkdtemp(name);
    setenv("FOUNDRY_CACHE_DIR", (folder / "cache").c_str(), 1);
  }
  ~Environment() { std::filesystem::remove_all(folder); }
  std::filesystem::path folder;
} environment;

}  // namespace
