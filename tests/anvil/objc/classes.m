// Classes, categories, protocols and messages as a compiler emits them; without ARC.
#include <mach/mach.h>
#include <sys/mman.h>
#import <Foundation/Foundation.h>
#import <objc/message.h>
#import <objc/runtime.h>

#import "check.h"

static int deallocated = 0;

@protocol Shape <NSObject>
- (double)area;
@optional
- (NSString*)title;
@property(nonatomic, readonly) int sides;
@end

@interface Rectangle : NSObject <Shape, NSCopying> {
 @public
  double width;
  double height;
  char mark;
}
@property(nonatomic, copy) NSString* name;
@property(retain) id tag;
@property(nonatomic, getter=isFilled) BOOL filled;
- (instancetype)initWithWidth:(double)width height:(double)height;
@end

@implementation Rectangle
- (instancetype)initWithWidth:(double)w height:(double)h {
  if ((self = [super init])) {
    width = w;
    height = h;
    mark = 'r';
  }
  return self;
}
- (double)area {
  return width * height;
}
- (int)sides {
  return 4;
}
- (id)copyWithZone:(NSZone*)zone {
  return [[[self class] alloc] initWithWidth:width height:height];
}
- (BOOL)isEqual:(id)other {
  return [other isKindOfClass:[Rectangle class]] && ((Rectangle*)other)->width == width;
}
- (NSUInteger)hash {
  return (NSUInteger)width;
}
- (NSString*)description {
  return [NSString stringWithFormat:@"%gx%g", width, height];
}
- (void)dealloc {
  ++deallocated;
  [_name release];
  [_tag release];
  [super dealloc];
}
@end

@interface Square : Rectangle {
  float extra;
}
+ (instancetype)squareOf:(double)side;
@end

static int initialized = 0, loaded = 0;

@implementation Square
+ (void)load {
  ++loaded;
}
+ (void)initialize {
  if (self == [Square class]) ++initialized;
}
+ (instancetype)squareOf:(double)side {
  return [[[self alloc] initWithWidth:side height:side] autorelease];
}
- (instancetype)initWithWidth:(double)w height:(double)h {
  if ((self = [super initWithWidth:w height:h])) extra = 0.5f;
  return self;
}
- (double)area {
  return [super area] + extra;
}
- (NSString*)title {
  return @"square";
}
@end

@interface NSString (Twice)
- (NSString*)twice;
@end
@implementation NSString (Twice)
- (NSString*)twice {
  return [self stringByAppendingString:self];
}
@end
@interface Rectangle (More)
+ (int)answer;
- (double)perimeter;
@end
@implementation Rectangle (More)
+ (int)answer {
  return 42;
}
- (double)perimeter {
  return 2 * (width + height);
}
@end

// Below a class that Anvil wrote in C++: its instance variables move behind that one's.
@interface Stack : NSMutableArray {
  int depth;
  id top;
}
- (void)push:(id)object;
- (int)depth;
- (id)top;
@end
@implementation Stack
- (void)push:(id)object {
  [self addObject:object];
  depth += 1;
  top = object;
}
- (int)depth {
  return depth;
}
- (id)top {
  return top;
}
@end

// One that counts by itself.
static int held = 1;
@interface Single : NSObject
@end
@implementation Single
- (instancetype)retain {
  ++held;
  return self;
}
- (oneway void)release {
  --held;
}
@end

typedef struct {
  double a, b, c, d;
} Four;
@interface Wide : NSObject
+ (Four)four:(double)first;
- (Four)four:(double)first;
- (long double)third;
@end
@implementation Wide
+ (void)initialize {
}
+ (Four)four:(double)first {
  return (Four){first, 2, 3, 4};
}
- (Four)four:(double)first {
  return (Four){first, 6, 7, 8};
}
- (long double)third {
  return 1.0L / 3;
}
@end
@interface Wider : Wide
@end
@implementation Wider
- (Four)four:(double)first {
  Four four = [super four:first];
  four.d = 9;
  return four;
}
@end

