#include "kernel_file.hpp"

#include <elf.h>

#include <algorithm>
#include <cstring>
#include <map>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>

#include "kernel_abi.h"

namespace anvil {
namespace {

// More than any kernel has: what is added up below cannot overflow.
constexpr uint64_t kMaxFile = uint64_t{1} << 30, kMaxMemory = uint64_t{1} << 32;
constexpr uint64_t kSmallestPage = 4096;

struct Exported {
  std::string_view name;
  bool is_code;
};
constexpr Exported kExports[kKernelExports] = {
    {ANVIL_ENTRY_SYMBOL, true}, {ANVIL_STACK_SYMBOL, false}, {ANVIL_LINES_SYMBOL, false}};

constexpr std::string_view kImports[] = {"memcpy", "memmove", "memset"};

[[noreturn]] void refuse(const std::string& what) {
  throw std::runtime_error("no kernel's code: " + what);
}
void require(bool holds, const char* otherwise) {
  if (!holds) refuse(otherwise);
}

/// What the dynamic section may say. Whatever else a loader acts on is not there: no needed
/// libraries, initialisers, finalisers, filters, audits or text relocations.
bool is_known_tag(int64_t tag) {
  switch (tag) {
    case DT_STRTAB:
    case DT_STRSZ:
    case DT_SYMTAB:
    case DT_SYMENT:
    case DT_GNU_HASH:
    case DT_RELA:
    case DT_RELASZ:
    case DT_RELAENT:
    case DT_RELACOUNT:
    case DT_JMPREL:
    case DT_PLTRELSZ:
    case DT_PLTREL:
    case DT_PLTGOT:
    case DT_FLAGS:
    case DT_FLAGS_1:
      return true;
    default:
      return false;
  }
}

class Reader {
 public:
  Reader(std::span<const std::byte> file, uint16_t machine) : file_(file), machine_(machine) {}

  KernelFile read() {
    read_header();
    read_segments();
    read_dynamic();
    read_symbols();
    read_relocations(DT_RELA, DT_RELASZ);
    read_relocations(DT_JMPREL, DT_PLTRELSZ);
    return std::move(result_);
  }

 private:
  using Segment = KernelFile::Segment;

  template <class T>
  T at(uint64_t offset) const {
    require(offset <= file_.size() && sizeof(T) <= file_.size() - offset, "it is cut off");
    T value;
    std::memcpy(&value, file_.data() + offset, sizeof value);
    return value;
  }

  void read_header() {
    require(file_.size() <= kMaxFile, "the file is too large");
    const auto header = at<Elf64_Ehdr>(0);
    require(std::memcmp(header.e_ident, ELFMAG, SELFMAG) == 0 &&
                header.e_ident[EI_CLASS] == ELFCLASS64 && header.e_ident[EI_DATA] == ELFDATA2LSB &&
                header.e_ident[EI_VERSION] == EV_CURRENT && header.e_version == EV_CURRENT,
            "it is no 64-bit little-endian ELF file");
    require(header.e_type == ET_DYN, "it is no shared object");
    if (header.e_machine != machine_)
      refuse("it is for machine " + std::to_string(header.e_machine) + ", needed is " +
             std::to_string(machine_));
    require(header.e_phentsize == sizeof(Elf64_Phdr), "its program headers have another size");
    headers_ = header.e_phoff;
    header_count_ = header.e_phnum;
  }

  void read_segments() {
    bool has_stack = false;
    for (unsigned i = 0; i < header_count_; ++i) {
      const auto header = at<Elf64_Phdr>(headers_ + i * sizeof(Elf64_Phdr));
      switch (header.p_type) {
        case PT_LOAD:
          add_segment(header);
          break;
        case PT_DYNAMIC:
          require(!dynamic_, "it has two dynamic sections");
          dynamic_ = header;
          break;
        case PT_GNU_STACK:
          require((header.p_flags & PF_X) == 0, "it asks for an executable stack");
          has_stack = true;
          break;
        case PT_GNU_RELRO:
          result_.constant_address = header.p_vaddr;
          result_.constant_size = header.p_memsz;
          break;
        case PT_NULL:
        case PT_PHDR:
        case PT_GNU_EH_FRAME:
          break;
        case PT_TLS:
          refuse("it has thread-local storage");
        case PT_INTERP:
          refuse("it names a program that is to load it");
        default:
          refuse("it has a segment of unknown type " + std::to_string(header.p_type));
      }
    }
    require(has_stack, "it does not say that stacks hold no code");
    require(dynamic_.has_value(), "it has no dynamic section");
    require(!result_.segments.empty(), "it has no segments");
    const Segment* constant = segment_of(result_.constant_address, result_.constant_size);
    require(result_.constant_size == 0 || (constant && constant->writable),
            "its constant data lies outside of its data");
  }

