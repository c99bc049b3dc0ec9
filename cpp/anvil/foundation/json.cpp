// NSJSONSerialization: JSON (RFC 8259) in UTF-8 to objects and back.
#include <algorithm>
#include <cmath>
#include <utility>

#include <nlohmann/json.hpp>

#include "anvil/foundation/data.hpp"
#include "anvil/foundation/dictionary.hpp"
#include "anvil/foundation/error.hpp"
#include "anvil/foundation/number.hpp"
#include "anvil/foundation/string.hpp"
#include "anvil/objc/errors.hpp"

namespace anvil {
namespace {

struct JsonSerialization : objc::Object {
  using Super = RootObject;
};

// As Apple's header has them.
enum Reading : NS::UInteger {
  kMutableContainers = 1,
  kMutableLeaves = 2,
  kReadsFragments = 4,
  kReadingOptions = 7
};
enum Writing : NS::UInteger {
  kPretty = 1,
  kSorted = 2,
  kWritesFragments = 4,
  kPlainSlashes = 8,
  kWritingOptions = 15
};
constexpr NS::Integer kCorrupt = 3840;  // NSPropertyListReadCorruptError
/// Containers within each other, as in Apple's; what goes through them recurses.
constexpr size_t kMostNested = 512;

using Any = objc::Ref<objc_object>;

std::string options_refusal(const char* method, NS::UInteger options, NS::UInteger known) {
  if ((options & ~known) == 0) return {};
  return std::string(method) + ": unsupported options " + std::to_string(options & ~known) +
         "; supported: sums of 1 to " + std::to_string((known + 1) / 2);
}

/// What the parser tells, as objects.
class Builder final : public nlohmann::json_sax<nlohmann::json> {
 public:
  explicit Builder(NS::UInteger options) : options_(options) {}

  bool null() override { return put(Any(shared_null())); }
  bool boolean(bool value) override { return put(objc::make<Number>(value)); }
  bool number_integer(number_integer_t value) override {
    return put(objc::make<Number>(static_cast<long long>(value)));
  }
  bool number_unsigned(number_unsigned_t value) override {
    // As -[NSNumber objCType] has it of numbers from JSON: signed, where that holds it.
    if (std::in_range<int64_t>(value)) return number_integer(static_cast<int64_t>(value));
    return put(objc::make<Number>(static_cast<unsigned long long>(value)));
  }
  bool number_float(number_float_t value, const string_t&) override {
    return put(objc::make<Number>(value));
  }
  bool string(string_t& value) override {
    if (options_ & kMutableLeaves) return put(objc::make<MutableString>(std::move(value)));
    return put(make_string(std::move(value)));
  }
  bool binary(binary_t&) override { return false; }
  bool key(string_t& value) override {
    keys_.push_back(make_string(std::move(value)));
    return true;
  }
  bool start_object(size_t) override {
    if (options_ & kMutableContainers) return open(objc::make<MutableDictionary>());
    return open(objc::make<Dictionary>());
  }
  bool start_array(size_t) override {
    if (options_ & kMutableContainers) return open(objc::make<MutableArray>());
    return open(objc::make<Array>());
  }
  bool end_object() override { return close(); }
  bool end_array() override { return close(); }
  bool parse_error(size_t, const std::string&, const nlohmann::json::exception& error) override {
    // "[json.exception.parse_error.101] parse error at line 1, column 2: ..."
    constexpr std::string_view kIntroduction = "parse error at ";
    problem = error.what();
    problem.erase(0, problem.find("] ") + 2);
    if (problem.starts_with(kIntroduction)) problem.erase(0, kIntroduction.size());
    return false;
  }

  Any root;
  std::string problem;

 private:
  bool put(Any value) {
    if (open_.empty()) {
      root = std::move(value);
    } else if (auto* array = objc::as<Array>(open_.back().get())) {
      array->items.push_back(std::move(value));
    } else {
      objc::as<Dictionary>(open_.back().get())->set(keys_.back().get(), value.get());
      keys_.pop_back();
    }
    return true;
  }
  bool open(Any container) {
    if (open_.size() == kMostNested) {
      problem = "more than " + std::to_string(kMostNested) + " arrays or dictionaries in another";
      return false;
    }
    open_.push_back(std::move(container));
    return true;
  }
  bool close() {
    const Any closed = std::move(open_.back());
    open_.pop_back();
    return put(closed);
  }

