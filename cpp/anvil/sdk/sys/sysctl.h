// sysctlbyname(): the facts of a machine that programs ask for by name.
#pragma once

#include <errno.h>
#include <stdint.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

static inline int sysctlbyname(const char* name, void* value, size_t* size, void* changed,
                               size_t changed_size) {
  uint64_t number;
  (void)changed, (void)changed_size;
  if (!strcmp(name, "hw.memsize"))
    number = (uint64_t)sysconf(_SC_PHYS_PAGES) * (uint64_t)sysconf(_SC_PAGESIZE);
  else if (!strcmp(name, "hw.pagesize"))
    number = (uint64_t)sysconf(_SC_PAGESIZE);
  else if (!strcmp(name, "hw.ncpu") || !strcmp(name, "hw.logicalcpu") ||
           !strcmp(name, "hw.physicalcpu") || !strcmp(name, "hw.activecpu"))
    number = (uint64_t)sysconf(_SC_NPROCESSORS_ONLN);
  else
    return errno = ENOENT, -1;
  if (size) {
    const size_t width = *size < sizeof number ? sizeof(uint32_t) : sizeof number;
    if (value && *size < width) return errno = ENOMEM, -1;
    if (value && width == sizeof number) memcpy(value, &number, width);
    if (value && width != sizeof number) {
      const uint32_t narrow = (uint32_t)number;
      memcpy(value, &narrow, width);
    }
    *size = width;
  }
  return 0;
}