  // In the file's order, which is that of addresses; each begins on a page of its own.
  void add_segment(const Elf64_Phdr& header) {
    require(header.p_filesz <= header.p_memsz && header.p_offset <= file_.size() &&
                header.p_filesz <= file_.size() - header.p_offset,
            "a segment is cut off");
    require(header.p_align >= kSmallestPage && header.p_align <= kMaxMemory &&
                (header.p_align & (header.p_align - 1)) == 0,
            "a segment is not aligned to pages");
    require(header.p_vaddr <= kMaxMemory && header.p_memsz <= kMaxMemory - header.p_vaddr,
            "a segment lies too far out");
    require(header.p_vaddr / header.p_align * header.p_align >= result_.memory_size,
            "its segments overlap");
    const bool writable = (header.p_flags & PF_W) != 0, executable = (header.p_flags & PF_X) != 0;
    require(!(writable && executable), "it has memory that is both written and run");
    result_.segments.push_back(
        {header.p_vaddr, header.p_memsz, header.p_offset, header.p_filesz, writable, executable});
    const uint64_t end = header.p_vaddr + header.p_memsz;
    result_.memory_size = (end + header.p_align - 1) / header.p_align * header.p_align;
  }

  /// The segment with these bytes of memory; nothing where they lie in none.
  const Segment* segment_of(uint64_t address, uint64_t size) const {
    for (const Segment& segment : result_.segments)
      if (address >= segment.address && address - segment.address <= segment.memory_size &&
          size <= segment.memory_size - (address - segment.address))
        return &segment;
    return nullptr;
  }

  /// The place in the file of a table, which is data.
  uint64_t place(uint64_t address, uint64_t size) const {
    const Segment* segment = segment_of(address, size);
    require(
        segment && !segment->executable && address - segment->address + size <= segment->file_size,
        "a table of its lies outside of its data");
    return segment->offset + (address - segment->address);
  }

  void read_dynamic() {
    const uint64_t begin = place(dynamic_->p_vaddr, dynamic_->p_memsz);
    for (uint64_t i = 0;; ++i) {
      require((i + 1) * sizeof(Elf64_Dyn) <= dynamic_->p_memsz, "its dynamic section has no end");
      const auto entry = at<Elf64_Dyn>(begin + i * sizeof(Elf64_Dyn));
      if (entry.d_tag == DT_NULL) break;
      if (!is_known_tag(entry.d_tag))
        refuse("its dynamic section has an entry of kind " + std::to_string(entry.d_tag) +
               ", which loading would act on");
      require(tags_.emplace(entry.d_tag, entry.d_un.d_val).second,
              "its dynamic section says a thing twice");
    }
    require((tag(DT_FLAGS) & ~uint64_t{DF_BIND_NOW}) == 0 &&
                (tag(DT_FLAGS_1) & ~uint64_t{DF_1_NOW}) == 0,
            "its dynamic section has unknown flags");
    require(tag(DT_SYMENT) == sizeof(Elf64_Sym) &&
                (!tags_.contains(DT_RELA) || tag(DT_RELAENT) == sizeof(Elf64_Rela)) &&
                (!tags_.contains(DT_JMPREL) || tag(DT_PLTREL) == DT_RELA),
            "its tables have another form");
  }

  uint64_t tag(int64_t kind) const {
    const auto found = tags_.find(kind);
    return found == tags_.end() ? 0 : found->second;
  }

  /// Symbols that can be looked up follow those that cannot, in chains that a last bit ends.
  uint64_t count_symbols() const {
    const uint64_t table = tag(DT_GNU_HASH);
    const uint64_t header = place(table, 16);
    const auto buckets = at<uint32_t>(header), first = at<uint32_t>(header + 4),
               words = at<uint32_t>(header + 8);
    const uint64_t bucket_address = table + 16 + uint64_t{words} * 8,
                   chain_address = bucket_address + uint64_t{buckets} * 4;
    const uint64_t bucket_place = place(bucket_address, uint64_t{buckets} * 4);
    uint64_t last = 0;
    for (uint32_t i = 0; i < buckets; ++i)
      last = std::max<uint64_t>(last, at<uint32_t>(bucket_place + i * uint64_t{4}));
    if (last == 0) return first;
    require(last >= first, "its table of symbols is damaged");
    while ((at<uint32_t>(place(chain_address + (last - first) * 4, 4)) & 1) == 0) ++last;
    return last + 1;
  }

