// @throw and @catch over C++'s exceptions: an object is thrown as a pointer whose type says what
// may catch it.
#include <objc/arc.h>

#include <cxxabi.h>

#include <cstdio>
#include <cstring>
#include <typeinfo>
#include <utility>

#include "autorelease.hpp"
#include "cast.hpp"
#include "errors.hpp"
#include "exceptions.hpp"
#include "registry.hpp"
#include "runtime.hpp"

namespace anvil::objc {
namespace {

/// The object that stands for an exception of Anvil's own while it is caught.
thread_local objc_object* translated = nullptr;

ExceptionMaker maker = nullptr;

template <class E>
const char* text_of(const std::type_info& thrown, void* exception) {
  return std::strcmp(thrown.name(), typeid(E).name()) == 0 ? static_cast<E*>(exception)->what()
                                                           : nullptr;
}

}  // namespace

void set_exception_maker(ExceptionMaker made_by) {
  maker = made_by;
}

bool ExceptionType::__do_catch(const std::type_info* thrown, void** exception, unsigned) const {
  objc_object* object = nullptr;
  const bool is_object = dynamic_cast<const ExceptionType*>(thrown) != nullptr;
  if (is_object) {
    object = *static_cast<objc_object**>(*exception);
  } else {
    const char* const range = text_of<OutOfRange>(*thrown, *exception);
    const char* text = range ? range : text_of<UnrecognizedSelector>(*thrown, *exception);
    if (!text) text = text_of<InvalidUse>(*thrown, *exception);
    if (!text || !maker) return false;
    object = maker(text, range);
  }
  if (cls_ && !is_kind_of(object, resolve_class(cls_))) return false;
  if (!is_object) {
    translated = object;
    *exception = static_cast<void*>(&translated);
  }
  return true;
}

ExceptionType::~ExceptionType() = default;

}  // namespace anvil::objc

using namespace anvil::objc;

extern "C" {

__asm__(
    ".globl objc_ehtype_vtable\n"
    ".set objc_ehtype_vtable, _ZTVN5anvil4objc13ExceptionTypeE\n");

ANVIL_EXPORT extern const ExceptionType OBJC_EHTYPE_id;
[[clang::no_destroy]] const ExceptionType OBJC_EHTYPE_id("id", nullptr);

ANVIL_EXPORT void objc_exception_throw(id object) {
  retain(object);
  void* memory = abi::__cxa_allocate_exception(sizeof(id));
  *static_cast<id*>(memory) = object;
  abi::__cxa_throw(memory, const_cast<ExceptionType*>(&OBJC_EHTYPE_id),
                   [](void* thrown) { release(*static_cast<id*>(thrown)); });
}
ANVIL_EXPORT void objc_exception_rethrow() {
  abi::__cxa_rethrow();
}
/// Null in a handler of everything, where what was thrown is none of Objective-C's.
ANVIL_EXPORT id objc_begin_catch(void* exception) {
  void* caught = abi::__cxa_begin_catch(exception);
  const std::type_info* type = abi::__cxa_current_exception_type();
  if (caught == &translated || (type && dynamic_cast<const ExceptionType*>(type)))
    return *static_cast<id*>(caught);
  return nullptr;
}
ANVIL_EXPORT void objc_end_catch() {
  abi::__cxa_end_catch();
}

}  // extern "C"
