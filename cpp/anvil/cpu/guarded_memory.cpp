#include "anvil/cpu/guarded_memory.hpp"

#include <sys/mman.h>
#include <unistd.h>

#include "anvil/service/environment.hpp"
#include "anvil/system/memory.hpp"

namespace anvil::cpu {
namespace {

// From here on transparent huge pages save more than they waste.
constexpr size_t kHugeFrom = 4 << 20;
constexpr size_t kHugePage = 2 << 20;

}  // namespace

size_t GuardedMemory::slack() {
  return service::validation() ? 0 : kSlack;
}

GuardedMemory::GuardedMemory(size_t size, Guards guards) {
  const bool huge = size >= kHugeFrom;
  const size_t open = round_up(size, page_size()) + slack();
  const size_t guard = guards == Guards::yes ? kGuard : 0;
  // Huge pages begin at multiples of their size.
  const size_t alignment = huge && guard ? kHugePage : page_size();
  const size_t bytes = 2 * guard + open + alignment - page_size();
  void* pages = mmap(nullptr, bytes, guard ? PROT_NONE : PROT_READ | PROT_WRITE,
                     MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (pages == MAP_FAILED) return;
  mapping_ = pages;
  bytes_ = bytes;
  const auto begin = reinterpret_cast<uintptr_t>(pages);
  std::byte* first = static_cast<std::byte*>(pages) + (round_up(begin + guard, alignment) - begin);
  if (guard && mprotect(first, open, PROT_READ | PROT_WRITE) != 0) return;
  if (huge) madvise(first, size, MADV_HUGEPAGE);
  data_ = first;
}

GuardedMemory::~GuardedMemory() {
  if (mapping_) munmap(mapping_, bytes_);
}

BorrowedSlack::BorrowedSlack(const std::byte* end) {
  const size_t bytes = GuardedMemory::slack();
  const uintptr_t at = round_up(reinterpret_cast<uintptr_t>(end), page_size());
  // malloc()'s heap grows there.
  if (bytes == 0 || at == round_up(reinterpret_cast<uintptr_t>(sbrk(0)), page_size())) return;
  void* const wanted = reinterpret_cast<void*>(at);
  void* const pages = mmap(wanted, bytes, PROT_READ | PROT_WRITE,
                           MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
  if (pages == MAP_FAILED) return;
  if (pages != wanted) {  // a kernel that does not know the flag
    munmap(pages, bytes);
    return;
  }
  pages_ = pages;
  bytes_ = bytes;
}

BorrowedSlack::~BorrowedSlack() {
  if (pages_) munmap(pages_, bytes_);
}

}  // namespace anvil::cpu
