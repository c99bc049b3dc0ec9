// The symbols that a compiler's references to classes name. What is here is a note of the class's
// name, which the runtime puts the class in the place of as it takes in a program (objc/image.cpp):
// a program that is not position-independent has a copy of these, and classes have one place.
#include <stddef.h>

extern const void* const anvil_objc_placeholder[];

/// As objc_class.
struct placeholder {
  const void* isa;
  const void* superclass;
  const void* methods;    ///< the mark of a placeholder
  const void* metaclass;  ///< not null: this is the class's class
  const char* name;
};

#define PLACEHOLDER(class)                                                               \
  __attribute__((visibility("default"))) struct placeholder OBJC_CLASS_$_##class = {     \
      NULL, NULL, anvil_objc_placeholder, NULL, #class};                                 \
  __attribute__((visibility("default"))) struct placeholder OBJC_METACLASS_$_##class = { \
      NULL, NULL, anvil_objc_placeholder, #class, #class};

#pragma clang diagnostic ignored "-Wdollar-in-identifier-extension"

PLACEHOLDER(Protocol)
PLACEHOLDER(NSObject)
PLACEHOLDER(NSArray)
PLACEHOLDER(NSAutoreleasePool)
PLACEHOLDER(NSBlock)
PLACEHOLDER(NSBlockOperation)
PLACEHOLDER(NSBundle)
PLACEHOLDER(NSCache)
PLACEHOLDER(NSCharacterSet)
PLACEHOLDER(NSCondition)
PLACEHOLDER(NSConstantString)
PLACEHOLDER(NSData)
PLACEHOLDER(NSDate)
PLACEHOLDER(NSDictionary)
PLACEHOLDER(NSEnumerator)
PLACEHOLDER(NSError)
PLACEHOLDER(NSException)
PLACEHOLDER(NSFileManager)
PLACEHOLDER(NSHashTable)
PLACEHOLDER(NSJSONSerialization)
PLACEHOLDER(NSLock)
PLACEHOLDER(NSMapTable)
PLACEHOLDER(NSMethodSignature)
PLACEHOLDER(NSMutableArray)
PLACEHOLDER(NSMutableData)
PLACEHOLDER(NSMutableDictionary)
PLACEHOLDER(NSMutableSet)
PLACEHOLDER(NSMutableString)
PLACEHOLDER(NSNotification)
PLACEHOLDER(NSNotificationCenter)
PLACEHOLDER(NSNull)
PLACEHOLDER(NSNumber)
PLACEHOLDER(NSOperation)
PLACEHOLDER(NSOperationQueue)
PLACEHOLDER(NSProcessInfo)
PLACEHOLDER(NSRecursiveLock)
PLACEHOLDER(NSScanner)
PLACEHOLDER(NSSet)
PLACEHOLDER(NSString)
PLACEHOLDER(NSThread)
PLACEHOLDER(NSURL)
PLACEHOLDER(NSUUID)
PLACEHOLDER(NSUserDefaults)
PLACEHOLDER(NSValue)

#include "metal_classes.inc"
