// thread.hpp: threads of Anvil's own.
#pragma once

#include <functional>
#include <string>
#include <thread>

namespace anvil {

/// Starts a thread with every signal blocked: they belong to the program's own threads. `name` has
/// at most 15 characters. Throws std::system_error or std::bad_alloc; then no thread runs.
std::thread start_thread(const std::string& name, std::function<void()> body);

}  // namespace anvil