  NS::UInteger options_;
  std::vector<Any> open_;
  std::vector<objc::Ref<String>> keys_;  ///< without a value yet
};

bool is_container(const objc_object* object) {
  return objc::as<Array>(object) || objc::as<Dictionary>(object);
}

objc_object* read(const Data* data, NS::UInteger options, Error** error) {
  constexpr const char* kMethod = "+[NSJSONSerialization JSONObjectWithData:options:error:]";
  if (!data) throw InvalidUse(std::string(kMethod) + ": data is nil");
  std::string why = options_refusal(kMethod, options, kReadingOptions);
  if (!why.empty()) throw InvalidUse(why);
  const std::string_view text(reinterpret_cast<const char*>(data->bytes.data()),
                              data->bytes.size());
  Builder builder(options);
  if (!nlohmann::json::sax_parse(text, &builder))
    why = builder.problem;
  else if (!is_container(builder.root.get()) && !(options & kReadsFragments))
    why = "neither an array nor a dictionary, and NSJSONReadingFragmentsAllowed is not set";
  if (why.empty()) return builder.root.autoreleased();
  give_error(
      error,
      make_error("NSCocoaErrorDomain", kCorrupt,
                 "The data couldn’t be read because it isn’t in the correct format: " + why));
  return nullptr;
}

/// Why that cannot be JSON; empty if it can.
std::string refusal(const objc_object* value, size_t depth = 0) {
  if (objc::as<String>(value) || (value && value == shared_null())) return {};
  if (const auto* number = objc::as<Number>(value)) {
    const auto* real = std::get_if<double>(&number->number);
    return !real || std::isfinite(*real) ? "" : "the number " + to_string(*number);
  }
  if (!is_container(value))
    return "an object of class " + std::string(value ? class_getName(value->isa) : "nil");
  if (depth == kMostNested)
    return "more than " + std::to_string(kMostNested) + " arrays or dictionaries in another";
  std::string why;
  if (const auto* array = objc::as<Array>(value)) {
    for (size_t i = 0; i < array->items.size() && why.empty(); ++i)
      why = refusal(array->items[i].get(), depth + 1);
    return why;
  }
  const auto& entries = objc::as<Dictionary>(value)->entries;
  for (size_t i = 0; i < entries.size() && why.empty(); ++i) {
    const auto& [key, entry] = entries[i];
    why = objc::as<String>(key.get()) ? refusal(entry.get(), depth + 1)
                                      : "a key of class " + std::string(class_getName(key->isa));
  }
  return why;
}

bool is_true(const Number& number) {
  return std::visit([](auto value) { return value != 0; }, number.number);
}

/// Of what refusal() has nothing against.
class Writer {
 public:
  explicit Writer(NS::UInteger options) : options_(options) {}

  void value(const objc_object* object) {
    if (const auto* string = objc::as<String>(object)) return quoted(utf8(string));
    if (const auto* number = objc::as<Number>(object))
      text += number->type != "B" ? to_string(*number) : is_true(*number) ? "true" : "false";
    else if (const auto* array = objc::as<Array>(object))
      list('[', array->items, ']', [this](const Any& item) { value(item.get()); });
    else if (const auto* dictionary = objc::as<Dictionary>(object))
      entries(*dictionary);
    else
      text += "null";
  }

  std::string text;

 private:
  void entries(const Dictionary& dictionary) {
    std::vector<std::pair<std::string_view, const objc_object*>> entries;
    for (const auto& [key, entry] : dictionary.entries)
      entries.emplace_back(utf8(static_cast<const String*>(key.get())), entry.get());
    if (options_ & kSorted)
      std::sort(entries.begin(), entries.end(),
                [](const auto& a, const auto& b) { return a.first < b.first; });
    list('{', entries, '}', [this](const auto& entry) {
      quoted(entry.first);
      text += options_ & kPretty ? " : " : ":";
      value(entry.second);
    });
  }
  template <class Items>
  void list(char begin, const Items& items, char end, const auto& write) {
    text += begin;
    ++depth_;
    for (const auto& item : items) {
      if (&item != items.data()) text += ',';
      line();
      write(item);
    }
    --depth_;
    if (items.empty() && options_ & kPretty) text += '\n';  // as Apple's
    line();
    text += end;
  }
  void line() {
    if (options_ & kPretty) text.append("\n").append(2 * depth_, ' ');
  }
  void quoted(std::string_view string) {
    text += '"';
    for (const char c : string) escaped(c);
    text += '"';
  }
  void escaped(char c) {
    constexpr std::string_view kControls = "\b\t\n\f\r", kNames = "btnfr";
    const size_t control = kControls.find(c);
    if (control != kControls.npos) {
      text.append("\\") += kNames[control];
    } else if (static_cast<unsigned char>(c) < 0x20) {
      constexpr char kDigits[] = "0123456789abcdef";
      text.append("\\u00") += kDigits[c >> 4];
      text += kDigits[c & 15];
    } else {
      if (c == '"' || c == '\\' || (c == '/' && !(options_ & kPlainSlashes))) text += '\\';
      text += c;
    }
  }

  NS::UInteger options_;
  size_t depth_ = 0;
};

Data* write(const objc_object* object, NS::UInteger options, Error**) {
  constexpr const char* kMethod = "+[NSJSONSerialization dataWithJSONObject:options:error:]";
  std::string why = options_refusal(kMethod, options, kWritingOptions);
  if (why.empty()) {
    why = is_container(object) || options & kWritesFragments
              ? refusal(object)
              : "what is neither an array nor a dictionary, without NSJSONWritingFragmentsAllowed";
    if (!why.empty()) why = std::string(kMethod) + ": JSON cannot hold " + why;
  }
  if (!why.empty()) throw InvalidUse(why);
  Writer writer(options);
  writer.value(object);
  return make_data(std::as_bytes(std::span(writer.text))).autoreleased();
}
bool is_valid(const objc_object* object) {
  return is_container(object) && refusal(object).empty();
}

ANVIL_OBJC_CLASS_DEFINITION<JsonSerialization> json_definition{
    "NSJSONSerialization",
    {
        objc::class_method<&read>("JSONObjectWithData:options:error:"),
        objc::class_method<&write>("dataWithJSONObject:options:error:"),
        objc::class_method<&is_valid>("isValidJSONObject:"),
    }};

}  // namespace
}  // namespace anvil
