// The types of what @throw throws, and what Foundation tells the runtime of its NSException.
#pragma once

#include <typeinfo>

#include "object.hpp"

namespace anvil::objc {

/// What clang refers to as `objc_ehtype_vtable` with a name and a class behind it, and
/// __gxx_personality_v0 takes for the type in a handler.
class ExceptionType : public std::type_info {
 public:
  ExceptionType(const char* name, Class cls) : std::type_info(name), cls_(cls) {}
  ~ExceptionType() override;
  bool __do_catch(const std::type_info* thrown, void** exception, unsigned) const override;

 private:
  Class cls_;  ///< null: any object
};

/// An autoreleased object for an error of Anvil's own that @catch meets.
using ExceptionMaker = objc_object* (*)(const char* text, bool out_of_range);
void set_exception_maker(ExceptionMaker maker);
/// The class that a reference in a program's data means.
Class resolve_class(Class cls);

}  // namespace anvil::objc
