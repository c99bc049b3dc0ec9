#include <doctest/doctest.h>

#include "foundry/core/error.hpp"
#include "foundry/kernel/description.hpp"

using namespace foundry;

namespace {

struct AxpyParams {
  std::uint32_t count;
  float alpha;
};

KernelDescription described() {
  KernelDescription kernel;
  kernel.name = "axpy";
  kernel.arguments = {ArgumentDescription::buffer("x", Access::read, DType::f16),
                      ArgumentDescription::buffer("y", Access::read_write, DType::f16),
                      ArgumentDescription::value("params", struct_layout<AxpyParams>())};
  return kernel;
}

ReflectedArgument reflected(const char* name, std::uint32_t index, const char* type,
                            std::uint64_t size, Access access) {
  ReflectedArgument argument;
  argument.name = name;
  argument.index = index;
  argument.type = type;
  argument.size = argument.alignment = size;
  argument.access = access;
  return argument;
}

Reflection matching() {
  Reflection reflection{
      "axpy",
      {reflected("x", 0, "half", 2, Access::read), reflected("y", 1, "half", 2, Access::read_write),
       reflected("params", 2, "struct", 8, Access::read)}};
  reflection.arguments[2].members = {{"count", 0, "uint"}, {"alpha", 4, "float"}};
  return reflection;
}

}  // namespace

TEST_CASE("a signature that matches its reflection passes") {
  CHECK_NOTHROW(check_signature(described(), matching()));
}

TEST_CASE("a mismatch shows the signature's side and the function's") {
  const auto fails = [](const Reflection& reflection, const char* text) {
    CHECK_THROWS_WITH_AS(check_signature(described(), reflection), text, SignatureMismatchError);
  };
  auto reflection = matching();
  reflection.arguments[1].type = "float";
  fails(reflection,
        "axpy: argument 1 'y' is 'device half*' in the signature and 'device float*' in "
        "the compiled function");

  reflection = matching();
  reflection.arguments[0].access = Access::read_write;
  fails(reflection,
        "axpy: argument 0 'x' is 'device const half*' in the signature and 'device "
        "half*' in the compiled function");

  reflection = matching();
  std::swap(reflection.arguments[0].index, reflection.arguments[1].index);
  fails(reflection,
        "axpy: argument 0 'x' is 'x' in the signature and 'y' in the compiled function");

  reflection = matching();
  reflection.arguments.erase(reflection.arguments.begin());
  fails(reflection,
        "axpy: argument 0 'x' is 'device const half*' in the signature and absent in the compiled "
        "function");

  reflection = matching();
  reflection.arguments[2].members[1].offset = 8;
  reflection.arguments[2].size = 12;
  fails(reflection,
        "axpy: argument 2 'params' is {uint count at 0, float alpha at 4}, 8 bytes in "
        "the signature and {uint count at 0, float alpha at 8}, 12 bytes in the compiled "
        "function");

  reflection = matching();
  reflection.arguments.push_back(reflected("extra", 7, "float", 4, Access::read));
  CHECK_THROWS_AS(check_signature(described(), reflection), SignatureMismatchError);
}

TEST_CASE("an optional argument that is left out may be absent") {
  auto kernel = described();
  kernel.arguments[0].optional = true;
  kernel.arguments[0].present = false;
  auto reflection = matching();
  reflection.arguments.erase(reflection.arguments.begin());
  CHECK_NOTHROW(check_signature(kernel, reflection));
}
