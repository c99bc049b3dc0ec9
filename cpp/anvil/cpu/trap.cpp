#include "anvil/cpu/trap.hpp"

#include <signal.h>
#include <sys/mman.h>
#include <ucontext.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <mutex>
#include <utility>

#include "anvil/cpu/saved_registers.hpp"

namespace anvil::cpu {
namespace {

#if defined(__aarch64__)
constexpr std::array kFaults{SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP};  // brk is its trap
#else
constexpr std::array kFaults{SIGSEGV, SIGBUS, SIGFPE, SIGILL};
#endif
// Ignored by default and sent by nobody but sockets with urgent data, which is why Go's run time
// stops its threads with it too.
constexpr int kInterruptSignal = SIGURG;

/// Where a thread leaves to, in the order in which call() stores it.
struct Landing {
  void* stack_pointer;
  void* code;
};

struct Region {
  Landing landing{};
  void (*function)(void*);
  void* argument;
  const Interrupt* interrupt;
  Trap trap{};
};

// Of the region that the thread is in. Handlers read it on any thread of the process, so it must
// not be one of the variables that are allocated on first use. In return all of the library's
// thread-local variables take of the little that the loader has set aside: they have to be small.
__attribute__((tls_model("initial-exec"))) thread_local Region* volatile current = nullptr;

// Of the thread, if it has a TrapStack.
__attribute__((tls_model("initial-exec"))) thread_local uintptr_t stack_bottom = 0;

/// At least the guard of any thread's stack.
constexpr uintptr_t kBelowStack = 64 << 10;

// Calls function(region), false once it returns; a handler that continues at the landing makes it
// return true.
__attribute__((naked)) bool call([[maybe_unused]] void (*function)(Region*),
                                 [[maybe_unused]] Region* region,
                                 [[maybe_unused]] Landing* landing) {
#if defined(__x86_64__)
  asm volatile(ANVIL_SAVE_REGISTERS
               "subq $8, %rsp\n"
               "leaq 1f(%rip), %rax\n"
               "movq %rsp, (%rdx)\n movq %rax, 8(%rdx)\n"
               "movq %rdi, %rax\n movq %rsi, %rdi\n"
               "callq *%rax\n"
               "xorl %eax, %eax\n jmp 2f\n"
               "1: movl $1, %eax\n"
               "2: addq $8, %rsp\n" ANVIL_RESTORE_REGISTERS "retq\n");
#elif defined(__aarch64__)
  asm volatile(ANVIL_SAVE_REGISTERS
               "mov x9, sp\n adr x10, 1f\n stp x9, x10, [x2]\n"
               "mov x9, x0\n mov x0, x1\n blr x9\n"
               "mov w0, #0\n b 2f\n"
               "1: mov w0, #1\n"
               "2:\n" ANVIL_RESTORE_REGISTERS "ret\n");
#endif
}

// A handler leaves only while `current` is set, and unsets it: between these two lines the stack
// that the landing expects is whole.
void enter(Region* region) {
  current = region;
  std::atomic_signal_fence(std::memory_order_seq_cst);
  region->function(region->argument);
  std::atomic_signal_fence(std::memory_order_seq_cst);
  current = nullptr;
}

Trap::Access access_of([[maybe_unused]] const ucontext_t& context) {
#if defined(__x86_64__)
  constexpr greg_t kWrite = 2;  // of the page fault's error code
  return context.uc_mcontext.gregs[REG_ERR] & kWrite ? Trap::Access::write : Trap::Access::read;
#else
  const auto* record = reinterpret_cast<const _aarch64_ctx*>(context.uc_mcontext.__reserved);
  for (; record->magic != 0 && record->size != 0;
       record = reinterpret_cast<const _aarch64_ctx*>(reinterpret_cast<const std::byte*>(record) +
                                                      record->size)) {
    constexpr uint64_t kWrite = 1 << 6;  // WnR of a data abort's syndrome
    if (record->magic == ESR_MAGIC)
      return reinterpret_cast<const esr_context*>(record)->esr & kWrite ? Trap::Access::write
                                                                        : Trap::Access::read;
  }
  return Trap::Access::unknown;
#endif
}

/// The return address of a function without a frame, as the C library's memcpy; 0 where it cannot
/// be read.
uintptr_t caller_of(const ucontext_t& context, [[maybe_unused]] const Trap& trap) {
#if defined(__x86_64__)
  // The stack itself may be what overflowed.
  const uintptr_t distance = trap.address - trap.stack_pointer + kBelowStack;
  if (trap.has_address && distance < 2 * kBelowStack) return 0;
  return *reinterpret_cast<const uintptr_t*>(context.uc_mcontext.gregs[REG_RSP]);
#else
  return context.uc_mcontext.regs[30];
#endif
}

Trap describe(int signal, const siginfo_t& info, const ucontext_t& context) {
  Trap trap;
#if defined(__x86_64__)
  trap.instruction = static_cast<uintptr_t>(context.uc_mcontext.gregs[REG_RIP]);
  trap.stack_pointer = static_cast<uintptr_t>(context.uc_mcontext.gregs[REG_RSP]);
#else
  trap.instruction = context.uc_mcontext.pc;
  trap.stack_pointer = context.uc_mcontext.sp;
#endif
  switch (signal) {
    case SIGSEGV:
    case SIGBUS:
      trap.kind = signal == SIGBUS && info.si_code == BUS_ADRERR ? Trap::Kind::lost_memory
                                                                 : Trap::Kind::memory;
      // A general protection fault comes without its address, from the kernel as such.
      trap.has_address = info.si_code != SI_KERNEL;
      trap.address = trap.has_address ? reinterpret_cast<uintptr_t>(info.si_addr) : 0;
      if (trap.has_address) trap.access = access_of(context);
      if (trap.is_next_of_stack() && trap.address < stack_bottom &&
          stack_bottom - trap.address <= kBelowStack)
        trap.kind = Trap::Kind::stack;
      break;
    case SIGFPE:
      trap.kind = Trap::Kind::arithmetic;
      break;
    case SIGILL:
    case SIGTRAP:
      trap.kind = Trap::Kind::instruction;
      break;
    default:
      trap.kind = Trap::Kind::interrupted;
  }
  if (signal != kInterruptSignal) trap.caller = caller_of(context, trap);
  return trap;
}

void leave(Region& region, int signal, const siginfo_t& info, ucontext_t& context) {
  region.trap = describe(signal, info, context);
  current = nullptr;
#if defined(__x86_64__)
  constexpr greg_t kDirectionFlag = 0x400;
  auto& registers = context.uc_mcontext.gregs;
  registers[REG_RSP] = reinterpret_cast<greg_t>(region.landing.stack_pointer);
  registers[REG_RIP] = reinterpret_cast<greg_t>(region.landing.code);
  registers[REG_EFL] &= ~kDirectionFlag;
#else
  context.uc_mcontext.sp = reinterpret_cast<uintptr_t>(region.landing.stack_pointer);
  context.uc_mcontext.pc = reinterpret_cast<uintptr_t>(region.landing.code);
#endif
}

std::array<struct sigaction, NSIG> previous{};

/// As if this library had no handler.
void pass_on(int signal, siginfo_t* info, void* context) {
  struct sigaction& before = previous[static_cast<size_t>(signal)];
  const bool is_plain = !(before.sa_flags & SA_SIGINFO);
  if (is_plain && before.sa_handler == SIG_IGN && info->si_code <= 0) return;
  if (is_plain && (before.sa_handler == SIG_DFL || before.sa_handler == SIG_IGN)) {
    if (signal == kInterruptSignal) return;
    // A fault comes again as the handler returns, and ends the process where it happened. (One that
    // is ignored does so too.)
    struct sigaction fatal{};
    fatal.sa_handler = SIG_DFL;
    sigaction(signal, &fatal, nullptr);
    if (info->si_code <= 0) raise(signal);
    return;
  }
  const auto action = before;
  if (before.sa_flags & SA_RESETHAND) before = {};
  if (is_plain)
    action.sa_handler(signal);
  else
    action.sa_sigaction(signal, info, context);
}

char interrupt_tag;  // its address marks this library's own signals

void on_signal(int signal, siginfo_t* info, void* context) {
  const int error = errno;
  Region* const region = current;
  if (signal == kInterruptSignal) {
    if (info->si_code != SI_QUEUE || info->si_value.sival_ptr != &interrupt_tag)
      pass_on(signal, info, context);
    else if (region && region->interrupt &&
             region->interrupt->requested.load(std::memory_order_relaxed))
      leave(*region, signal, *info, *static_cast<ucontext_t*>(context));
  } else if (!region) {
    pass_on(signal, info, context);
  } else if (info->si_code > 0) {
    leave(*region, signal, *info, *static_cast<ucontext_t*>(context));
  } else if (info->si_code != SI_TKILL) {
    pass_on(signal, info, context);
  }
  // What remains was raised by a handler that took the signal first and passes it on: as that one
  // returns, the fault comes again, to here.
  errno = error;
}

void take(int signal) {
  static std::array<bool, NSIG> taken{};
  struct sigaction& before = previous[static_cast<size_t>(signal)];
  struct sigaction now{};
  sigaction(signal, nullptr, &now);
  if (now.sa_sigaction == on_signal) return;
  if (std::exchange(taken[static_cast<size_t>(signal)], true) &&
      now.sa_sigaction != before.sa_sigaction)
    return;
  before = now;
  // The masks and flags that the handler before asked for: it may be called.
  struct sigaction ours = before;
  ours.sa_sigaction = on_signal;
  ours.sa_flags = (before.sa_flags | SA_SIGINFO | SA_ONSTACK) & ~static_cast<int>(SA_RESETHAND);
  if (signal == kInterruptSignal) ours.sa_flags |= SA_RESTART;
  sigaction(signal, &ours, nullptr);
}

}  // namespace

bool run_trapped(void (*function)(void*), void* argument, const Interrupt* interrupt, Trap& trap) {
  Region region{.function = function, .argument = argument, .interrupt = interrupt};
  if (!call(enter, &region, &region.landing)) return true;
  trap = region.trap;
  return false;
}

void install_trap_handlers() {
  static std::mutex mutex;
  std::lock_guard lock(mutex);
  for (const int signal : kFaults) take(signal);
  take(kInterruptSignal);
}

void interrupt_thread(pthread_t thread) {
  pthread_sigqueue(thread, kInterruptSignal, {.sival_ptr = &interrupt_tag});
}

namespace {

void mask_interrupts(int how) {
  sigset_t interrupts;
  sigemptyset(&interrupts);
  sigaddset(&interrupts, kInterruptSignal);
  pthread_sigmask(how, &interrupts, nullptr);
}

}  // namespace

void hold_interrupts() {
  mask_interrupts(SIG_BLOCK);
}

void admit_interrupts() {
  mask_interrupts(SIG_UNBLOCK);
}

TrapStack::TrapStack() {
  sigset_t ours;
  sigemptyset(&ours);
  for (const int signal : kFaults) sigaddset(&ours, signal);
  sigaddset(&ours, kInterruptSignal);
  pthread_sigmask(SIG_UNBLOCK, &ours, nullptr);

  pthread_attr_t attributes;
  if (pthread_getattr_np(pthread_self(), &attributes) == 0) {
    void* bottom = nullptr;
    size_t bytes = 0;
    pthread_attr_getstack(&attributes, &bottom, &bytes);
    pthread_attr_destroy(&attributes);
    stack_bottom = reinterpret_cast<uintptr_t>(bottom);
  }

  stack_t there{};
  if (sigaltstack(nullptr, &there) != 0 || !(there.ss_flags & SS_DISABLE)) return;
  // Room for the registers of the widest vectors and for the handlers of others.
  const auto least = static_cast<size_t>(std::max(sysconf(_SC_MINSIGSTKSZ), 0L));
  const size_t bytes = least + (size_t{64} << 10);
  void* mapping = mmap(nullptr, bytes, PROT_READ | PROT_WRITE,
                       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (mapping == MAP_FAILED) return;
  const stack_t stack{.ss_sp = mapping, .ss_flags = 0, .ss_size = bytes};
  if (sigaltstack(&stack, nullptr) != 0) {
    munmap(mapping, bytes);
    return;
  }
  mapping_ = mapping;
  bytes_ = bytes;
}

TrapStack::~TrapStack() {
  if (!mapping_) return;
  const stack_t none{.ss_sp = nullptr, .ss_flags = SS_DISABLE, .ss_size = 0};
  sigaltstack(&none, nullptr);
  munmap(mapping_, bytes_);
}

}  // namespace anvil::cpu
