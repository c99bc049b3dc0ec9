// compiler_requests.hpp: how an anvil-compiler that stays (`serve`) is asked for compilations.
//
// A request is one message on a SOCK_SEQPACKET socket, with descriptors: where the answer goes,
// also a SEQPACKET socket; what gets standard output and errors; the arguments, as on the command
// line and each with a NUL at its end, in a file; then files that arguments name, as /dev/fd/3, 4,
// ... A process is forked for each request. It is killed when the other end of the answer's socket
// is shut down or gone.
#pragma once

#include <cstddef>
#include <cstdint>

namespace anvil {

struct CompilerRequest {
  uint64_t memory;  ///< bytes of address space, and of a file, that it may take; 0: no limit
};

enum CompilerDescriptor : unsigned { kAnswer, kLog, kArguments, kFirstFile };
inline constexpr size_t kMostCompilerDescriptors = 16;

struct CompilerAnswer {
  int32_t error;   ///< errno of a process that could not be started, else 0
  int32_t status;  ///< as waitpid() gives it
};

}  // namespace anvil