static void test_classes(void) {
  CHECK(loaded == 1 && initialized == 0);
  Rectangle* rectangle = [[Rectangle alloc] initWithWidth:2 height:3];
  CHECK(rectangle.area == 6 && rectangle->mark == 'r' && rectangle.sides == 4);
  CHECK(class_getInstanceSize([Rectangle class]) >= sizeof(double) * 4);
  Square* square = [Square squareOf:2];
  CHECK(initialized == 1 && [square area] == 4.5 && [square perimeter] == 8);
  CHECK([square isKindOfClass:[Rectangle class]] && ![square isMemberOfClass:[Rectangle class]]);
  CHECK([square.title isEqualToString:@"square"] && ![rectangle respondsToSelector:@selector(title)]);
  CHECK([Square answer] == 42 && [Square superclass] == [Rectangle class]);
  CHECK([[@"ab" twice] isEqualToString:@"abab"]);
  CHECK([[rectangle description] isEqualToString:@"2x3"]);
  CHECK([[NSString stringWithFormat:@"<%@>", rectangle] isEqualToString:@"<2x3>"]);
  CHECK([([NSString stringWithFormat:@"%p %5p %p", (void*)0, (void*)0, (void*)16]) isEqualToString:@"0x0   0x0 0x10"]);

  NSMutableString* text = [NSMutableString stringWithString:@"first"];
  rectangle.name = text;
  [text setString:@"second"];
  CHECK([rectangle.name isEqualToString:@"first"]);
  rectangle.tag = square;
  CHECK(rectangle.tag == square && square.retainCount >= 2);
  rectangle.filled = YES;
  CHECK(rectangle.isFilled && rectangle.filled);
  Rectangle* copied = [rectangle copy];
  CHECK(copied != rectangle && [copied isEqual:rectangle]);
  NSDictionary* keyed = @{rectangle : @"value"};
  CHECK([keyed[copied] isEqual:@"value"]);
  [copied release];
  CHECK(deallocated == 1);
  [rectangle release];

  Stack* stack = [[Stack alloc] init];
  for (int i = 0; i < 100; ++i) [stack push:@(i)];
  CHECK(stack.depth == 100 && stack.count == 100 && [stack.top intValue] == 99);
  [stack release];

  Single* single = [Single new];
  @autoreleasepool {
    NSArray* array = @[ single, single ];
    CHECK(array.count == 2 && held > 1);
  }
  CHECK(held == 1);
  [single dealloc];
}

static void test_structures(void) {
  CHECK([Wide four:1].d == 4);  // the class's first message
  Wide* wide = [[Wider new] autorelease];
  const Four four = [wide four:5];
  CHECK(four.a == 5 && four.c == 7 && four.d == 9);
  CHECK([wide third] == 1.0L / 3);
  Wide* none = nil;
  CHECK([none third] == 0 && [none hash] == 0);
}

static void test_protocols(void) {
  CHECK([Rectangle conformsToProtocol:@protocol(Shape)]);
  CHECK([Square conformsToProtocol:@protocol(NSCopying)]);
  CHECK(![Stack conformsToProtocol:@protocol(Shape)]);
  CHECK(protocol_conformsToProtocol(@protocol(Shape), @protocol(NSObject)));
  CHECK(strcmp(protocol_getName(objc_getProtocol("Shape")), "Shape") == 0);
  CHECK(objc_getProtocol("Shape") == @protocol(Shape));
  CHECK(protocol_getMethodDescription(@protocol(Shape), @selector(title), NO, YES).name);
  CHECK(!protocol_getMethodDescription(@protocol(Shape), @selector(title), YES, YES).name);
}

static int implementation(id self, SEL selector, int value) {
  (void)self, (void)selector;
  return value + 1;
}
static int other_implementation(id self, SEL selector, int value) {
  (void)self, (void)selector;
  return value + 2;
}

static BOOL is_mapped(const char* page) {
  return msync((void*)page, vm_page_size, MS_ASYNC) == 0;
}

static void test_pages(void) {
  vm_address_t at = 0;
  CHECK(vm_allocate(mach_task_self(), &at, 3, VM_FLAGS_ANYWHERE) == KERN_SUCCESS);
  char* pages = (char*)at;
  pages[vm_page_size - 1] = 1;
  CHECK(pages[vm_page_size + (32 << 10) - 1] == 0);  // the slack
  CHECK(vm_deallocate(mach_task_self(), at, 3) == KERN_SUCCESS);
  for (size_t page = 0; page <= (32 << 10) / vm_page_size; ++page) CHECK(!is_mapped(pages + page * vm_page_size));

  // In parts: the slack goes with the last page, whatever has gone before.
  CHECK(vm_allocate(mach_task_self(), &at, 5 * vm_page_size, VM_FLAGS_ANYWHERE) == KERN_SUCCESS);
  pages = (char*)at;
  const char* slack = pages + 5 * vm_page_size;
  CHECK(vm_deallocate(mach_task_self(), at, vm_page_size) == KERN_SUCCESS);
  CHECK(vm_deallocate(mach_task_self(), at + 2 * vm_page_size, vm_page_size) == KERN_SUCCESS);
  CHECK(!is_mapped(pages) && is_mapped(pages + vm_page_size) && !is_mapped(pages + 2 * vm_page_size) && is_mapped(slack));
  CHECK(vm_deallocate(mach_task_self(), at + 3 * vm_page_size, 2 * vm_page_size) == KERN_SUCCESS);
  for (size_t page = 0; page < (32 << 10) / vm_page_size; ++page) CHECK(!is_mapped(slack + page * vm_page_size));
  CHECK(is_mapped(pages + vm_page_size) && vm_deallocate(mach_task_self(), at + vm_page_size, vm_page_size) == KERN_SUCCESS);
  CHECK(vm_allocate(mach_task_self(), &at, ~(vm_size_t)0, VM_FLAGS_ANYWHERE) == KERN_NO_SPACE);
}

