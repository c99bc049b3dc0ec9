// libdispatch: queues, groups, semaphores, data (cpp/anvil/dispatch).
#pragma once

#include <Block.h>
#include <objc/objc.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __OBJC__
#include <objc/NSObject.h>
#define OS_OBJECT_USE_OBJC 1
#define ANVIL_DISPATCH_TYPE(name) \
  @protocol OS_                   \
  ##name<NSObject> @end           \
  typedef NSObject<OS_##name>* name##_t
#define DISPATCH_RETURNS_RETAINED __attribute__((ns_returns_retained))
typedef NSObject* dispatch_object_t;
#else
#define ANVIL_DISPATCH_TYPE(name) typedef struct name##_s* name##_t
#define DISPATCH_RETURNS_RETAINED
typedef void* dispatch_object_t;
#endif

ANVIL_DISPATCH_TYPE(dispatch_queue);
ANVIL_DISPATCH_TYPE(dispatch_queue_attr);
ANVIL_DISPATCH_TYPE(dispatch_group);
ANVIL_DISPATCH_TYPE(dispatch_semaphore);
ANVIL_DISPATCH_TYPE(dispatch_data);
typedef dispatch_queue_t dispatch_queue_main_t;
typedef dispatch_queue_t dispatch_queue_global_t;

typedef void (*dispatch_function_t)(void*);
typedef uint64_t dispatch_time_t;
typedef long dispatch_once_t;
typedef unsigned int dispatch_qos_class_t;

#define DISPATCH_TIME_NOW (0ull)
#define DISPATCH_TIME_FOREVER (~0ull)
#ifndef NSEC_PER_SEC
#define NSEC_PER_SEC 1000000000ull
#define NSEC_PER_MSEC 1000000ull
#define NSEC_PER_USEC 1000ull
#define USEC_PER_SEC 1000000ull
#endif

#define DISPATCH_QUEUE_PRIORITY_HIGH 2
#define DISPATCH_QUEUE_PRIORITY_DEFAULT 0
#define DISPATCH_QUEUE_PRIORITY_LOW (-2)
#define DISPATCH_QUEUE_PRIORITY_BACKGROUND (-32768)
#define QOS_CLASS_USER_INTERACTIVE 0x21
#define QOS_CLASS_USER_INITIATED 0x19
#define QOS_CLASS_DEFAULT 0x15
#define QOS_CLASS_UTILITY 0x11
#define QOS_CLASS_BACKGROUND 0x09
#define QOS_CLASS_UNSPECIFIED 0x00

#define ANVIL_DISPATCH(result, name, ...) OBJC_EXTERN result name(__VA_ARGS__) ANVIL_OBJC_NAME(name)

#define DISPATCH_QUEUE_SERIAL ((dispatch_queue_attr_t)0)
#if defined(__OBJC__) && __has_feature(objc_arc)
#define DISPATCH_QUEUE_CONCURRENT \
  ((__bridge dispatch_queue_attr_t)(void*)&anvil_dispatch_concurrent)
#else
#define DISPATCH_QUEUE_CONCURRENT ((dispatch_queue_attr_t)(void*)&anvil_dispatch_concurrent)
#endif
#define DISPATCH_QUEUE_SERIAL_WITH_AUTORELEASE_POOL DISPATCH_QUEUE_SERIAL
OBJC_EXTERN struct objc_object anvil_dispatch_concurrent;
#define DISPATCH_APPLY_AUTO ((dispatch_queue_t)0)
#define DISPATCH_TARGET_QUEUE_DEFAULT ((dispatch_queue_t)0)

ANVIL_DISPATCH(void, dispatch_retain, dispatch_object_t object);
ANVIL_DISPATCH(void, dispatch_release, dispatch_object_t object);

ANVIL_DISPATCH(dispatch_queue_t, dispatch_queue_create, const char* label,
               dispatch_queue_attr_t attributes)
DISPATCH_RETURNS_RETAINED;
ANVIL_DISPATCH(dispatch_queue_t, dispatch_get_global_queue, intptr_t priority, uintptr_t flags);
ANVIL_DISPATCH(dispatch_queue_t, dispatch_get_main_queue, void);
ANVIL_DISPATCH(const char*, dispatch_queue_get_label, dispatch_queue_t queue);
/// Carries out what comes to the main queue; does not return.
ANVIL_DISPATCH(void, dispatch_main, void) __attribute__((noreturn));
static inline dispatch_queue_attr_t dispatch_queue_attr_make_with_qos_class(
    dispatch_queue_attr_t attributes, dispatch_qos_class_t qos, int priority) {
  (void)qos, (void)priority;
  return attributes;
}

ANVIL_DISPATCH(void, dispatch_async_f, dispatch_queue_t queue, void* context,
               dispatch_function_t work);
