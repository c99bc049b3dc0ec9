/* A kernel with something beside its entry that loading would act on: one kind for each macro. */
#include "common.h"

extern int setenv(const char*, const char*, int);
extern int system(const char*);

#if defined(CONSTRUCTOR)
__attribute__((constructor)) static void run(void) {
  setenv("ANVIL_PLANTED", "yes", 1);
}
#elif defined(DESTRUCTOR)
__attribute__((destructor)) static void run(void) {
  setenv("ANVIL_PLANTED", "yes", 1);
}
#elif defined(CHOICE)
static void* choose(void) {
  setenv("ANVIL_PLANTED", "yes", 1);
  return 0;
}
__attribute__((visibility("default"))) void planted(void) __attribute__((ifunc("choose")));
#elif defined(THREAD)
static __thread int planted = 1;
#elif defined(SYMBOL)
__attribute__((visibility("default"))) void planted(void) {}
#endif

ENTRY(struct AnvilThreadgroup* tg, uint32_t simdgroup) {
#if defined(CHOICE)
  planted();
#elif defined(THREAD)
  tg->position[0] = (uint32_t)planted++;
#elif defined(CALL)
  tg->position[0] = (uint32_t)system("true");
#endif
  (void)tg, (void)simdgroup;
}
