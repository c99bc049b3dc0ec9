// Hands what a compiler made of Objective-C to the runtime, as the program or library that holds it
// is loaded: the linker names the bounds of its sections.
#pragma once

#include <objc/objc.h>

typedef struct {
  void **selectors, **selectors_end;
  void **class_references, **class_references_end;
  void **super_references, **super_references_end;
  void **classes, **classes_end;
  void **categories, **categories_end;
  void **protocols, **protocols_end;
  void **protocol_references, **protocol_references_end;
} anvil_objc_image;

/// Once for every image; later calls for the same one do nothing.
OBJC_EXTERN void anvil_objc_load(const anvil_objc_image* image);

#if defined(__OBJC__) && defined(__ELF__)
#define ANVIL_OBJC_SECTION(section)                                                  \
  OBJC_EXTERN void* __start_##section[] __attribute__((weak, visibility("hidden"))); \
  OBJC_EXTERN void* __stop_##section[] __attribute__((weak, visibility("hidden")))
#pragma clang diagnostic push
#pragma clang diagnostic ignored "-Wreserved-identifier"
ANVIL_OBJC_SECTION(objc_selrefs);
ANVIL_OBJC_SECTION(objc_classrefs);
ANVIL_OBJC_SECTION(objc_superrefs);
ANVIL_OBJC_SECTION(objc_classlist);
ANVIL_OBJC_SECTION(objc_catlist);
ANVIL_OBJC_SECTION(objc_protolist);
ANVIL_OBJC_SECTION(objc_protorefs);
#pragma clang diagnostic pop

/// One function an image, before its other constructors.
OBJC_EXTERN __attribute__((constructor(101), weak, visibility("hidden"))) void
anvil_objc_load_this_image(void) {
  const anvil_objc_image image = {
      __start_objc_selrefs,   __stop_objc_selrefs,   __start_objc_classrefs, __stop_objc_classrefs,
      __start_objc_superrefs, __stop_objc_superrefs, __start_objc_classlist, __stop_objc_classlist,
      __start_objc_catlist,   __stop_objc_catlist,   __start_objc_protolist, __stop_objc_protolist,
      __start_objc_protorefs, __stop_objc_protorefs};
  anvil_objc_load(&image);
}
#endif
