// environment.hpp: every environment variable that Anvil reads, and what each may be.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>

namespace anvil::service {

/// what() names the variable, its value and what is accepted.
struct EnvironmentError : std::runtime_error {
  using runtime_error::runtime_error;
};

struct EnvironmentVariable {
  const char* name;
  const char* accepted;  ///< in words
  bool (*accepts)(const std::string& value);
};

/// All of them; docs/anvil.md has the same table with what each is for.
std::span<const EnvironmentVariable> environment_variables();

/// Throws EnvironmentError for the first one with a value that is not accepted.
void check_environment();

/// The value of one of them, checked; none if it is unset or empty.
std::optional<std::string> environment(const char* name);

// Each throws EnvironmentError.
std::optional<unsigned> environment_threads();               ///< ANVIL_THREADS
std::optional<std::chrono::milliseconds> command_timeout();  ///< ANVIL_COMMAND_TIMEOUT; none: 0
std::chrono::milliseconds compiler_timeout();                ///< ANVIL_COMPILER_TIMEOUT
uint64_t compiler_megabytes();                               ///< ANVIL_COMPILER_MEMORY_MB
/// ANVIL_VALIDATION or, where that is unset, MTL_DEBUG_LAYER, as they were at the first call:
/// whether what Apple's driver lets pass is an error here.
bool validation();

}  // namespace anvil::service
