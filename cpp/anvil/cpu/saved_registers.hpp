// saved_registers.hpp: the callee-saved registers of the C calling convention, on the stack and
// back, as text for naked functions.
#pragma once

#if defined(__x86_64__)
/// 48 bytes, rbp at the highest address. The floating-point control registers are left alone:
/// kernels do not change them.
#define ANVIL_SAVE_REGISTERS \
  "pushq %rbp\n pushq %rbx\n pushq %r12\n pushq %r13\n pushq %r14\n pushq %r15\n"
#define ANVIL_RESTORE_REGISTERS \
  "popq %r15\n popq %r14\n popq %r13\n popq %r12\n popq %rbx\n popq %rbp\n"
#elif defined(__aarch64__)
/// 160 bytes, x19 at the lowest address. Only the lower halves of v8 to v15 belong to the caller.
#define ANVIL_SAVE_REGISTERS                            \
  "sub sp, sp, #160\n"                                  \
  "stp x19, x20, [sp, #0]\n stp x21, x22, [sp, #16]\n"  \
  "stp x23, x24, [sp, #32]\n stp x25, x26, [sp, #48]\n" \
  "stp x27, x28, [sp, #64]\n stp x29, x30, [sp, #80]\n" \
  "stp d8, d9, [sp, #96]\n stp d10, d11, [sp, #112]\n"  \
  "stp d12, d13, [sp, #128]\n stp d14, d15, [sp, #144]\n"
#define ANVIL_RESTORE_REGISTERS                           \
  "ldp x19, x20, [sp, #0]\n ldp x21, x22, [sp, #16]\n"    \
  "ldp x23, x24, [sp, #32]\n ldp x25, x26, [sp, #48]\n"   \
  "ldp x27, x28, [sp, #64]\n ldp x29, x30, [sp, #80]\n"   \
  "ldp d8, d9, [sp, #96]\n ldp d10, d11, [sp, #112]\n"    \
  "ldp d12, d13, [sp, #128]\n ldp d14, d15, [sp, #144]\n" \
  "add sp, sp, #160\n"
#else
#error "Anvil runs on x86-64 and aarch64"
#endif
