// commands.hpp: what encoders record and a device's queue carries out.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <variant>

#include "anvil/backend/event.hpp"
#include "anvil/backend/kernel.hpp"
#include "anvil/backend/memory.hpp"

namespace anvil::backend {

using Extent = std::array<uint32_t, 3>;

/// What an argument of a kernel is bound to.
struct Binding {
  enum class Kind : uint8_t {
    memory,
    bytes,        ///< of setBytes: the host's, there until the submission is completed
    threadgroup,  ///< threadgroup memory, of which there is only the length
  };

  uint64_t first = 0;   ///< memory: an Address; bytes: where the host has them
  uint64_t length = 0;  ///< from there to the end of the buffer, or of the bytes
  Kind kind = Kind::memory;
};

struct DispatchCommand {
  Kernel* kernel = nullptr;
  const Binding* bindings = nullptr;  ///< as many as kernel->info.arguments, in their order
  /// As many as kernel->info.handles, the host's: Addresses of AnvilTextures, and samplers' bits
  /// (abi/texture_abi.h). There until the submission is completed. Bindings of textures and
  /// samplers say nothing.
  const uint64_t* handles = nullptr;
  Extent threadgroups{};
  Extent threads_per_grid{};
  Extent threads_per_threadgroup{};
  /// Not 0: three words there are the threadgroups, read when the dispatch's turn comes. None of
  /// them, nothing runs.
  Address indirect = 0;
  /// For everything before it. Otherwise the command before it is a dispatch, at whose side it
  /// runs.
  bool waits = true;
};

/// The ranges may overlap: what is there then is one of the two.
struct CopyCommand {
  Address from, to;
  size_t size;
};

struct FillCommand {
  Address to;
  size_t size;
  uint8_t value;
};

struct SignalCommand {
  Event* event;
  uint64_t value;
};

struct WaitCommand {
  Event* event;
  uint64_t value;
};

/// Calls the host between two commands, on a thread where it may use the device. What it throws is
/// the submission's failure.
struct CallCommand {
  void (*function)(void*);
  void* argument;
};

struct CommandList;

/// Commands that are known when their turn comes.
struct IndirectCommand {
  /// Gives them, as CallCommand calls. None is indirect, and they stay until the submission is
  /// completed.
  CommandList (*read)(void*);
  void* argument;
};

/// All but dispatches wait for everything before them, and hold up what is behind.
using Command = std::variant<DispatchCommand, CopyCommand, FillCommand, SignalCommand, WaitCommand,
                             CallCommand, IndirectCommand>;

struct CommandList {
  std::span<const Command> commands;
};

}  // namespace anvil::backend
