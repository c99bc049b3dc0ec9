// objc_msgSend: finds the method in the class's dispatch table and jumps to it.
//
// A jump, not a call: the method returns straight to the sender, and an exception thrown by it (or
// by the function that stands for an unknown selector) unwinds as if the sender had called it.
// Offsets: objc_object.isa 0, objc_class.superclass 8, objc_class.methods 16, objc_selector.index 0
// (asserted in registry.cpp). Messages to nil return zero in every register that a result can come
// back in.
//
// Assembled twice: under names of Anvil's own, and for libanvil-objc under Apple's.

#ifndef SYMBOL
#define SYMBOL(name) anvil_##name
#define ANVIL_TRAMPOLINE
#endif

#if defined(__x86_64__)
    .intel_syntax noprefix
    .text

    .macro BEGIN name
    .globl \name
    .type \name, @function
    .p2align 4
\name:
    .cfi_startproc
    endbr64
    .endm

    .macro END name
    .cfi_endproc
    .size \name, . - \name
    .endm

    .macro SEND self, selector
    test \self, \self
    je 1f
    mov r10, [\self]
    mov r11d, [\selector]
    mov r10, [r10 + 16]
    jmp [r10 + r11*8]
    .endm

    // A result in memory: its address comes first and shifts the rest by one register. What takes
    // the message's own arguments, and returns nothing or comes back, has to be told.
    .macro SEND_STRET
    mov r10, [r10 + 16]
    mov r10, [r10 + r11*8]
    cmp r10, [rip + anvil_objc_forward@GOTPCREL]
    je 2f
    cmp r10, [rip + anvil_objc_first_message@GOTPCREL]
    je 3f
    jmp r10
2:  mov rdi, rsi
    mov rsi, rdx
    jmp [rip + anvil_objc_forward@GOTPCREL]
3:  jmp [rip + anvil_objc_first_message_stret@GOTPCREL]
    .endm

    BEGIN SYMBOL(objc_msgSend)
    SEND rdi, rsi
1:  xor eax, eax
    xor edx, edx
    pxor xmm0, xmm0
    pxor xmm1, xmm1
    ret
    END SYMBOL(objc_msgSend)

    BEGIN SYMBOL(objc_msgSend_fpret)
    SEND rdi, rsi
#ifdef ANVIL_TRAMPOLINE
    // metal-cpp sends what returns float and double this way, and nothing that returns long double:
    // the x87 stack stays empty, also for nil.
1:  pxor xmm0, xmm0
    ret
#else
    // A compiler sends what returns long double this way, and nothing else.
1:  fldz
    ret
#endif
    END SYMBOL(objc_msgSend_fpret)

    BEGIN SYMBOL(objc_msgSend_fp2ret)
    SEND rdi, rsi
1:  fldz
    fldz
    ret
    END SYMBOL(objc_msgSend_fp2ret)

    BEGIN SYMBOL(objc_msgSend_stret)
    test rsi, rsi
    je 1f
    mov r10, [rsi]
    mov r11d, [rdx]
    SEND_STRET
1:  mov rax, rdi
    ret
    END SYMBOL(objc_msgSend_stret)

    // To the superclass of the class in {receiver, class}.
    BEGIN SYMBOL(objc_msgSendSuper2)
    mov r10, [rdi + 8]
    mov rdi, [rdi]
    mov r10, [r10 + 8]
    mov r11d, [rsi]
    mov r10, [r10 + 16]
    jmp [r10 + r11*8]
    END SYMBOL(objc_msgSendSuper2)

    BEGIN SYMBOL(objc_msgSendSuper2_stret)
    mov r10, [rsi + 8]
    mov rsi, [rsi]
    mov r10, [r10 + 8]
    mov r11d, [rdx]
    SEND_STRET
    END SYMBOL(objc_msgSendSuper2_stret)

    // To the class in {receiver, class} itself.
    BEGIN SYMBOL(objc_msgSendSuper)
    mov r10, [rdi + 8]
    mov rdi, [rdi]
    mov r11d, [rsi]
    mov r10, [r10 + 16]
    jmp [r10 + r11*8]
    END SYMBOL(objc_msgSendSuper)

    BEGIN SYMBOL(objc_msgSendSuper_stret)
    mov r10, [rsi + 8]
    mov rsi, [rsi]
    mov r11d, [rdx]
    SEND_STRET
    END SYMBOL(objc_msgSendSuper_stret)

