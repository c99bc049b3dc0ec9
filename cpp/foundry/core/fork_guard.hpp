// After fork(): the child has none of the parent's threads, so device use there is a typed error.
#pragma once

namespace foundry {

/// Remembers that a device exists in this process. Idempotent, thread-safe.
void arm_fork_guard() noexcept;

/// Whether this process is a child forked after arm_fork_guard().
[[nodiscard]] bool is_forked() noexcept;

/// Throws DeviceError in a child forked after arm_fork_guard(): "<what>: this process was forked
/// after a device was opened; open devices in the child only, or start it with 'spawn'".
void check_not_forked(const char* what);

}  // namespace foundry
