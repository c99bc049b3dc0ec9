#include "foundry/kernel/shader_library.hpp"

#include <algorithm>
#include <map>
#include <mutex>

#include "embedded_shaders.hpp"
#include "foundry/core/ascii.hpp"
#include "foundry/core/error.hpp"

namespace foundry {
namespace {

struct Shaders {
  std::mutex mutex;
  // Node-based and never erased from: views into the texts stay valid.
  std::map<std::string, std::string, std::less<>> texts;

  Shaders() {
    for (const auto& file : embedded_shaders()) texts.emplace(file.path, file.text);
  }
};

Shaders& shaders() {
  static Shaders* instance = new Shaders;  // kernels may still compile while statics are destroyed
  return *instance;
}

}  // namespace

std::optional<std::string_view> known_shader(std::string_view path) {
  auto& [mutex, texts] = shaders();
  const std::lock_guard lock(mutex);
  const auto found = texts.find(path);
  if (found == texts.end()) return {};
  return found->second;
}

std::string_view find_shader(std::string_view path) {
  if (const auto text = known_shader(path)) return *text;
  throw ArgumentError(concat("shader file '", path, "' does not exist"));
}

void register_shader(const std::string& path, const std::string& text) {
  // It stands between quotes in #include and #line.
  const bool is_name = std::all_of(path.begin(), path.end(), [](char c) {
    return is_word(c) || c == '/' || c == '.' || c == '-';
  });
  if (!is_name || !path.ends_with(".metal")) {
    throw ArgumentError(concat("'", path,
                               "' is no name of a shader file; expected one like "
                               "'lib/mine.metal', of letters, digits and '_-./'"));
  }
  auto& [mutex, texts] = shaders();
  const std::lock_guard lock(mutex);
  const auto [at, added] = texts.try_emplace(path, text);
  if (!added && at->second != text) {
    throw ArgumentError(concat("shader file '", path, "' exists already, with another text"));
  }
}

std::vector<std::string> shader_paths() {
  auto& [mutex, texts] = shaders();
  const std::lock_guard lock(mutex);
  std::vector<std::string> paths;
  for (const auto& [path, text] : texts) paths.push_back(path);
  return paths;
}

}  // namespace foundry
