// kernel_file.hpp: the shared object that a kernel is kept in, read without trust.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace anvil {

/// The functions that a kernel's code may call outside of itself.
enum class KernelImport : uint8_t { memcpy, memmove, memset };

/// What a kernel's file names for those who load it.
enum class KernelExport : uint8_t { entry, stack, lines };
inline constexpr size_t kKernelExports = 3;

/// What a kernel's ELF file puts in memory. Addresses count from where its first byte comes to lie.
struct KernelFile {
  struct Segment {
    uint64_t address, memory_size;  // no two segments share a page
    uint64_t offset, file_size;     // in the file; the rest of the memory is zero
    bool writable, executable;      // never both
  };
  /// A word in a writable segment: the base, or the import's address, plus `addend`.
  struct Relocation {
    uint64_t address;
    bool is_import;
    KernelImport import;
    uint64_t addend;
  };
  std::vector<Segment> segments;  // by address
  std::vector<Relocation> relocations;
  uint64_t constant_address, constant_size;  // of the writable memory, only written by relocations
  uint64_t memory_size;                      // of all segments: whole pages
  struct Export {
    uint64_t address, size;  // within a segment, an executable one for code; both 0: not there
  };
  std::array<Export, kKernelExports> exports;  // by KernelExport; the entry is there
};

/// The ELF numbers of the architectures that kernels are compiled for.
inline constexpr uint16_t kMachineX86 = 62, kMachineArm64 = 183;
#if defined(__aarch64__)
inline constexpr uint16_t kMachineHere = kMachineArm64;
#else
inline constexpr uint16_t kMachineHere = kMachineX86;
#endif

/// Reads `file`, which may hold code that is entered at ANVIL_ENTRY_SYMBOL, and data, for
/// `machine`: nothing that runs when it is loaded or unloaded, no other library, no thread-local
/// storage, no symbol that code resolves, no memory that is both written and run, no other symbol
/// of its own and of others only KernelImports. Every offset is checked against the file. Throws
/// std::runtime_error that says what is wrong.
KernelFile read_kernel_file(std::span<const std::byte> file, uint16_t machine);

}  // namespace anvil
