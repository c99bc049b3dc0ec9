// What clang calls for automatic reference counting, properties, @synchronized, exceptions and
// loops, in its document "Objective-C Automatic Reference Counting".
#pragma once

#include <objc/runtime.h>

ANVIL_OBJC(id, objc_alloc, Class cls);
ANVIL_OBJC(id, objc_allocWithZone, Class cls);
ANVIL_OBJC(id, objc_alloc_init, Class cls);
ANVIL_OBJC(id, objc_opt_new, Class cls);
ANVIL_OBJC(id, objc_opt_self, id object);
ANVIL_OBJC(Class, objc_opt_class, id object);
ANVIL_OBJC(BOOL, objc_opt_isKindOfClass, id object, Class cls);
ANVIL_OBJC(BOOL, objc_opt_respondsToSelector, id object, SEL selector);

ANVIL_OBJC(id, objc_retain, id object);
ANVIL_OBJC(void, objc_release, id object);
ANVIL_OBJC(id, objc_autorelease, id object);
ANVIL_OBJC(id, objc_retainAutorelease, id object);
ANVIL_OBJC(id, objc_retainAutoreleaseReturnValue, id object);
ANVIL_OBJC(id, objc_autoreleaseReturnValue, id object);
ANVIL_OBJC(id, objc_retainAutoreleasedReturnValue, id object);
ANVIL_OBJC(id, objc_claimAutoreleasedReturnValue, id object);
ANVIL_OBJC(id, objc_unsafeClaimAutoreleasedReturnValue, id object);
ANVIL_OBJC(id, objc_retainBlock, id block);
ANVIL_OBJC(void, objc_storeStrong, id* place, id object);
ANVIL_OBJC(void*, objc_autoreleasePoolPush, void);
ANVIL_OBJC(void, objc_autoreleasePoolPop, void* pool);

ANVIL_OBJC(id, objc_initWeak, id* place, id object);
ANVIL_OBJC(id, objc_storeWeak, id* place, id object);
ANVIL_OBJC(id, objc_loadWeak, id* place);
ANVIL_OBJC(id, objc_loadWeakRetained, id* place);
ANVIL_OBJC(void, objc_destroyWeak, id* place);
ANVIL_OBJC(void, objc_copyWeak, id* to, id* from);
ANVIL_OBJC(void, objc_moveWeak, id* to, id* from);

ANVIL_OBJC(id, objc_getProperty, id object, SEL selector, ptrdiff_t offset, BOOL atomic);
ANVIL_OBJC(void, objc_setProperty, id object, SEL selector, ptrdiff_t offset, id value, BOOL atomic,
           signed char copy);
ANVIL_OBJC(void, objc_setProperty_atomic, id object, SEL selector, id value, ptrdiff_t offset);
ANVIL_OBJC(void, objc_setProperty_nonatomic, id object, SEL selector, id value, ptrdiff_t offset);
ANVIL_OBJC(void, objc_setProperty_atomic_copy, id object, SEL selector, id value, ptrdiff_t offset);
ANVIL_OBJC(void, objc_setProperty_nonatomic_copy, id object, SEL selector, id value,
           ptrdiff_t offset);
ANVIL_OBJC(void, objc_copyStruct, void* to, const void* from, ptrdiff_t size, BOOL atomic,
           BOOL strong);
ANVIL_OBJC(void, objc_getCppObjectAtomic, void* to, const void* from,
           void (*copy)(void*, const void*));
ANVIL_OBJC(void, objc_setCppObjectAtomic, void* to, const void* from,
           void (*copy)(void*, const void*));

ANVIL_OBJC(int, objc_sync_enter, id object);
ANVIL_OBJC(int, objc_sync_exit, id object);
ANVIL_OBJC(void, objc_enumerationMutation, id collection);
ANVIL_OBJC(void, objc_exception_throw, id exception) __attribute__((noreturn));
ANVIL_OBJC(void, objc_exception_rethrow, void) __attribute__((noreturn));
ANVIL_OBJC(id, objc_begin_catch, void* exception);
ANVIL_OBJC(void, objc_end_catch, void);
