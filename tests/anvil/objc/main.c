// The programs, one after the other.
#include "check.h"

int failures = 0;

void test_without_arc(void);
void test_with_arc(void);
void test_metal(void);
void test_mixed(void);
void test_json(void);
void test_operations(void);
void test_services(void);

int main(void) {
  test_without_arc();
  test_with_arc();
  test_mixed();
  test_json();
  test_operations();
  test_services();
#ifdef WITH_COMPILER
  test_metal();
#endif
  if (!failures) puts("ok");
  return failures != 0;
}
