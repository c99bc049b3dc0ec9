// NSValue, NSNumber and NSNull.
#include "anvil/foundation/number.hpp"

#include <charconv>
#include <cstring>

#include <Foundation/NSObjCRuntime.hpp>

#include "anvil/foundation/string.hpp"
#include "anvil/objc/autorelease.hpp"
#include "anvil/objc/errors.hpp"

namespace anvil {
namespace {

template <class T>
constexpr const char* kEncoding = nullptr;
template <>
constexpr const char* kEncoding<bool> = "B";
template <>
constexpr const char* kEncoding<char> = "c";
template <>
constexpr const char* kEncoding<unsigned char> = "C";
template <>
constexpr const char* kEncoding<short> = "s";
template <>
constexpr const char* kEncoding<unsigned short> = "S";
template <>
constexpr const char* kEncoding<int> = "i";
template <>
constexpr const char* kEncoding<unsigned int> = "I";
template <>
constexpr const char* kEncoding<long> = "l";
template <>
constexpr const char* kEncoding<unsigned long> = "L";
template <>
constexpr const char* kEncoding<long long> = "q";
template <>
constexpr const char* kEncoding<unsigned long long> = "Q";
template <>
constexpr const char* kEncoding<float> = "f";
template <>
constexpr const char* kEncoding<double> = "d";

template <class T>
void assign(Number& self, T value) {
  self.type = kEncoding<T>;
  self.bytes.resize(sizeof value);
  std::memcpy(self.bytes.data(), &value, sizeof value);
  if constexpr (std::is_floating_point_v<T>)
    self.number = static_cast<double>(value);
  else if constexpr (std::is_signed_v<T>)
    self.number = static_cast<int64_t>(value);
  else
    self.number = static_cast<uint64_t>(value);
}

}  // namespace

template <class T>
Number::Number(T value) {
  assign(*this, value);
}
template Number::Number(bool);
template Number::Number(long long);
template Number::Number(unsigned long long);
template Number::Number(double);

std::string to_string(const Number& number) {
  char text[32];
  const auto end =
      std::visit([&](auto value) { return std::to_chars(text, text + sizeof text, value).ptr; },
                 number.number);
  // A float in its own precision: 0.1f reads 0.1, not 0.10000000149011612.
  if (number.type == "f")
    return {text, std::to_chars(text, text + sizeof text,
                                static_cast<float>(std::get<double>(number.number)))
                      .ptr};
  return {text, end};
}

namespace {

/// Bytes of the @encode types that NSNumber and pointers have; 0 for others.
size_t size_of_encoding(const char* type) {
  if (std::strlen(type) != 1 && *type != '^') return 0;
  switch (*type) {
    case 'c':
    case 'C':
    case 'B':
      return 1;
    case 's':
    case 'S':
      return 2;
    case 'i':
    case 'I':
    case 'f':
      return 4;
    case 'l':
    case 'L':
    case 'q':
    case 'Q':
    case 'd':
    case '^':
    case '@':
    case '*':
      return 8;
    default:
      return 0;
  }
}

Value* init_with_bytes(Value* self, const void* bytes, const char* type) {
  const size_t size = size_of_encoding(type);
  if (size == 0)
    throw InvalidUse(std::string("-[NSValue initWithBytes:objCType:]: type \"") + type +
                     "\" is neither a scalar nor a pointer");
  self->type = type;
  self->bytes.assign(static_cast<const std::byte*>(bytes),
                     static_cast<const std::byte*>(bytes) + size);
  return self;
}
Value* with_bytes(const void* bytes, const char* type) {
  objc::Ref<Value> value = objc::make<Value>();
  init_with_bytes(value.get(), bytes, type);
  return value.autoreleased();
}
Value* with_pointer(const void* pointer) {
  return with_bytes(&pointer, "^v");
}
void get_value(const Value* self, void* out, size_t size) {
  if (size != self->bytes.size())
    throw InvalidUse("-[NSValue getValue:size:]: size " + std::to_string(size) +
                     ", the value has " + std::to_string(self->bytes.size()));
  std::memcpy(out, self->bytes.data(), size);
}
const char* type_of(const Value* self) {
  return self->type.c_str();
}
void* pointer_value(const Value* self) {
  void* pointer = nullptr;
  if (self->bytes.size() == sizeof pointer)
    std::memcpy(&pointer, self->bytes.data(), sizeof pointer);
  return pointer;
}
bool values_equal(const Value* self, const objc_object* object) {
  const auto* other = objc::as<Value>(object);
  return other && other->type == self->type && other->bytes == self->bytes;
}
size_t value_hash(const Value* self) {
  return std::hash<std::string_view>{}(
      {reinterpret_cast<const char*>(self->bytes.data()), self->bytes.size()});
}
Value* copy(Value* self) {
  objc::retain(self);
  return self;
}

ANVIL_OBJC_CLASS_DEFINITION<Value> value_definition{
    "NSValue",
    {
        objc::class_method<&with_bytes>("valueWithBytes:objCType:"),
        objc::class_method<&with_pointer>("valueWithPointer:"),
        objc::function<&init_with_bytes>("initWithBytes:objCType:"),
        objc::function<&get_value>("getValue:size:"),
        objc::function<&type_of>("objCType"),
        objc::function<&pointer_value>("pointerValue"),
        objc::function<&values_equal>("isEqualToValue:"),
        objc::function<&values_equal>("isEqual:"),
        objc::function<&value_hash>("hash"),
        objc::function<&copy>("copy"),
    }};

template <class T>
Number* with(T value) {
  return objc::make<Number>(value).autoreleased();
}
template <class T>
Number* init_with(Number* self, T value) {
  assign(*self, value);
  return self;
}
template <class T>
T value_as(const Number* self) {
  return std::visit([](auto value) { return static_cast<T>(value); }, self->number);
}
template <>
bool value_as<bool>(const Number* self) {
  return std::visit([](auto value) { return value != 0; }, self->number);
}

NS::ComparisonResult compare(const Number* self, const Number* other) {
  const auto order = std::visit(
      [](auto a, auto b) {
        if constexpr (std::is_floating_point_v<decltype(a)> ||
                      std::is_floating_point_v<decltype(b)>) {
          const auto x = static_cast<long double>(a), y = static_cast<long double>(b);
          return x < y ? -1 : x > y;
        } else {
          return std::cmp_less(a, b) ? -1 : std::cmp_less(b, a) ? 1 : 0;
        }
      },
      self->number, other->number);
  return static_cast<NS::ComparisonResult>(order);
}
bool equal_numbers(const Number* self, const objc_object* object) {
  const auto* other = objc::as<Number>(object);
  return other && compare(self, other) == NS::OrderedSame;
}
size_t number_hash(const Number* self) {
  return std::hash<double>{}(value_as<double>(self));
}
String* text_of(const Number* self) {
  return make_string(to_string(*self)).autoreleased();
}
String* text_in_locale(const Number* self, const objc_object*) {
  return text_of(self);
}

template <class T>
objc::MethodGroup kind(const char* make, const char* init, const char* get) {
  objc::MethodGroup group = objc::class_method<&with<T>>(make);
  for (const objc::MethodGroup& part :
       {objc::function<&init_with<T>>(init), objc::function<&value_as<T>>(get)})
    group.insert(group.end(), part.begin(), part.end());
  return group;
}

ANVIL_OBJC_CLASS_DEFINITION<Number> number_definition{
    "NSNumber",
    {
        kind<char>("numberWithChar:", "initWithChar:", "charValue"),
        kind<unsigned char>(
            "numberWithUnsignedChar:", "initWithUnsignedChar:", "unsignedCharValue"),
        kind<short>("numberWithShort:", "initWithShort:", "shortValue"),
        kind<unsigned short>(
            "numberWithUnsignedShort:", "initWithUnsignedShort:", "unsignedShortValue"),
        kind<int>("numberWithInt:", "initWithInt:", "intValue"),
        kind<unsigned int>("numberWithUnsignedInt:", "initWithUnsignedInt:", "unsignedIntValue"),
        kind<long>("numberWithLong:", "initWithLong:", "longValue"),
        kind<unsigned long>(
            "numberWithUnsignedLong:", "initWithUnsignedLong:", "unsignedLongValue"),
        kind<long long>("numberWithLongLong:", "initWithLongLong:", "longLongValue"),
        kind<unsigned long long>(
            "numberWithUnsignedLongLong:", "initWithUnsignedLongLong:", "unsignedLongLongValue"),
        kind<float>("numberWithFloat:", "initWithFloat:", "floatValue"),
        kind<double>("numberWithDouble:", "initWithDouble:", "doubleValue"),
        kind<bool>("numberWithBool:", "initWithBool:", "boolValue"),
        kind<NS::Integer>("numberWithInteger:", "initWithInteger:", "integerValue"),
        kind<NS::UInteger>(
            "numberWithUnsignedInteger:", "initWithUnsignedInteger:", "unsignedIntegerValue"),
        objc::function<&text_of>("stringValue"),
        objc::function<&text_of>("description"),
        objc::function<&text_in_locale>("descriptionWithLocale:"),
        objc::function<&compare>("compare:"),
        objc::function<&equal_numbers>("isEqualToNumber:"),
        objc::function<&equal_numbers>("isEqual:"),
        objc::function<&number_hash>("hash"),
    }};

/// What stands for nothing in a collection.
struct Null : objc::Object {
  using Super = RootObject;
};

Null* copy_null(Null* self) {
  objc::retain(self);
  return self;
}
String* null_description(const Null*) {
  return make_string("<null>").autoreleased();
}

ANVIL_OBJC_CLASS_DEFINITION<Null> null_definition{
    "NSNull",
    {
        objc::class_method<&shared_null>("null"),
        objc::function<&copy_null>("copy"),
        objc::function<&null_description>("description"),
    }};

}  // namespace

objc_object* shared_null() {
  static Null* const only = objc::lasting([] { return objc::make<Null>().detach(); });
  return only;
}

}  // namespace anvil
