// How an operation's arguments come from Python and look there, by the type of the member.
#pragma once

#include <concepts>
#include <optional>
#include <string>
#include <type_traits>
#include <vector>

#include "arguments.hpp"
#include "foundry/core/value_text.hpp"
#include "foundry/ops/operation_text.hpp"

namespace foundry::python {

/// For a member of type T:
/// - Given: what nanobind hands over, and whether None is to get so far: Take says what it is then,
/// - annotation(is_required), default_text(value): of the signature; no text, no default,
/// - default_of(value): what nanobind hands over where nothing is given,
/// - set(member, given, take, name, is_required).
template <class T>
struct FromPython;

template <class T>
  requires std::is_arithmetic_v<T>
struct FromPython<T> {
  using Given = T;
  static constexpr bool kTakesNone = false;
  static std::string annotation(bool) {
    if constexpr (std::same_as<T, bool>) return "bool";
    return std::floating_point<T> ? "float" : "int";
  }
  static std::string default_text(const T& value, bool) { return value_text(value); }
  static nb::object default_of(const T& value) { return nb::cast(value); }
  static void set(T& member, Given given, const Take&, const char*, bool) { member = given; }
};

template <class T>
  requires std::is_enum_v<T>
struct FromPython<T> {
  using Given = T;
  static constexpr bool kTakesNone = false;
  static std::string annotation(bool) { return ops::kName<T>; }
  static std::string default_text(const T&, bool) { return "..."; }
  static nb::object default_of(const T& value) { return nb::cast(value); }
  static void set(T& member, Given given, const Take&, const char*, bool) { member = given; }
};

template <>
struct FromPython<AnyTensor> {
  using Given = nb::handle;
  static constexpr bool kTakesNone = true;
  static std::string annotation(bool is_required) {
    return is_required ? "Tensor" : "Tensor | None";
  }
  static std::string default_text(const AnyTensor&, bool is_required) {
    return is_required ? "" : "None";
  }
  /// Also of a required one: Take says that it is missing.
  static nb::object default_of(const AnyTensor&) { return nb::none(); }
  static void set(AnyTensor& member, Given given, const Take& take, const char* name,
                  bool is_required) {
    member = is_required ? take(given, name) : take.optional(given, name);
  }
};

template <class T>
struct FromPython<Scalar<T>> {
  using Given = nb::handle;
  static constexpr bool kTakesNone = false;
  static std::string annotation(bool) { return "int | Parameter"; }
  static std::string default_text(const Scalar<T>& scalar, bool) {
    return value_text(scalar.value());
  }
  static nb::object default_of(const Scalar<T>& scalar) { return nb::cast(scalar.value()); }
  static void set(Scalar<T>& member, Given given, const Take& take, const char* name, bool) {
    member = take.scalar<T>(given, name);
  }
};

template <>
struct FromPython<ops::Number> {
  using Given = nb::handle;
  static constexpr bool kTakesNone = true;
  static std::string annotation(bool) { return "float"; }
  static std::string default_text(const ops::Number& number, bool) {
    return ops::argument_text(number);
  }
  static nb::object default_of(const ops::Number& number) {
    return std::visit([](auto value) { return nb::cast(value); }, number.value);
  }
  static void set(ops::Number& member, Given given, const Take& take, const char* name, bool) {
    member = take.number(given, name);
  }
};

/// Stages: left out, the member stays as it is.
struct StageFromPython {
  using Given = nb::handle;
  static constexpr bool kTakesNone = true;
  static std::string annotation(bool) { return "Operation | None"; }
  template <class T>
  static std::string default_text(const T&, bool) {
    return "None";
  }
  template <class T>
  static nb::object default_of(const T&) {
    return nb::none();
  }
  template <class T>
  static void set(T& member, Given given, const Take& take, const char* name, bool) {
    if (auto stage = take.stage(given, name)) member = *std::move(stage);
  }
};
template <>
struct FromPython<Stage> : StageFromPython {};
template <>
struct FromPython<std::optional<Stage>> : StageFromPython {};
template <>
struct FromPython<std::vector<Stage>> : StageFromPython {
  static std::string annotation(bool) {
    return "Operation | collections.abc.Sequence[Operation] | None";
  }
  static void set(std::vector<Stage>& member, Given given, const Take& take, const char* name,
                  bool) {
    member = take.stages(given, name);
  }
};

}  // namespace foundry::python