ANVIL_DISPATCH(void, dispatch_sync_f, dispatch_queue_t queue, void* context,
               dispatch_function_t work);
ANVIL_DISPATCH(void, dispatch_apply_f, size_t count, dispatch_queue_t queue, void* context,
               void (*work)(void*, size_t));
ANVIL_DISPATCH(void, dispatch_after_f, dispatch_time_t when, dispatch_queue_t queue, void* context,
               dispatch_function_t work);
ANVIL_DISPATCH(void, dispatch_once_f, dispatch_once_t* once, void* context,
               dispatch_function_t work);

ANVIL_DISPATCH(dispatch_time_t, dispatch_time, dispatch_time_t when, int64_t nanoseconds);
struct timespec;
ANVIL_DISPATCH(dispatch_time_t, dispatch_walltime, const struct timespec* when,
               int64_t nanoseconds);

ANVIL_DISPATCH(dispatch_group_t, dispatch_group_create, void) DISPATCH_RETURNS_RETAINED;
ANVIL_DISPATCH(void, dispatch_group_async_f, dispatch_group_t group, dispatch_queue_t queue,
               void* context, dispatch_function_t work);
ANVIL_DISPATCH(void, dispatch_group_enter, dispatch_group_t group);
ANVIL_DISPATCH(void, dispatch_group_leave, dispatch_group_t group);
ANVIL_DISPATCH(intptr_t, dispatch_group_wait, dispatch_group_t group, dispatch_time_t timeout);

ANVIL_DISPATCH(dispatch_semaphore_t, dispatch_semaphore_create, intptr_t value)
DISPATCH_RETURNS_RETAINED;
ANVIL_DISPATCH(intptr_t, dispatch_semaphore_wait, dispatch_semaphore_t semaphore,
               dispatch_time_t timeout);
ANVIL_DISPATCH(intptr_t, dispatch_semaphore_signal, dispatch_semaphore_t semaphore);

ANVIL_DISPATCH(size_t, dispatch_data_get_size, dispatch_data_t data);
ANVIL_DISPATCH(dispatch_data_t, dispatch_data_create_map, dispatch_data_t data, const void** bytes,
               size_t* size)
DISPATCH_RETURNS_RETAINED;
ANVIL_DISPATCH(dispatch_data_t, dispatch_data_create_concat, dispatch_data_t first,
               dispatch_data_t second)
DISPATCH_RETURNS_RETAINED;
ANVIL_DISPATCH(dispatch_data_t, dispatch_data_create_subrange, dispatch_data_t data, size_t offset,
               size_t length)
DISPATCH_RETURNS_RETAINED;

#ifdef __BLOCKS__
typedef void (^dispatch_block_t)(void);
ANVIL_DISPATCH(void, dispatch_async, dispatch_queue_t queue, dispatch_block_t block);
ANVIL_DISPATCH(void, dispatch_sync, dispatch_queue_t queue, dispatch_block_t block);
ANVIL_DISPATCH(void, dispatch_barrier_async, dispatch_queue_t queue, dispatch_block_t block);
ANVIL_DISPATCH(void, dispatch_barrier_sync, dispatch_queue_t queue, dispatch_block_t block);
ANVIL_DISPATCH(void, dispatch_apply, size_t count, dispatch_queue_t queue, void (^block)(size_t));
ANVIL_DISPATCH(void, dispatch_after, dispatch_time_t when, dispatch_queue_t queue,
               dispatch_block_t block);
ANVIL_DISPATCH(void, dispatch_once, dispatch_once_t* once, dispatch_block_t block);
ANVIL_DISPATCH(void, dispatch_group_async, dispatch_group_t group, dispatch_queue_t queue,
               dispatch_block_t block);
ANVIL_DISPATCH(void, dispatch_group_notify, dispatch_group_t group, dispatch_queue_t queue,
               dispatch_block_t block);
/// With DISPATCH_DATA_DESTRUCTOR_DEFAULT the bytes are copied.
ANVIL_DISPATCH(dispatch_data_t, dispatch_data_create, const void* bytes, size_t size,
               dispatch_queue_t queue, dispatch_block_t destructor)
DISPATCH_RETURNS_RETAINED;
typedef bool (^dispatch_data_applier_t)(dispatch_data_t region, size_t offset, const void* bytes,
                                        size_t size);
ANVIL_DISPATCH(bool, dispatch_data_apply, dispatch_data_t data, dispatch_data_applier_t applier);
#define DISPATCH_DATA_DESTRUCTOR_DEFAULT ((dispatch_block_t)0)
OBJC_EXTERN const dispatch_block_t
    _dispatch_data_destructor_free __asm__("anvil_dispatch_data_destructor_free");
#define DISPATCH_DATA_DESTRUCTOR_FREE (_dispatch_data_destructor_free)
#endif
