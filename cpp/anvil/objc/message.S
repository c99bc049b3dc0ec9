// objc_msgSend: finds the method in the class's dispatch table and jumps to it.
//
// A jump, not a call: the method returns straight to the sender, and an exception thrown by it (or
// by the function that stands for an unknown selector) unwinds as if the sender had called it.
// Offsets: objc_object.isa 0, objc_class.methods 8, objc_selector.index 0 (asserted in runtime.cpp).
// Messages to nil return zero in every register that a result can come back in.

#if defined(__x86_64__)
    .intel_syntax noprefix
    .text

    .macro SEND name, self, selector
    .globl \name
    .type \name, @function
    .p2align 4
\name:
    .cfi_startproc
    endbr64
    test \self, \self
    je 1f
    mov r10, [\self]
    mov r11d, [\selector]
    mov r10, [r10 + 8]
    jmp [r10 + r11*8]
    .endm

    SEND anvil_objc_msgSend, rdi, rsi
1:  xor eax, eax
    xor edx, edx
    pxor xmm0, xmm0
    pxor xmm1, xmm1
    ret
    .cfi_endproc
    .size anvil_objc_msgSend, . - anvil_objc_msgSend

    // metal-cpp sends what returns float and double this way, and nothing that returns long double:
    // the x87 stack stays empty, also for nil.
    SEND anvil_objc_msgSend_fpret, rdi, rsi
1:  pxor xmm0, xmm0
    ret
    .cfi_endproc
    .size anvil_objc_msgSend_fpret, . - anvil_objc_msgSend_fpret

    // The address of the result comes first and shifts the rest by one register.
    .globl anvil_objc_msgSend_stret
    .type anvil_objc_msgSend_stret, @function
    .p2align 4
anvil_objc_msgSend_stret:
    .cfi_startproc
    endbr64
    test rsi, rsi
    je 1f
    mov r10, [rsi]
    mov r11d, [rdx]
    mov r10, [r10 + 8]
    mov r10, [r10 + r11*8]
    lea r11, [rip + anvil_objc_forward]
    cmp r10, r11
    je 2f
    jmp r10
1:  mov rax, rdi
    ret
2:  mov rdi, rsi
    mov rsi, rdx
    jmp anvil_objc_forward
    .cfi_endproc
    .size anvil_objc_msgSend_stret, . - anvil_objc_msgSend_stret

#elif defined(__aarch64__)
    .text
    .globl anvil_objc_msgSend
    .type anvil_objc_msgSend, %function
    .p2align 4
anvil_objc_msgSend:
    .cfi_startproc
    hint #34
    cbz x0, 1f
    ldr x16, [x0]
    ldr w17, [x1]
    ldr x16, [x16, #8]
    ldr x16, [x16, x17, lsl #3]
    br x16
1:  mov x1, #0
    movi d0, #0
    movi d1, #0
    movi d2, #0
    movi d3, #0
    ret
    .cfi_endproc
    .size anvil_objc_msgSend, . - anvil_objc_msgSend

#else
#error "Anvil sends messages on x86-64 and aarch64 only"
#endif

    .section .note.GNU-stack, "", %progbits
