#define DOCTEST_CONFIG_IMPLEMENT_WITH_MAIN
#include <doctest/doctest.h>

#include <cstdlib>

// Before any device is made: tests run under Metal's validation, unless they are asked not to.
[[maybe_unused]] static const int validated = setenv("ANVIL_VALIDATION", "1", 0);
