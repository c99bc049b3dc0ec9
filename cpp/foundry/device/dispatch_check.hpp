// Checks of a dispatch before anything is encoded, shared by streams and command lists.
#pragma once

#include <span>
#include <string>

#include "foundry/device/binding.hpp"
#include "foundry/device/device.hpp"
#include "foundry/device/dispatch_size.hpp"
#include "foundry/device/pipeline.hpp"

namespace foundry::detail {

/// Throws DispatchError if a limit is passed (both numbers in the message), a range leaves its
/// buffer, an index is past 30 or used twice, an argument is not bound; StorageError on a write to
/// a read-only buffer.
void check_dispatch(const Device& device, const Pipeline& pipeline,
                    std::span<const Binding> bindings, const ThreadgroupSize& threadgroup);

/// DispatchError unless the range has a buffer and lies in it. `what` opens the message.
void check_range(const BufferRange& range, const std::string& what);
/// StorageError if nothing may write the range's buffer.
void check_writable(const BufferRange& range, const std::string& what);

}  // namespace foundry::detail
