#include "anvil/cpu/kernel_code.hpp"

#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <stdexcept>
#include <string>
#include <string_view>

#include "anvil/abi/kernel_file.hpp"

namespace anvil::cpu {
namespace {

[[noreturn]] void fail(const std::string& what) {
  throw std::runtime_error("Anvil: compiled kernel cannot be loaded: " + what + ": " +
                           std::strerror(errno));
}

uint64_t address_of(KernelImport import) {
  switch (import) {
    case KernelImport::memcpy:
      return reinterpret_cast<uint64_t>(&std::memcpy);
    case KernelImport::memmove:
      return reinterpret_cast<uint64_t>(&std::memmove);
    case KernelImport::memset:
      return reinterpret_cast<uint64_t>(&std::memset);
  }
  return 0;
}

void relocate(std::byte* memory, const KernelFile& file) {
  for (const KernelFile::Relocation& each : file.relocations) {
    const uint64_t base =
        each.is_import ? address_of(each.import) : reinterpret_cast<uint64_t>(memory);
    const uint64_t value = base + each.addend;
    std::memcpy(memory + each.address, &value, sizeof value);
  }
}

// `begin` and `end` are borders of pages.
void protect(std::byte* memory, uint64_t begin, uint64_t end, int protection) {
  if (begin < end && mprotect(memory + begin, end - begin, protection) != 0)
    fail(protection & PROT_EXEC ? "memory cannot be made executable" : "mprotect");
}

}  // namespace

KernelCode::KernelCode(std::span<const std::byte> bytes) {
  const KernelFile file = [&] {
    try {
      return read_kernel_file(bytes, kMachineHere);
    } catch (const std::runtime_error& error) {
      throw std::runtime_error(std::string("Anvil: compiled kernel cannot be loaded: ") +
                               error.what());
    }
  }();
  const auto page = static_cast<uint64_t>(sysconf(_SC_PAGESIZE));
  const auto floor = [&](uint64_t address) { return address / page * page; };
  void* memory =
      mmap(nullptr, file.memory_size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) fail(std::to_string(file.memory_size) + " bytes of memory");
  memory_ = static_cast<std::byte*>(memory);
  size_ = file.memory_size;
  for (const KernelFile::Segment& segment : file.segments)
    std::memcpy(memory_ + segment.address, bytes.data() + segment.offset, segment.file_size);
  relocate(memory_, file);
  try {
    uint64_t next = 0;
    for (const KernelFile::Segment& segment : file.segments) {
      const uint64_t begin = floor(segment.address),
                     end = floor(segment.address + segment.memory_size + page - 1);
      if (begin < next)
        throw std::runtime_error("Anvil: compiled kernel cannot be loaded: its segments share " +
                                 std::to_string(page) + "-byte pages");
      protect(memory_, next, begin, PROT_NONE);
      if (!segment.writable)
        protect(memory_, begin, end, segment.executable ? PROT_READ | PROT_EXEC : PROT_READ);
      next = end;
    }
    protect(memory_, floor(file.constant_address),
            floor(file.constant_address + file.constant_size), PROT_READ);
  } catch (...) {
    munmap(memory_, size_);
    throw;
  }
  auto* begin = reinterpret_cast<char*>(memory_);
  __builtin___clear_cache(begin, begin + size_);
  const auto place_of = [&](KernelExport which) {
    const KernelFile::Export& place = file.exports[static_cast<size_t>(which)];
    return std::span(memory_ + place.address, place.size);
  };
  entry_ = reinterpret_cast<AnvilEntry>(place_of(KernelExport::entry).data());
  if (const auto stack = place_of(KernelExport::stack); stack.size() == sizeof stack_bytes_)
    std::memcpy(&stack_bytes_, stack.data(), sizeof stack_bytes_);
  lines_ = place_of(KernelExport::lines);
}

std::string KernelCode::line_of(uintptr_t address) const {
  AnvilLines head;
  if (lines_.size() < sizeof head) return {};
  std::memcpy(&head, lines_.data(), sizeof head);
  const uintptr_t offset = address - reinterpret_cast<uintptr_t>(entry_);
  const uint64_t names = sizeof head + uint64_t{head.count} * sizeof(AnvilLine);
  if (offset >= head.code_bytes || names > lines_.size()) return {};
  const std::string_view texts(reinterpret_cast<const char*>(lines_.data() + names),
                               lines_.size() - names);
  AnvilLine line{};
  for (uint32_t i = 0; i < head.count; ++i) {
    AnvilLine next;
    std::memcpy(&next, lines_.data() + sizeof head + i * sizeof next, sizeof next);
    if (next.code > offset) break;
    line = next;
  }
  if (line.line == 0 || line.file >= texts.size()) return {};
  const std::string_view name = texts.substr(line.file);
  return std::string(name.substr(0, name.find('\0'))) + ":" + std::to_string(line.line);
}

KernelCode::~KernelCode() {
  if (memory_) munmap(memory_, size_);
}

}  // namespace anvil::cpu
