#include "anvil/compiler/source/version.hpp"

#include <elf.h>
#include <link.h>
#include <llvm/Config/llvm-config.h>

#include <cstring>

namespace anvil::compiler {
namespace {

// The note of type NT_GNU_BUILD_ID in one PT_NOTE segment.
std::string find_note(const char* at, size_t size) {
  while (size >= sizeof(ElfW(Nhdr))) {
    ElfW(Nhdr) note;
    std::memcpy(&note, at, sizeof note);
    const size_t name = (note.n_namesz + 3) & ~size_t{3};
    const size_t content = (note.n_descsz + 3) & ~size_t{3};
    if (size < sizeof note + name + content) break;
    if (note.n_type == NT_GNU_BUILD_ID && note.n_namesz == 4 &&
        std::memcmp(at + sizeof note, "GNU", 4) == 0) {
      std::string id;
      for (size_t i = 0; i < note.n_descsz; ++i) {
        const auto byte = static_cast<unsigned char>(at[sizeof note + name + i]);
        id += "0123456789abcdef"[byte >> 4];
        id += "0123456789abcdef"[byte & 15];
      }
      return id;
    }
    at += sizeof note + name + content;
    size -= sizeof note + name + content;
  }
  return {};
}

int visit_program(dl_phdr_info* info, size_t, void* result) {
  for (int i = 0; i < info->dlpi_phnum; ++i) {
    const ElfW(Phdr) & segment = info->dlpi_phdr[i];
    if (segment.p_type != PT_NOTE) continue;
    const auto* at = reinterpret_cast<const char*>(info->dlpi_addr + segment.p_vaddr);
    std::string id = find_note(at, segment.p_memsz);
    if (!id.empty()) *static_cast<std::string*>(result) = std::move(id);
  }
  return 1;  // the program comes first; its libraries do not matter
}

// The linker's hash over this program's contents, in hex; empty where it was linked without one.
std::string build_id() {
  std::string id;
  dl_iterate_phdr(visit_program, &id);
  return id;
}

}  // namespace

std::string compiler_version() {
  static const std::string version =
      "anvil-compiler 1, clang " LLVM_VERSION_STRING ", build " + build_id();
  return version;
}

}  // namespace anvil::compiler