static void test_runtime(void) {
  Class made = objc_allocateClassPair([Rectangle class], "Made", 0);
  CHECK(class_addIvar(made, "count", sizeof(int), 2, "i"));
  CHECK(class_addMethod(made, sel_registerName("addTo:"), (IMP)implementation, "i@:i"));
  objc_registerClassPair(made);
  CHECK(objc_getClass("Made") == made && !objc_allocateClassPair([NSObject class], "Made", 0));
  id object = [[made alloc] initWithWidth:1 height:1];
  int (*send)(id, SEL, int) = (int (*)(id, SEL, int))objc_msgSend;
  CHECK(send(object, sel_registerName("addTo:"), 4) == 5);
  class_replaceMethod(made, sel_registerName("addTo:"), (IMP)other_implementation, "i@:i");
  CHECK(send(object, sel_registerName("addTo:"), 4) == 6);
  CHECK([object area] == 1 && strcmp(object_getClassName(object), "Made") == 0);
  CHECK(ivar_getOffset(class_getInstanceVariable(made, "count")) >= 16);
  CHECK(strcmp(ivar_getTypeEncoding(class_getInstanceVariable(made, "width")), "d") == 0);
  unsigned count = 0;
  objc_property_t* properties = class_copyPropertyList([Rectangle class], &count);
  CHECK(count >= 3 && class_getProperty([Square class], "name"));
  free(properties);
  Method area = class_getInstanceMethod([Square class], @selector(area));
  CHECK(method_getImplementation(area) == class_getMethodImplementation([Square class], @selector(area)));
  CHECK(class_getInstanceMethod([Rectangle class], @selector(title)) == NULL);
  Method perimeter = class_getInstanceMethod([Rectangle class], @selector(perimeter));
  method_exchangeImplementations(class_getInstanceMethod([Rectangle class], @selector(area)), perimeter);
  CHECK([object area] == 4 && [object perimeter] == 1);
  method_exchangeImplementations(class_getInstanceMethod([Rectangle class], @selector(area)), perimeter);
  [object release];

  // More selectors than the tables were made for.
  char name[32];
  for (int i = 0; i < 4000; ++i) {
    snprintf(name, sizeof name, "generated%d:", i);
    class_addMethod(made, sel_registerName(name), (IMP)implementation, "i@:i");
  }
  object = [[[made alloc] initWithWidth:3 height:3] autorelease];
  CHECK(send(object, sel_registerName("generated3999:"), 1) == 2 && [object area] == 9);
  CHECK([[NSString stringWithUTF8String:"still"] length] == 5);

  static char key;
  objc_setAssociatedObject(object, &key, @"kept", OBJC_ASSOCIATION_RETAIN);
  CHECK([objc_getAssociatedObject(object, &key) isEqual:@"kept"]);
  CHECK(NSClassFromString(@"Square") == [Square class] && !NSClassFromString(@"NSNothing"));
  CHECK([NSStringFromSelector(@selector(isEqual:)) isEqual:@"isEqual:"]);
}

static void test_exceptions(void) {
  NSString* caught = nil;
  int finally = 0;
  @try {
    [NSException raise:NSGenericException format:@"number %d", 7];
  } @catch (NSException* exception) {
    caught = exception.reason;
  } @finally {
    ++finally;
  }
  CHECK([caught isEqualToString:@"number 7"] && finally == 1);
  @try {
    @try {
      @throw @"text";
    } @catch (NSException* exception) {
      CHECK(!"a string is no exception");
    } @finally {
      ++finally;
    }
  } @catch (NSString* text) {
    caught = text;
  }
  CHECK([caught isEqualToString:@"text"] && finally == 2);
  @try {
    (void)[@[ @1 ] objectAtIndex:5];
  } @catch (NSException* exception) {
    CHECK([exception.reason containsString:@"index 5 is beyond count 1"]);
    CHECK([exception.name isEqual:NSRangeException]);
    ++finally;
  }
  @try {
    [(id)@"text" perimeter];
  } @catch (id exception) {
    CHECK([[exception reason] containsString:@"-[NSConstantString perimeter]: unrecognized selector"]);
    CHECK([[exception name] isEqual:NSInvalidArgumentException]);
    ++finally;
  }
  CHECK(finally == 4);
  @synchronized(caught) {
    @synchronized(caught) {
      ++finally;
    }
  }
  CHECK(finally == 5);
}

void test_without_arc(void) {
  @autoreleasepool {
    test_classes();
    test_structures();
    test_protocols();
    test_runtime();
    test_pages();
    test_exceptions();
  }
}
