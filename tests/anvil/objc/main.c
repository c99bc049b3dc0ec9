// The programs, one after the other.
#include "check.h"
#include "live_objects.h"

int failures = 0;

void test_without_arc(void);
void test_with_arc(void);
void test_metal(void);
void test_mixed(void);
void test_json(void);
void test_operations(void);
void test_services(void);
void test_defaults(void);

int main(void) {
  test_defaults();  // they stay with the process
  counted("without ARC", test_without_arc);
  counted("with ARC", test_with_arc);
  counted("mixed", test_mixed);
  counted("JSON", test_json);
  counted("operations", test_operations);
  counted("services", test_services);
  counted("Metal", test_metal);
  if (!failures) puts("ok");
  return failures != 0;
}
