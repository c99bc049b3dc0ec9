#include "anvil/cpu/fiber.hpp"

#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <system_error>

#include "anvil/cpu/saved_registers.hpp"
#include "anvil/cpu/trap.hpp"

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define ANVIL_ASAN 1
#include <sanitizer/asan_interface.h>
#include <sanitizer/common_interface_defs.h>
#endif
#if __has_feature(thread_sanitizer)
#define ANVIL_TSAN 1
#include <sanitizer/tsan_interface.h>
#endif
#endif

namespace anvil::cpu {
namespace {

// Saves the registers, stores the stack pointer to *save, loads `resume` and restores from there.
// It jumps where it would return: processors guess that a function returns to its last caller,
// which is another fiber's, and lose twenty cycles; a jump they guess from those before it.
__attribute__((naked)) void switch_stacks([[maybe_unused]] void** save,
                                          [[maybe_unused]] void* resume) {
#if defined(__x86_64__)
  asm volatile(ANVIL_SAVE_REGISTERS
               "movq %rsp, (%rdi)\n"
               "movq %rsi, %rsp\n" ANVIL_RESTORE_REGISTERS "popq %rcx\n jmpq *%rcx\n");
#elif defined(__aarch64__)
  asm volatile(ANVIL_SAVE_REGISTERS
               "mov x9, sp\n str x9, [x0]\n mov sp, x1\n" ANVIL_RESTORE_REGISTERS "br x30\n");
#endif
}

// Where a started fiber begins: start() left the function and its argument in callee-saved
// registers.
__attribute__((naked)) void begin() {
#if defined(__x86_64__)
  asm volatile("movq %r12, %rdi\n callq *%r13\n ud2\n");
#elif defined(__aarch64__)
  asm volatile("mov x0, x19\n mov x29, xzr\n blr x20\n brk #1\n");
#endif
}

size_t page_bytes() {
  static const size_t bytes = static_cast<size_t>(sysconf(_SC_PAGESIZE));
  return bytes;
}

}  // namespace

Fiber::Fiber() {
#if ANVIL_TSAN
  thread_state_ = __tsan_get_current_fiber();
#endif
}

Fiber::Fiber(size_t stack_bytes) {
  const size_t page = page_bytes();
  stack_bytes_ = (stack_bytes + page - 1) / page * page;
  mapping_bytes_ = stack_bytes_ + page;
  void* mapping = mmap(nullptr, mapping_bytes_, PROT_READ | PROT_WRITE,
                       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_STACK, -1, 0);
  if (mapping == MAP_FAILED)
    throw std::system_error(errno, std::generic_category(), "Anvil: no memory for a fiber's stack");
  mapping_ = mapping;
  stack_bottom_ = static_cast<std::byte*>(mapping) + page;
  if (mprotect(mapping, page, PROT_NONE) != 0) {
    const int error = errno;
    munmap(mapping, mapping_bytes_);
    throw std::system_error(error, std::generic_category(), "Anvil: no guard page for a fiber");
  }
}

Fiber::~Fiber() {
  if (!mapping_) return;
#if ANVIL_TSAN
  if (thread_state_) __tsan_destroy_fiber(thread_state_);
#endif
#if ANVIL_ASAN
  __asan_unpoison_memory_region(stack_bottom_, stack_bytes_);
#endif
  munmap(mapping_, mapping_bytes_);
}

void Fiber::start(Function function, void* argument) {
  function_ = function;
  argument_ = argument;
#if ANVIL_TSAN
  // Anew each time: the sanitizer's shadow of the call stack must not grow with every start.
  if (thread_state_) __tsan_destroy_fiber(thread_state_);
  thread_state_ = __tsan_create_fiber(0);
#endif
#if ANVIL_ASAN
  // Frames that were dropped left their red zones behind.
  __asan_unpoison_memory_region(stack_bottom_, stack_bytes_);
  fake_stack_ = nullptr;
#endif
  auto* top = reinterpret_cast<uintptr_t*>(static_cast<std::byte*>(mapping_) + mapping_bytes_);
  const auto entry = reinterpret_cast<uintptr_t>(&Fiber::enter);
  const auto self = reinterpret_cast<uintptr_t>(this);
  const auto first = reinterpret_cast<uintptr_t>(&begin);
  // The frame that switch_stacks() pops; begin() then runs with the stack aligned to 16 bytes.
#if defined(__x86_64__)
  uintptr_t* frame = top - 2 - 7;
  frame[0] = frame[1] = 0;  // r15, r14
  frame[2] = entry;         // r13
  frame[3] = self;          // r12
  frame[4] = frame[5] = 0;  // rbx, rbp: the end of any backtrace
  frame[6] = first;
  frame[7] = 0;
#elif defined(__aarch64__)
  uintptr_t* frame = top - 20;
  frame[0] = self;    // x19
  frame[1] = entry;   // x20
  frame[10] = 0;      // x29
  frame[11] = first;  // x30
#endif
  stack_pointer_ = frame;
}

#if ANVIL_ASAN
// Between the two halves of a switch, of which the sanitizer allows one at a time: a stack that
// overflows there makes the thread leave. Interrupts wait, as what the sanitizer knows and what
// this says would differ for an instant.
static thread_local volatile bool is_switching = false;

static void begin_switch() {
  hold_interrupts();
  is_switching = true;
}

static void end_switch() {
  is_switching = false;
  admit_interrupts();
}
#endif

void Fiber::enter(void* fiber) {
  auto* self = static_cast<Fiber*>(fiber);
#if ANVIL_ASAN
  __sanitizer_finish_switch_fiber(nullptr, &self->previous_->stack_bottom_,
                                  &self->previous_->stack_bytes_);
  end_switch();
#endif
  self->function_(self->argument_);
}

void Fiber::transfer(Fiber& next, [[maybe_unused]] bool for_good) {
  next.previous_ = this;
#if ANVIL_ASAN
  begin_switch();
  __sanitizer_start_switch_fiber(for_good ? nullptr : &fake_stack_, next.stack_bottom_,
                                 next.stack_bytes_);
#endif
#if ANVIL_TSAN
  __tsan_switch_to_fiber(next.thread_state_, 0);
#endif
  switch_stacks(&stack_pointer_, next.stack_pointer_);
#if ANVIL_ASAN
  __sanitizer_finish_switch_fiber(fake_stack_, &previous_->stack_bottom_, &previous_->stack_bytes_);
  end_switch();
#endif
}

bool Fiber::are_watched() {
#if ANVIL_ASAN || ANVIL_TSAN
  return true;
#else
  return false;
#endif
}

void Fiber::return_from([[maybe_unused]] Fiber& dropped, [[maybe_unused]] uintptr_t stack_pointer) {
#if ANVIL_TSAN
  __tsan_switch_to_fiber(thread_state_, 0);
#endif
#if ANVIL_ASAN
  const auto bottom = reinterpret_cast<uintptr_t>(dropped.stack_bottom_);
  const bool was_switching = is_switching;
  if (was_switching) {
    __sanitizer_finish_switch_fiber(nullptr, nullptr, nullptr);
    end_switch();
  }
  if (was_switching || stack_pointer - bottom < dropped.stack_bytes_) {
    __sanitizer_start_switch_fiber(nullptr, stack_bottom_, stack_bytes_);
    __sanitizer_finish_switch_fiber(fake_stack_, nullptr, nullptr);
  }
#endif
}

void Fiber::forget_dropped_frames() {
#if ANVIL_ASAN
  __asan_handle_no_return();  // their red zones
#endif
}

}  // namespace anvil::cpu
