// The size of a page.
#pragma once

#include <stdint.h>
#include <unistd.h>

typedef uintptr_t vm_size_t;
typedef uintptr_t vm_address_t;
#define vm_page_size ((vm_size_t)sysconf(_SC_PAGESIZE))
#define vm_kernel_page_size vm_page_size
