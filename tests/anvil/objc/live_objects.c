// A test that ends with other objects than it began with has a reference too many, or one too few.
#include "live_objects.h"

#include <objc/runtime.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "check.h"

// cpp/anvil/objc/instances.hpp and the runtime's own.
void anvil_objc_count_instances(void);
long anvil_objc_instances(Class cls);
void* objc_autoreleasePoolPush(void);
void objc_autoreleasePoolPop(void* pool);

enum { MOST_CLASSES = 4096 };

/// How many classes have other instances than `before`, which counts those that it does not know
/// from 0.
static int differences(const long* before, const char* test) {
  unsigned count = 0;
  int found = 0;
  Class* const classes = objc_copyClassList(&count);
  for (unsigned i = 0; i < count && i < MOST_CLASSES; ++i) {
    const long more = anvil_objc_instances(classes[i]) - before[i];
    if (more == 0) continue;
    ++found;
    if (test) fprintf(stderr, "%s leaves %+ld %s\n", test, more, class_getName(classes[i]));
  }
  free(classes);
  return found;
}

void counted(const char* name, void (*test)(void)) {
  static long before[MOST_CLASSES];
  unsigned count = 0;
  anvil_objc_count_instances();
  Class* const classes = objc_copyClassList(&count);
  for (unsigned i = 0; i < MOST_CLASSES; ++i)
    before[i] = i < count ? anvil_objc_instances(classes[i]) : 0;
  free(classes);

  void* const pool = objc_autoreleasePoolPush();
  test();
  objc_autoreleasePoolPop(pool);

  // Handlers, and the threads that call them, let go of objects later than a test that waits for
  // their work.
  const struct timespec pause = {.tv_nsec = 1000000};
  for (int milliseconds = 0; milliseconds < 2000 && differences(before, NULL); ++milliseconds)
    nanosleep(&pause, NULL);
  failures += differences(before, name);
}
