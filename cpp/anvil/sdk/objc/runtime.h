// Classes, methods and objects, asked and made at run time.
#pragma once

#include <objc/objc.h>

#ifdef __OBJC__
@class Protocol;
#else
typedef struct objc_object Protocol;
#endif
typedef struct objc_method* Method;
typedef struct objc_ivar* Ivar;
typedef struct objc_property* objc_property_t;
typedef struct objc_category* Category;

struct objc_method_description {
  SEL name;
  char* types;
};
typedef struct {
  const char* name;
  const char* value;
} objc_property_attribute_t;

typedef uintptr_t objc_AssociationPolicy;
enum {
  OBJC_ASSOCIATION_ASSIGN = 0,
  OBJC_ASSOCIATION_RETAIN_NONATOMIC = 1,
  OBJC_ASSOCIATION_COPY_NONATOMIC = 3,
  OBJC_ASSOCIATION_RETAIN = 01401,
  OBJC_ASSOCIATION_COPY = 01403
};

#define ANVIL_OBJC(result, name, ...) OBJC_EXTERN result name(__VA_ARGS__) ANVIL_OBJC_NAME(name)

/// Null if there is no such class.
ANVIL_OBJC(Class, objc_lookUpClass, const char* name);
ANVIL_OBJC(Class, objc_getClass, const char* name);
ANVIL_OBJC(Class, objc_getRequiredClass, const char* name);
ANVIL_OBJC(Class, objc_getMetaClass, const char* name);
ANVIL_OBJC(int, objc_getClassList, Class* buffer, int count);
ANVIL_OBJC(Class*, objc_copyClassList, unsigned int* count);
/// Null if there is no such protocol.
ANVIL_OBJC(Protocol*, objc_getProtocol, const char* name);
ANVIL_OBJC(Class, objc_allocateClassPair, Class superclass, const char* name, size_t extra);
ANVIL_OBJC(void, objc_registerClassPair, Class cls);

ANVIL_OBJC(const char*, class_getName, Class cls);
ANVIL_OBJC(Class, class_getSuperclass, Class cls);
ANVIL_OBJC(BOOL, class_isMetaClass, Class cls);
ANVIL_OBJC(size_t, class_getInstanceSize, Class cls);
ANVIL_OBJC(BOOL, class_respondsToSelector, Class cls, SEL selector);
ANVIL_OBJC(BOOL, class_conformsToProtocol, Class cls, Protocol* protocol);
ANVIL_OBJC(BOOL, class_addProtocol, Class cls, Protocol* protocol);
ANVIL_OBJC(Method, class_getInstanceMethod, Class cls, SEL selector);
ANVIL_OBJC(Method, class_getClassMethod, Class cls, SEL selector);
ANVIL_OBJC(IMP, class_getMethodImplementation, Class cls, SEL selector);
ANVIL_OBJC(Method*, class_copyMethodList, Class cls, unsigned int* count);
ANVIL_OBJC(BOOL, class_addMethod, Class cls, SEL selector, IMP code, const char* types);
ANVIL_OBJC(IMP, class_replaceMethod, Class cls, SEL selector, IMP code, const char* types);
ANVIL_OBJC(BOOL, class_addIvar, Class cls, const char* name, size_t size, uint8_t alignment,
           const char* types);
ANVIL_OBJC(Ivar, class_getInstanceVariable, Class cls, const char* name);
ANVIL_OBJC(Ivar*, class_copyIvarList, Class cls, unsigned int* count);
ANVIL_OBJC(objc_property_t, class_getProperty, Class cls, const char* name);
ANVIL_OBJC(objc_property_t*, class_copyPropertyList, Class cls, unsigned int* count);
ANVIL_OBJC(id, class_createInstance, Class cls, size_t extra);

ANVIL_OBJC(SEL, method_getName, Method method);
ANVIL_OBJC(IMP, method_getImplementation, Method method);
ANVIL_OBJC(const char*, method_getTypeEncoding, Method method);
ANVIL_OBJC(void, method_exchangeImplementations, Method first, Method second);
ANVIL_OBJC(const char*, ivar_getName, Ivar ivar);
ANVIL_OBJC(const char*, ivar_getTypeEncoding, Ivar ivar);
ANVIL_OBJC(ptrdiff_t, ivar_getOffset, Ivar ivar);
ANVIL_OBJC(const char*, property_getName, objc_property_t property);
ANVIL_OBJC(const char*, property_getAttributes, objc_property_t property);
ANVIL_OBJC(const char*, protocol_getName, Protocol* protocol);
ANVIL_OBJC(BOOL, protocol_isEqual, Protocol* protocol, Protocol* other);
ANVIL_OBJC(BOOL, protocol_conformsToProtocol, Protocol* protocol, Protocol* other);
ANVIL_OBJC(struct objc_method_description, protocol_getMethodDescription, Protocol* protocol,
           SEL selector, BOOL required, BOOL instance);
ANVIL_OBJC(BOOL, sel_isEqual, SEL first, SEL second);

ANVIL_OBJC(Class, object_getClass, id object);
ANVIL_OBJC(Class, object_setClass, id object, Class cls);
ANVIL_OBJC(BOOL, object_isClass, id object);
ANVIL_OBJC(id, object_getIvar, id object, Ivar ivar);
ANVIL_OBJC(void, object_setIvar, id object, Ivar ivar, id value);
ANVIL_OBJC(id, objc_getAssociatedObject, id object, const void* key);
ANVIL_OBJC(void, objc_setAssociatedObject, id object, const void* key, id value,
           objc_AssociationPolicy policy);
ANVIL_OBJC(void, objc_removeAssociatedObjects, id object);
