#include "anvil/service/environment.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <cstring>

namespace anvil::service {
namespace {

constexpr unsigned kMostThreads = 1024;
constexpr uint64_t kMostMegabytes = UINT64_MAX >> 20;
constexpr double kMostSeconds = 1e6;
// A command buffer may hold a long prompt of a large model, on few cores.
constexpr double kCommandTimeout = 600;
constexpr double kCompilerTimeout = 600;
// The least is what the compiler takes before it compiles anything: LLVM, and a stack to recurse
// on.
constexpr uint64_t kCompilerMb = 4096, kLeastCompilerMb = 512;

template <typename Number>
std::optional<Number> number_of(const std::string& text) {
  Number value{};
  const char* const end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, value);
  if (error != std::errc() || stop != end) return std::nullopt;
  return value;
}

bool is_seconds(const std::string& value, bool or_none) {
  const auto seconds = number_of<double>(value);
  return seconds && (*seconds > 0 || (or_none && *seconds == 0)) && *seconds <= kMostSeconds;
}

bool is_name(const std::string& value) {
  return std::ranges::all_of(value, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           std::strchr("._-+", c);
  });
}

/// Whose first part names an architecture that kernels are compiled for.
bool is_triple(const std::string& value) {
  constexpr const char* kArchitectures[] = {"x86_64", "amd64", "aarch64", "arm64"};
  const auto architecture = value.substr(0, value.find('-'));
  return is_name(value) &&
         std::ranges::find(kArchitectures, architecture) != std::end(kArchitectures);
}

bool is_switch(const std::string& value) {
  return value == "0" || value == "1";
}

bool is_no_file(const std::string& value) {
  struct stat info{};
  return stat(value.c_str(), &info) != 0 || S_ISDIR(info.st_mode);
}

constexpr EnvironmentVariable kVariables[] = {
    {"ANVIL_THREADS", "a number from 1 to 1024",
     [](const std::string& value) {
       const auto threads = number_of<unsigned>(value);
       return threads && *threads >= 1 && *threads <= kMostThreads;
     }},
    {"ANVIL_COMMAND_TIMEOUT", "a number of seconds up to 1000000, or 0 for no limit",
     [](const std::string& value) { return is_seconds(value, true); }},
    {"ANVIL_VALIDATION", "0 or 1", is_switch},
    {"MTL_DEBUG_LAYER", "0 or 1", is_switch},
    {"ANVIL_CAPTURE", "a folder, or a path where one can be made", is_no_file},
    {"ANVIL_COMPILER", "the path of the program anvil-compiler",
     [](const std::string& value) {
       struct stat info{};
       return stat(value.c_str(), &info) == 0 && S_ISREG(info.st_mode) &&
              access(value.c_str(), X_OK) == 0;
     }},
    {"ANVIL_COMPILER_TIMEOUT", "a number of seconds above 0, up to 1000000",
     [](const std::string& value) { return is_seconds(value, false); }},
    {"ANVIL_COMPILER_MEMORY_MB", "a number of megabytes, 512 at least",
     [](const std::string& value) {
       const auto megabytes = number_of<uint64_t>(value);
       return megabytes && *megabytes >= kLeastCompilerMb && *megabytes <= kMostMegabytes;
     }},
    {"ANVIL_CPU", "'host' or a processor's name as LLVM has it, such as x86-64-v3", is_name},
    {"ANVIL_MATRIX_UNITS", "0 or 1", is_switch},
    {"ANVIL_TARGET", "an LLVM triple of x86_64 or aarch64, such as aarch64-linux-gnu", is_triple},
    {"FOUNDRY_CACHE_DIR", "a folder, or a path where one can be made", is_no_file},
    {"FOUNDRY_CACHE_SIZE_MB", "a number of megabytes",
     [](const std::string& value) {
       const auto megabytes = number_of<uint64_t>(value);
       return megabytes && *megabytes <= kMostMegabytes;
     }},
};

std::optional<std::string> value_of(const EnvironmentVariable& variable) {
  const char* value = std::getenv(variable.name);
  if (!value || !*value) return std::nullopt;
  if (!variable.accepts(value))
    throw EnvironmentError("Anvil: the environment variable " + std::string(variable.name) +
                           " is '" + value + "'; accepted: " + variable.accepted);
  return value;
}

std::chrono::milliseconds seconds(const char* name, double otherwise) {
  const auto text = environment(name);
  const double value = text ? *number_of<double>(*text) : otherwise;
  return std::chrono::milliseconds(static_cast<int64_t>(value * 1000));
}

}  // namespace

std::span<const EnvironmentVariable> environment_variables() {
  return kVariables;
}

void check_environment() {
  for (const EnvironmentVariable& variable : kVariables) value_of(variable);
}

std::optional<std::string> environment(const char* name) {
  const auto variable = std::ranges::find(kVariables, std::string_view(name),
                                          [](const auto& each) { return each.name; });
  return value_of(*variable);
}

std::optional<unsigned> environment_threads() {
  const auto text = environment("ANVIL_THREADS");
  return text ? number_of<unsigned>(*text) : std::nullopt;
}

std::optional<std::chrono::milliseconds> command_timeout() {
  const auto limit = seconds("ANVIL_COMMAND_TIMEOUT", kCommandTimeout);
  return limit.count() > 0 ? std::optional(limit) : std::nullopt;
}

std::chrono::milliseconds compiler_timeout() {
  return seconds("ANVIL_COMPILER_TIMEOUT", kCompilerTimeout);
}

uint64_t compiler_megabytes() {
  const auto text = environment("ANVIL_COMPILER_MEMORY_MB");
  return text ? *number_of<uint64_t>(*text) : kCompilerMb;
}

bool validation() {
  static const bool on = [] {
    const auto own = environment("ANVIL_VALIDATION");
    return (own ? own : environment("MTL_DEBUG_LAYER")) == "1";
  }();
  return on;
}

}  // namespace anvil::service
