// A kernel's file is code and data of a kernel, or it is refused: nothing of it runs by being
// loaded.
#include <doctest/doctest.h>
#include <elf.h>
#include <unistd.h>

#include <cstring>
#include <fstream>
#include <random>
#include <sstream>
#include <string>
#include <vector>

#include "anvil/abi/kernel_file.hpp"
#include "anvil/cpu/kernel_code.hpp"

using namespace anvil;
using namespace anvil::cpu;

namespace {

std::string file(const std::string& name) {
  std::ostringstream text;
  text << std::ifstream(KERNEL_DIRECTORY "/" + name + ".so", std::ios::binary).rdbuf();
  REQUIRE(!text.view().empty());
  return std::move(text).str();
}

std::string error_of(const std::string& bytes) {
  try {
    KernelCode code(std::as_bytes(std::span(bytes)));
  } catch (const std::runtime_error& error) {
    return error.what();
  }
  return "no error";
}

/// Whether a mapping of the process begins at the code's page.
bool is_mapped(const void* code) {
  const auto page = reinterpret_cast<uintptr_t>(code) / 4096 * 4096;
  std::ostringstream wanted;
  wanted << std::hex << page << '-';
  std::ifstream maps("/proc/self/maps");
  for (std::string line; std::getline(maps, line);)
    if (line.starts_with(wanted.str())) return true;
  return false;
}

template <class T>
T& at(std::string& bytes, size_t offset) {
  REQUIRE(offset + sizeof(T) <= bytes.size());
  return *reinterpret_cast<T*>(bytes.data() + offset);
}

/// The program header of a type.
Elf64_Phdr& header(std::string& bytes, uint32_t type) {
  const auto& elf = at<Elf64_Ehdr>(bytes, 0);
  for (unsigned i = 0; i < elf.e_phnum; ++i) {
    auto& segment = at<Elf64_Phdr>(bytes, elf.e_phoff + i * sizeof(Elf64_Phdr));
    if (segment.p_type == type) return segment;
  }
  FAIL("no such program header");
  return at<Elf64_Phdr>(bytes, 0);
}

}  // namespace

TEST_CASE("a kernel's code is in memory, not writable, as long as it is held") {
  const std::string bytes = file("visit_full");
  KernelCode code(std::as_bytes(std::span(bytes)));
  const auto* address = reinterpret_cast<const void*>(code.entry());
  CHECK(is_mapped(address));
  std::ifstream maps("/proc/self/maps");
  for (std::string line; std::getline(maps, line);) CHECK(line.find(" rwx") == std::string::npos);
  KernelCode moved(std::move(code));
  CHECK(is_mapped(address));
  CHECK(reinterpret_cast<const void*>(moved.entry()) == address);
  moved = KernelCode();
  CHECK_FALSE(is_mapped(address));
}

TEST_CASE("what would run when it is loaded is refused") {
  const std::string refused = "Anvil: compiled kernel cannot be loaded: no kernel's code: ";
  setenv("ANVIL_PLANTED", "no", 1);
  // DT_INIT_ARRAY, DT_FINI_ARRAY and DT_NEEDED are 25, 26 and 1.
  CHECK(error_of(file("planted_constructor"))
            .starts_with(refused + "its dynamic section has an entry of kind"));
  CHECK(error_of(file("planted_destructor"))
            .starts_with(refused + "its dynamic section has an entry of kind"));
  CHECK(error_of(file("planted_library")) ==
        refused + "its dynamic section has an entry of kind 1, which loading would act on");
  CHECK(error_of(file("planted_choice")).starts_with(refused));
  CHECK(error_of(file("planted_thread")) == refused + "it has thread-local storage");
  CHECK(error_of(file("planted_stack")) == refused + "it asks for an executable stack");
  CHECK(error_of(file("planted_symbol")) == refused + "it defines the symbol 'planted' of kind 2");
  CHECK(error_of(file("planted_call")) == refused + "it needs the symbol 'system'");
  CHECK(std::string(getenv("ANVIL_PLANTED")) == "no");
}

TEST_CASE("memory that is both written and run, or for another machine, is refused") {
  const std::string good = file("visit_full");
  const auto with = [&](auto&& change) {
    std::string bytes = good;
    change(bytes);
    return error_of(bytes);
  };
  const std::string refused = "Anvil: compiled kernel cannot be loaded: no kernel's code: ";
  CHECK(with([](std::string& b) { header(b, PT_LOAD).p_flags = PF_R | PF_W | PF_X; }) ==
        refused + "it has memory that is both written and run");
  CHECK(with([](std::string& b) { header(b, PT_GNU_STACK).p_type = PT_NULL; }) ==
        refused + "it does not say that stacks hold no code");
  CHECK(with([](std::string& b) { header(b, PT_DYNAMIC).p_type = PT_NULL; }) ==
        refused + "it has no dynamic section");
  CHECK(with([](std::string& b) { header(b, PT_LOAD).p_filesz = b.size() + 1; }) ==
        refused + "a segment is cut off");
  CHECK(with([](std::string& b) { header(b, PT_LOAD).p_vaddr = UINT64_MAX - 4095; }) ==
        refused + "a segment lies too far out");
  CHECK(with([](std::string& b) { header(b, PT_LOAD).p_memsz = 1 << 20; }) ==
        refused + "its segments overlap");
  CHECK(with([](std::string& b) {
          at<Elf64_Ehdr>(b, 0).e_machine = EM_RISCV;
        }).starts_with(refused + "it is for machine 243, needed is "));
  CHECK(error_of("") == refused + "it is cut off");
}

TEST_CASE("cut at any length, or with any byte changed, a file is refused or lies within itself") {
  std::mt19937 random(9);
  for (const char* name : {"visit_full", "sum", "memory"}) {
    const std::string good = file(name);
    const auto is_safe = [&](const std::string& bytes) {
      try {
        const KernelFile read = read_kernel_file(std::as_bytes(std::span(bytes)), kMachineHere);
        bool inside = false;
        const uint64_t entry = read.exports[static_cast<size_t>(KernelExport::entry)].address;
        for (const auto& segment : read.segments) {
          if (segment.offset + segment.file_size > bytes.size()) return false;
          if (segment.address + segment.memory_size > read.memory_size) return false;
          if (segment.writable && segment.executable) return false;
          inside |= segment.executable && entry >= segment.address &&
                    entry < segment.address + segment.memory_size;
        }
        for (const auto& relocation : read.relocations)
          if (relocation.address + 8 > read.memory_size) return false;
        return inside;
      } catch (const std::runtime_error&) {
        return true;
      }
    };
    CHECK(is_safe(good));
    for (size_t length = 0; length < good.size(); length += 1 + length / 64)
      CHECK(is_safe(good.substr(0, length)));
    int wrong = 0;
    for (int round = 0; round < 20000; ++round) {
      std::string bytes = good;
      for (unsigned n = 1 + random() % 4; n > 0; --n) {
        // Most of what a loader reads stands in front.
        const size_t place =
            random() % (round % 2 ? bytes.size() : std::min<size_t>(bytes.size(), 1024));
        bytes[place] = static_cast<char>(random() % 3 ? random() : 0xff);
      }
      wrong += !is_safe(bytes);
    }
    CHECK(wrong == 0);
  }
}
