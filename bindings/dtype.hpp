// DType in Python: an enumeration that grows with the table of dtypes.
#pragma once

#include <nanobind/nanobind.h>

#include <cstdint>

#include "foundry/tensor/dtype.hpp"

namespace foundry::python {

/// What nanobind makes the enumeration of. Functions take and give DType.
enum class DTypeMember : std::uint8_t {};

/// Adds members up to this row.
void add_members(DType last);

}  // namespace foundry::python

template <>
struct nanobind::detail::type_caster<foundry::DType> {
  using Member = make_caster<foundry::python::DTypeMember>;
  NB_TYPE_CASTER(foundry::DType, Member::Name)

  bool from_python(handle source, std::uint32_t flags, cleanup_list* cleanup) noexcept {
    Member member;
    if (!member.from_python(source, flags, cleanup)) return false;
    value = static_cast<foundry::DType>(member.value);
    return true;
  }
  static handle from_cpp(foundry::DType dtype, rv_policy policy, cleanup_list* cleanup) noexcept {
    foundry::python::add_members(dtype);
    return Member::from_cpp(static_cast<foundry::python::DTypeMember>(dtype), policy, cleanup);
  }
};
