// Apple's names for what libanvil has under names of its own: a program, or a client that looks
// functions up by name, finds them here, and no other runtime in a process is touched by libanvil.
#define SYMBOL(name) name
#include "anvil/objc/message.S"

#if defined(__x86_64__)
    .macro NAME name, target
    .globl \name
    .type \name, @function
    .p2align 4
\name:
    endbr64
    jmp [rip + \target@GOTPCREL]
    .size \name, . - \name
    .endm
#else
    .macro NAME name, target
    .globl \name
    .type \name, %function
    .p2align 4
\name:
    hint #34
    adrp x16, :got:\target
    ldr x16, [x16, :got_lo12:\target]
    br x16
    .size \name, . - \name
    .endm
#endif

    .text
    .macro NAMES names:vararg
    .irp name, \names
    NAME \name, anvil_\name
    .endr
    .endm

    NAMES sel_registerName, sel_getUid, sel_getName, sel_isMapped, sel_isEqual
    NAMES objc_lookUpClass, objc_getClass, objc_getRequiredClass, objc_getMetaClass
    NAMES objc_getClassList, objc_copyClassList, objc_allocateClassPair, objc_registerClassPair
    NAMES class_getName, class_getSuperclass, class_isMetaClass, class_getInstanceSize
    NAMES class_respondsToSelector, class_getInstanceMethod, class_getClassMethod
    NAMES class_getMethodImplementation, class_copyMethodList, class_addMethod, class_replaceMethod
    NAMES class_createInstance, class_addIvar, class_getInstanceVariable, class_copyIvarList
    NAMES class_getProperty, class_copyPropertyList, class_conformsToProtocol, class_addProtocol
    NAMES method_getName, method_getImplementation, method_getTypeEncoding
    NAMES method_exchangeImplementations, ivar_getName, ivar_getTypeEncoding, ivar_getOffset
    NAMES property_getName, property_getAttributes
    NAMES objc_getProtocol, protocol_getName, protocol_isEqual, protocol_conformsToProtocol
    NAMES protocol_getMethodDescription
    NAMES object_getClass, object_setClass, object_isClass, object_getClassName, object_getIvar
    NAMES object_setIvar
    NAMES objc_alloc, objc_allocWithZone, objc_alloc_init, objc_opt_new, objc_opt_self
    NAMES objc_opt_class, objc_opt_isKindOfClass, objc_opt_respondsToSelector
    NAMES objc_retain, objc_release, objc_autorelease, objc_retainAutorelease
    NAMES objc_retainAutoreleaseReturnValue, objc_autoreleaseReturnValue
    NAMES objc_retainAutoreleasedReturnValue, objc_claimAutoreleasedReturnValue
    NAMES objc_unsafeClaimAutoreleasedReturnValue, objc_retainBlock, objc_storeStrong
    NAMES objc_autoreleasePoolPush, objc_autoreleasePoolPop
    NAMES objc_initWeak, objc_storeWeak, objc_loadWeak, objc_loadWeakRetained, objc_destroyWeak
    NAMES objc_copyWeak, objc_moveWeak
    NAMES objc_getAssociatedObject, objc_setAssociatedObject, objc_removeAssociatedObjects
    NAMES objc_getProperty, objc_setProperty, objc_setProperty_atomic, objc_setProperty_nonatomic
    NAMES objc_setProperty_atomic_copy, objc_setProperty_nonatomic_copy, objc_copyStruct
    NAMES objc_getCppObjectAtomic, objc_setCppObjectAtomic
    NAMES objc_sync_enter, objc_sync_exit, objc_enumerationMutation
    NAMES objc_exception_throw, objc_exception_rethrow, objc_begin_catch, objc_end_catch
    NAMES NSLog, NSLogv, NSStringFromClass, NSStringFromSelector, NSClassFromString
    NAMES NSSelectorFromString, NSTemporaryDirectory, NSHomeDirectory
    NAMES CFRetain, CFRelease, CFAbsoluteTimeGetCurrent
    NAMES vm_allocate, vm_deallocate
    NAMES dispatch_retain, dispatch_release, dispatch_queue_create, dispatch_get_global_queue
    NAMES dispatch_get_main_queue, dispatch_queue_get_label, dispatch_main
    NAMES dispatch_async, dispatch_async_f, dispatch_sync, dispatch_sync_f, dispatch_apply
    NAMES dispatch_apply_f, dispatch_after, dispatch_after_f, dispatch_once, dispatch_once_f
    NAMES dispatch_barrier_async, dispatch_barrier_sync, dispatch_time, dispatch_walltime
    NAMES dispatch_group_create, dispatch_group_async, dispatch_group_async_f, dispatch_group_enter
    NAMES dispatch_group_leave, dispatch_group_wait, dispatch_group_notify
    NAMES dispatch_semaphore_create, dispatch_semaphore_wait, dispatch_semaphore_signal
    NAMES dispatch_data_create, dispatch_data_get_size, dispatch_data_create_map
    NAMES dispatch_data_apply, dispatch_data_create_concat, dispatch_data_create_subrange

    NAME __objc_personality_v0, __gxx_personality_v0

    // Where clang has a class's cache, and the runtime its table of methods.
    .data
    .globl _objc_empty_cache
    .type _objc_empty_cache, %object
    .size _objc_empty_cache, 8
_objc_empty_cache:
    .quad 0