#ifdef ANVIL_TRAMPOLINE
    // Calls anvil_objc_initialize(self) with every argument register kept, and sends again.
    .macro FIRST_MESSAGE name, self, selector
    BEGIN \name
    push rbp
    .cfi_def_cfa_offset 16
    .cfi_offset rbp, -16
    mov rbp, rsp
    .cfi_def_cfa_register rbp
    sub rsp, 192
    mov [rsp], rdi
    mov [rsp + 8], rsi
    mov [rsp + 16], rdx
    mov [rsp + 24], rcx
    mov [rsp + 32], r8
    mov [rsp + 40], r9
    mov [rsp + 48], rax
    movaps [rsp + 64], xmm0
    movaps [rsp + 80], xmm1
    movaps [rsp + 96], xmm2
    movaps [rsp + 112], xmm3
    movaps [rsp + 128], xmm4
    movaps [rsp + 144], xmm5
    movaps [rsp + 160], xmm6
    movaps [rsp + 176], xmm7
    mov rdi, \self
    call anvil_objc_initialize
    mov rdi, [rsp]
    mov rsi, [rsp + 8]
    mov rdx, [rsp + 16]
    mov rcx, [rsp + 24]
    mov r8, [rsp + 32]
    mov r9, [rsp + 40]
    movaps xmm0, [rsp + 64]
    movaps xmm1, [rsp + 80]
    movaps xmm2, [rsp + 96]
    movaps xmm3, [rsp + 112]
    movaps xmm4, [rsp + 128]
    movaps xmm5, [rsp + 144]
    movaps xmm6, [rsp + 160]
    movaps xmm7, [rsp + 176]
    mov r10, [rsp + 48]
    leave
    .cfi_def_cfa rsp, 8
    // The table of the class itself: others may be waiting for what this thread is initialising.
    push r10
    .cfi_adjust_cfa_offset 8
    mov r10, [\self]
    mov r11d, [\selector]
    mov r10, [r10 + 32]
    mov r10, [r10]
    mov r11, [r10 + r11*8]
    pop rax
    .cfi_adjust_cfa_offset -8
    jmp r11
    END \name
    .endm

    FIRST_MESSAGE anvil_objc_first_message, rdi, rsi
    FIRST_MESSAGE anvil_objc_first_message_stret, rsi, rdx
#endif

#elif defined(__aarch64__)
    .text

    .macro BEGIN name
    .globl \name
    .type \name, %function
    .p2align 4
\name:
    .cfi_startproc
    hint #34
    .endm

    .macro END name
    .cfi_endproc
    .size \name, . - \name
    .endm

    BEGIN SYMBOL(objc_msgSend)
    cbz x0, 1f
    ldr x16, [x0]
    ldr w17, [x1]
    ldr x16, [x16, #16]
    ldr x16, [x16, x17, lsl #3]
    br x16
1:  mov x1, #0
    movi d0, #0
    movi d1, #0
    movi d2, #0
    movi d3, #0
    ret
    END SYMBOL(objc_msgSend)

    // To the superclass of the class in {receiver, class}.
    BEGIN SYMBOL(objc_msgSendSuper2)
    ldp x0, x16, [x0]
    ldr x16, [x16, #8]
    ldr w17, [x1]
    ldr x16, [x16, #16]
    ldr x16, [x16, x17, lsl #3]
    br x16
    END SYMBOL(objc_msgSendSuper2)

    // To the class in {receiver, class} itself.
    BEGIN SYMBOL(objc_msgSendSuper)
    ldp x0, x16, [x0]
    ldr w17, [x1]
    ldr x16, [x16, #16]
    ldr x16, [x16, x17, lsl #3]
    br x16
    END SYMBOL(objc_msgSendSuper)

#ifdef ANVIL_TRAMPOLINE
    // Calls anvil_objc_initialize(self) with every argument register kept, and sends again.
    BEGIN anvil_objc_first_message
    stp x29, x30, [sp, #-224]!
    .cfi_def_cfa_offset 224
    .cfi_offset x29, -224
    .cfi_offset x30, -216
    mov x29, sp
    .cfi_def_cfa_register x29
    stp x0, x1, [sp, #16]
    stp x2, x3, [sp, #32]
    stp x4, x5, [sp, #48]
    stp x6, x7, [sp, #64]
    str x8, [sp, #80]
    stp q0, q1, [sp, #96]
    stp q2, q3, [sp, #128]
    stp q4, q5, [sp, #160]
    stp q6, q7, [sp, #192]
    bl anvil_objc_initialize
    ldp x0, x1, [sp, #16]
    ldp x2, x3, [sp, #32]
    ldp x4, x5, [sp, #48]
    ldp x6, x7, [sp, #64]
    ldr x8, [sp, #80]
    ldp q0, q1, [sp, #96]
    ldp q2, q3, [sp, #128]
    ldp q4, q5, [sp, #160]
    ldp q6, q7, [sp, #192]
    ldp x29, x30, [sp], #224
    .cfi_def_cfa sp, 0
    // The table of the class itself: others may be waiting for what this thread is initialising.
    ldr x16, [x0]
    ldr w17, [x1]
    ldr x16, [x16, #32]
    ldr x16, [x16]
    ldr x16, [x16, x17, lsl #3]
    br x16
    END anvil_objc_first_message
#endif

#else
#error "Anvil sends messages on x86-64 and aarch64 only"
#endif

    .section .note.GNU-stack, "", %progbits
