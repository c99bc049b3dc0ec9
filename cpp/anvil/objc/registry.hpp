// All selectors and classes of the process, and the dispatch tables that messages go through.
#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "class.hpp"

/// What Apple calls a Method.
struct objc_method {
  SEL name;
  const char* types;  ///< as @encode writes them; "" where C++ defined the method
  IMP imp;
};

namespace anvil::objc {

struct CompiledClass;

/// Of a class and of its metaclass, what messages do not need.
struct ClassInfo {
  explicit ClassInfo(const char* name, bool is_metaclass = false)
      : name(name), is_metaclass(is_metaclass) {}

  IMP* table =
      nullptr;  ///< objc_class::methods, but while +initialize is to be sent; first: message.S
  const char* name;
  bool is_metaclass;
  bool blocks = false;      ///< instances are blocks
  bool messages = false;    ///< instances are retained and released by messages
  bool owns_table = false;  ///< else it is the superclass's
  size_t size = 0;          ///< of an instance
  std::atomic<long> instances{0};
  void (*construct)(void*) = nullptr;
  void (*reclaim)(objc_object*) = nullptr;  ///< the destructor of what construct() made, and free
  const CompiledClass* compiled = nullptr;  ///< null: defined in C++, or by objc_allocateClassPair
  /// By selector; nodes stay where they are.
  std::unordered_map<SEL, objc_method> methods;
  std::vector<objc_class*> subclasses;
  std::vector<Protocol*> protocols;
  std::vector<objc_ivar*> added_ivars;  ///< by class_addIvar
};

/// Sending takes no lock: what it reads is published whole, and tables that were replaced by larger
/// ones are kept. Never destroyed, as messages are sent until the process has ended.
class Registry {
 public:
  static Registry& get();

  SEL selector(std::string_view name);
  /// Null if there is none. A class of Apple's that is not here has a stand-in whose every method
  /// is an error: nil would swallow the messages in silence.
  objc_class* find_class(std::string_view name);
  /// The same without stand-ins.
  objc_class* find_defined(std::string_view name);
  bool has(const objc_class* cls);
  /// False if the name is taken. `cls` and its metaclass `cls->isa` have superclasses and infos.
  bool add(objc_class* cls);
  void set_method(objc_class* cls, SEL selector, IMP code, const char* types);
  /// Each of two methods gets the other's code.
  void exchange(objc_method& first, objc_method& second);
  /// Null, or the method that instances have, their own or inherited.
  objc_method* find_method(objc_class* cls, SEL selector);
  /// +initialize is sent before the class's first message.
  void trap_first_message(objc_class* cls);
  /// Ends that; false if another thread was faster.
  bool untrap(objc_class* cls);
  std::vector<objc_class*> classes();
  /// A copy that stays, as the texts of compiled classes do.
  const char* keep(const char* text);

 private:
  Registry();
  SEL selector_locked(std::string_view name);
  objc_class* find_locked(std::string_view name);
  void add_locked(objc_class* cls);
  void set_method_locked(objc_class* cls, SEL selector, IMP code, const char* types);
  void link(objc_class* cls);
  void build(const ClassRecord& record);
  void add_methods(objc_class* cls, const std::vector<MethodEntry>& methods);
  void give_index(SEL selector);
  void grow();
  IMP* make_table();
  IMP* new_table(const IMP* inherited);
  void publish(objc_class* cls, IMP* table);
  void refresh(objc_class* cls, SEL selector, IMP code);

  std::mutex mutex_;
  std::unordered_map<std::string_view, SEL> selectors_;
  std::unordered_map<std::string_view, objc_class*> by_name_;
  std::unordered_map<const objc_class*, const ClassRecord*> by_storage_;
  std::vector<objc_class*> all_;  ///< with metaclasses; superclasses come first
  std::unordered_set<const objc_class*> known_;
  uint32_t selector_count_ = 1;  ///< index 0 is of all selectors without a method
  uint32_t capacity_ = 0;
  IMP* trap_ = nullptr;                         ///< every slot sends +initialize first
  std::vector<std::unique_ptr<IMP[]>> tables_;  ///< those in use and those that were replaced
  std::unordered_set<std::string> texts_;
};

/// Every slot of a dispatch table without a method.
IMP forward();

}  // namespace anvil::objc