  std::string_view name_of(const Elf64_Sym& symbol) const {
    const uint64_t size = tag(DT_STRSZ), begin = place(tag(DT_STRTAB), size);
    require(symbol.st_name < size, "a symbol's name is cut off");
    const auto* text = reinterpret_cast<const char*>(file_.data() + begin);
    const std::string_view rest(text + symbol.st_name, size - symbol.st_name);
    require(rest.find('\0') != rest.npos, "a symbol's name is cut off");
    return rest.substr(0, rest.find('\0'));
  }

  void read_symbols() {
    const uint64_t count = count_symbols();
    require(count >= 1 && count <= kMaxFile / sizeof(Elf64_Sym), "it has too many symbols");
    const uint64_t begin = place(tag(DT_SYMTAB), count * sizeof(Elf64_Sym));
    imports_.resize(count);
    for (uint64_t i = 1; i < count; ++i) {
      const auto symbol = at<Elf64_Sym>(begin + i * sizeof(Elf64_Sym));
      const std::string_view name = name_of(symbol);
      if (symbol.st_shndx == SHN_UNDEF) {
        const auto* import = std::ranges::find(kImports, name);
        if (import == std::end(kImports)) refuse("it needs the symbol '" + std::string(name) + "'");
        imports_[i] = static_cast<KernelImport>(import - std::begin(kImports));
        continue;
      }
      add_export(name, symbol);
    }
    require(result_.exports[static_cast<size_t>(KernelExport::entry)].size != 0,
            "it has no entry '" ANVIL_ENTRY_SYMBOL "'");
  }

  void add_export(std::string_view name, const Elf64_Sym& symbol) {
    const unsigned type = ELF64_ST_TYPE(symbol.st_info);
    const auto* known = std::ranges::find(kExports, name, &Exported::name);
    if (known == std::end(kExports) || type != (known->is_code ? STT_FUNC : STT_OBJECT))
      refuse("it defines the symbol '" + std::string(name) + "' of kind " + std::to_string(type));
    const Segment* segment = segment_of(symbol.st_value, symbol.st_size);
    require(symbol.st_size != 0 && segment && segment->executable == known->is_code,
            "a symbol of its lies outside of its code or its data");
    KernelFile::Export& place = result_.exports[static_cast<size_t>(known - std::begin(kExports))];
    require(place.size == 0, "it defines a symbol twice");
    place = {symbol.st_value, symbol.st_size};
  }

  void read_relocations(int64_t table, int64_t size_tag) {
    const uint64_t size = tag(size_tag);
    if (size == 0) return;
    require(tags_.contains(table) && size % sizeof(Elf64_Rela) == 0,
            "its relocations have another form");
    const uint64_t begin = place(tag(table), size);
    for (uint64_t at_byte = 0; at_byte < size; at_byte += sizeof(Elf64_Rela)) {
      const auto entry = at<Elf64_Rela>(begin + at_byte);
      const uint64_t type = ELF64_R_TYPE(entry.r_info), symbol = ELF64_R_SYM(entry.r_info);
      const bool arm = machine_ == kMachineArm64;
      const bool relative = type == (arm ? R_AARCH64_RELATIVE : R_X86_64_RELATIVE);
      const bool absolute = type == (arm ? R_AARCH64_ABS64 : R_X86_64_64) ||
                            type == (arm ? R_AARCH64_GLOB_DAT : R_X86_64_GLOB_DAT) ||
                            type == (arm ? R_AARCH64_JUMP_SLOT : R_X86_64_JUMP_SLOT);
      if (!relative && !absolute) refuse("it has a relocation of kind " + std::to_string(type));
      const Segment* segment = segment_of(entry.r_offset, sizeof(uint64_t));
      require(segment && segment->writable, "a relocation writes outside of its data");
      KernelFile::Relocation relocation{
          entry.r_offset, absolute, {}, static_cast<uint64_t>(entry.r_addend)};
      if (absolute) {
        require(symbol < imports_.size() && imports_[symbol].has_value(),
                "a relocation refers to no function that it may call");
        relocation.import = *imports_[symbol];
      }
      result_.relocations.push_back(relocation);
    }
  }

  const std::span<const std::byte> file_;
  const uint16_t machine_;
  uint64_t headers_ = 0;
  unsigned header_count_ = 0;
  std::optional<Elf64_Phdr> dynamic_;
  std::map<int64_t, uint64_t> tags_;
  std::vector<std::optional<KernelImport>> imports_;  // by symbol
  KernelFile result_{};
};

}  // namespace

KernelFile read_kernel_file(std::span<const std::byte> file, uint16_t machine) {
  return Reader(file, machine).read();
}

}  // namespace anvil
