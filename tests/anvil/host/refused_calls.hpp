// refused_calls.hpp: the C library's calls that take something from the system, any of which can be
// refused in this process, and how a process ends that met that.
#pragma once

#include <functional>
#include <initializer_list>
#include <string>

namespace refused_calls {

enum class Resource { none, thread, mapping, protection, pipe, process, file };

/// From now on the `first`-th call (from 0) that takes the resource and `count - 1` after it fail.
/// With Resource::none, none does.
void refuse(Resource which, int first = 0, int count = 1 << 20);
/// Calls that took it since.
int calls();

enum Outcome { right = 0, was_refused = 1, never_refused = 2, broken = 3 };

/// How a fresh process that runs `body` and leaves by its exit handlers ends; minus the signal if
/// it is one. What `body` throws is `broken`.
int outcome_of(const std::function<Outcome()>& body);

/// Runs `attempt` with every call refused that takes one of the resources, one at a time and all
/// from each on, in a process of its own each time; empty is right, else what it says was refused,
/// and "wrong" is neither. Then `attempt` has to be right in the same process.
void refuse_each(std::initializer_list<Resource> resources,
                 const std::function<std::string()>& attempt);

/// Runs it under 60 limits of address space, 0 to 96 MiB above what the process has, likewise.
void limit_memory(const std::function<std::string()>& attempt);

}  // namespace refused_calls
