// CommandStream: one queue of work for a device; batches dispatches, orders hazards, reports
// errors.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include "foundry/device/binding.hpp"
#include "foundry/device/command_list.hpp"
#include "foundry/device/device.hpp"
#include "foundry/device/dispatch_size.hpp"
#include "foundry/device/pipeline.hpp"
#include "foundry/device/shared_event.hpp"

namespace foundry {

namespace detail {
class StreamState;
}

struct StreamOptions {
  std::uint32_t dispatches_per_command_buffer = 64;  ///< the stream commits by itself after so many
  std::uint32_t command_buffers_in_flight = 16;      ///< encoding waits when so many are running
};

struct StreamStatistics {
  std::uint64_t dispatches = 0;
  std::uint64_t barriers = 0;         ///< memory barriers between dispatches of one encoder
  std::uint64_t copies = 0;           ///< copies and fills
  std::uint64_t command_buffers = 0;  ///< committed
  std::uint64_t in_flight = 0;        ///< committed, not complete
};

/// Dispatches run as if one after the other, in the order of the calls; the device overlaps those
/// whose byte ranges do not conflict. Encoding never waits for the device, except at the cap of
/// command buffers in flight. A command buffer claims the `keep` of each binding until it
/// completes.
///
/// Thread-safe: any thread may call anything; calls from several threads are encoded in some order.
/// Work that another stream was given earlier on the same bytes is waited for, on the host, before
/// a conflicting dispatch is encoded. Waits go through the hooks of core/waiting.hpp.
///
/// A failed command buffer becomes a DeviceError ("command buffer 17 (axpy, softmax): ..."): once
/// at the next synchronize(), and at every read of bytes that it was to write, until a command or
/// the host has written them again. A command that reads such bytes runs, and what it writes fails
/// its readers alike.
class CommandStream {
 public:
  /// later: the caller flushes after some more.
  enum class Commit : std::uint8_t { automatic, later };

  explicit CommandStream(const Device& device, const StreamOptions& options = {});
  /// Commits, waits for everything in flight, and drops errors nobody asked for.
  ~CommandStream();
  CommandStream(CommandStream&&) noexcept;
  CommandStream& operator=(CommandStream&&) noexcept;

  [[nodiscard]] const Device& device() const noexcept;

  /// Encodes one dispatch. Throws before anything is encoded: DispatchError if a limit is passed
  /// (both numbers in the message), a range leaves its buffer, an index is past 30 or used twice;
  /// StorageError on a write to a read-only buffer.
  void dispatch(const Pipeline& pipeline, std::span<const Binding> bindings, const GridSize& grid,
                const ThreadgroupSize& threadgroup);

  /// Encodes every dispatch of the list, whole, in one command buffer, with `constants` in place of
  /// the list's own (DispatchError for another length). Checks nothing else again and allocates
  /// nothing per dispatch. The command buffer holds what the list holds until it completes.
  void replay(const CommandList& list, std::span<const std::byte> constants,
              Commit commit = Commit::automatic);
  /// Once everything encoded so far is done, `event` has `value`; a command buffer goes on after.
  void signal(const SharedEvent& event, std::uint64_t value);

  /// Copies equal lengths between buffers of any mode (device-side, ordered with the dispatches).
  /// Ranges of one buffer must not overlap. Claims both `keep`s, which may be null.
  void copy(const BufferRange& from, Keepable* keep_from, const BufferRange& to, Keepable* keep_to);
  /// Sets every byte of the range.
  void fill(const BufferRange& range, std::byte value, Keepable* keep);
  /// Host bytes into a buffer of any mode: at once and directly if the range is host-visible (after
  /// waiting for its uses), else through a staging buffer, asynchronously.
  void upload(std::span<const std::byte> from, const BufferRange& to, Keepable* keep);
  /// Buffer bytes to the host; waits for the range's last write, and for the copy if it is private.
  void download(const BufferRange& from, std::span<std::byte> to, Keepable* keep);

  /// Commits what is encoded; does not wait.
  void flush();
  /// Commits, waits until all is done, throws the failures since the last call as one DeviceError.
  void synchronize();

  /// Throws the failures since the last synchronize() that are known by now; does not wait.
  void throw_failures();

  [[nodiscard]] StreamStatistics statistics() const;

 private:
  std::shared_ptr<detail::StreamState> state_;
};

/// Blocks until no command buffer of any stream is still to write bytes of `range` (the host may
/// then read), committing what is only encoded. Throws the DeviceError of a writer that failed, as
/// throw_failure() does. Costs a few nanoseconds when nothing is in flight.
void wait_for_writes(const BufferRange& range);
/// As above, until nothing reads or writes them (the host may then write).
void wait_for_uses(const BufferRange& range);

/// "stream on 'Anvil CPU': 120 dispatches, 31 barriers, 3 command buffers, 1 in flight".
[[nodiscard]] std::string to_string(const CommandStream& stream);

}  // namespace foundry
