// serve.hpp: a process that stays, and forks for each thing that it is asked for.
#pragma once

#include <optional>
#include <string>
#include <vector>

namespace anvil::compiler {

/// Waits for requests (abi/compiler_requests.hpp) on this socket. Returns in a new process for each
/// of them, which has nothing open but what came with the request, with the arguments; there the
/// process that called it goes on, from here, with all that it has in memory: it must have no other
/// thread that matters. That process itself does not come back. It ends once the socket is closed
/// and nothing is under way, when `host` (a descriptor; -1: none) tells that the host is gone, or
/// after `idle_seconds` without anything to do (-1: never); and what it has forked ends with it.
std::vector<std::string> next_request(int requests, int host, int idle_seconds);

}  // namespace anvil::compiler
