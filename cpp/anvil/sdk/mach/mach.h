// The Mach types and calls that programs of Metal use.
#pragma once

#include <mach/mach_time.h>
#include <mach/vm_page_size.h>
#include <objc/objc.h>
#include <stddef.h>
#include <sys/mman.h>

typedef int kern_return_t;
typedef unsigned int mach_port_t;
typedef mach_port_t task_id_token_t;
typedef mach_port_t vm_map_t;
#define KERN_SUCCESS 0
#define KERN_NO_SPACE 3
#define VM_FLAGS_ANYWHERE 1

static inline mach_port_t mach_task_self(void) {
  return 0;
}

OBJC_EXTERN kern_return_t vm_allocate(vm_map_t task, vm_address_t* address, vm_size_t size,
                                      int flags) ANVIL_OBJC_NAME(vm_allocate);
OBJC_EXTERN kern_return_t vm_deallocate(vm_map_t task, vm_address_t address, vm_size_t size)
    ANVIL_OBJC_NAME(vm_deallocate);
