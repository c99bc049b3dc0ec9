// os_log: to standard error.
#pragma once

#include <stdbool.h>
#include <stdio.h>

typedef const char* os_log_t;
typedef unsigned char os_log_type_t;
#define OS_LOG_DEFAULT ((os_log_t)0)
#define OS_LOG_TYPE_DEFAULT 0x00
#define OS_LOG_TYPE_INFO 0x01
#define OS_LOG_TYPE_DEBUG 0x02
#define OS_LOG_TYPE_ERROR 0x10
#define OS_LOG_TYPE_FAULT 0x11

static inline os_log_t os_log_create(const char* subsystem, const char* category) {
  (void)subsystem;
  return category;
}
static inline bool os_log_type_enabled(os_log_t log, os_log_type_t type) {
  (void)log;
  return type != OS_LOG_TYPE_DEBUG && type != OS_LOG_TYPE_INFO;
}
#define os_log_with_type(log, type, format, ...)                                                  \
  (os_log_type_enabled(log, type) ? (void)fprintf(stderr, "%s%s" format "\n", (log) ? (log) : "", \
                                                  (log) ? ": " : "", ##__VA_ARGS__)               \
                                  : (void)0)
#define os_log(log, ...) os_log_with_type(log, OS_LOG_TYPE_DEFAULT, __VA_ARGS__)
#define os_log_info(log, ...) os_log_with_type(log, OS_LOG_TYPE_INFO, __VA_ARGS__)
#define os_log_debug(log, ...) os_log_with_type(log, OS_LOG_TYPE_DEBUG, __VA_ARGS__)
#define os_log_error(log, ...) os_log_with_type(log, OS_LOG_TYPE_ERROR, __VA_ARGS__)
#define os_log_fault(log, ...) os_log_with_type(log, OS_LOG_TYPE_FAULT, __VA_ARGS__)
