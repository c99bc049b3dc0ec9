// A program's checks: what fails is printed, and is the exit status.
#pragma once

#include <stdio.h>

extern int failures;

#define CHECK(...)                                                      \
  do {                                                                  \
    if (!(__VA_ARGS__)) {                                               \
      ++failures;                                                       \
      fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #__VA_ARGS__); \
    }                                                                   \
  } while (0)
