#include <doctest/doctest.h>

#include "foundry/core/error.hpp"
#include "foundry/kernel/description.hpp"

using namespace foundry;

namespace {

KernelDescription axpy() {
  KernelDescription kernel;
  kernel.name = "axpy";
  kernel.form = KernelDescription::Form::body;
  kernel.arguments = {ArgumentDescription::buffer("x", Access::read, DType::f16),
                      ArgumentDescription::buffer("y", Access::read_write, DType::f16),
                      ArgumentDescription::value("a", DType::f32)};
  kernel.source = {"axpy.py", "if (gid < y_size) y[gid] = half(a * float(x[gid]));", 3};
  return kernel;
}

bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != text.npos;
}

}  // namespace

TEST_CASE("the signature follows from the arguments") {
  const auto kernel = axpy();
  CHECK(msl_argument(kernel, 0) == "device const half* x [[buffer(0)]]");
  CHECK(msl_argument(kernel, 1) == "device half* y [[buffer(1)]]");
  CHECK(msl_argument(kernel, 2) == "constant float& a [[buffer(2)]]");
  const std::string source = kernel.msl();
  CHECK(contains(source, "kernel void axpy(\n    device const half* x [[buffer(0)]],\n"));
  CHECK(contains(source, "constant FoundrySizes& sizes [[buffer(3)]]"));
  CHECK(contains(source, "const uint y_size = sizes.y;"));
  CHECK(contains(source, "#line 3 \"axpy.py\"\nif (gid < y_size)"));
}

TEST_CASE("adding or reordering an argument moves every index") {
  auto kernel = axpy();
  kernel.arguments.insert(kernel.arguments.begin(),
                          ArgumentDescription::threadgroup_memory("shared", DType::f32));
  kernel.arguments.insert(
      kernel.arguments.begin() + 1,
      ArgumentDescription::optional_buffer("bias", Access::read, DType::bf16, true));
  CHECK(msl_argument(kernel, 0) == "threadgroup float* shared [[threadgroup(0)]]");
  CHECK(msl_argument(kernel, 1) ==
        "device const bfloat* bias [[buffer(0), function_constant(has_bias)]]");
  CHECK(msl_argument(kernel, 2) == "device const half* x [[buffer(1)]]");
  CHECK(kernel.sizes_index() == 4);
  CHECK(contains(kernel.msl(), "constant bool has_bias [[function_constant(0)]];"));
  CHECK(kernel.function_constants().values().size() == 1);
}

TEST_CASE("a file's marker becomes the argument list, and its lines stay its own") {
  auto kernel = axpy();
  kernel.form = KernelDescription::Form::file;
  kernel.source = {"kernels/axpy.metal", "// one\nkernel void axpy(FOUNDRY_ARGUMENTS) {\n}\n", 1};
  const std::string source = kernel.msl();
  CHECK(contains(source, "#line 1 \"kernels/axpy.metal\"\n// one\nkernel void axpy(\n"));
  CHECK(contains(source, "[[simdgroups_per_threadgroup]]\n#line 2 \"kernels/axpy.metal\"\n) {\n}"));
  CHECK_FALSE(contains(source, "FOUNDRY_ARGUMENTS"));
}

TEST_CASE("aliases and constants stand before the source, block types bring their policy") {
  auto kernel = axpy();
  kernel.arguments[0].dtype = DType::q4_1;
  kernel.aliases = {{"T", "half"}};
  kernel.constants = {{"tile", std::uint32_t{32}}};
  const std::string source = kernel.msl();
  CHECK(contains(source, "constant uint tile [[function_constant(0)]];"));
  CHECK(contains(source, "using T = half;"));
  CHECK(contains(source, "device const Q4_1Block* x [[buffer(0)]]"));
  CHECK(source.find("struct Q4_1Block") < source.find("using T"));
}

TEST_CASE("a body that names another of Metal's positions gets it, and only then") {
  auto kernel = axpy();
  kernel.source.text = "y[gid] = thread_index_in_threadgroup;";
  CHECK(contains(kernel.msl(), "uint thread_index_in_threadgroup [[thread_index_in_threadgroup]]"));
  kernel.source.text = "y[gid] = my_thread_index_in_threadgroup;";
  CHECK(!contains(kernel.msl(), "[[thread_index_in_threadgroup]]"));
}

TEST_CASE("names that cannot stand in a signature are refused") {
  auto kernel = axpy();
  const auto fails = [&](const char* name, const char* text) {
    kernel.arguments[0].name = name;
    CHECK_THROWS_WITH_AS(kernel.msl(), text, ArgumentError);
  };
  fails("y", "axpy: argument name 'y' occurs twice");
  fails("2x", "axpy: argument name '2x' is not an identifier");
  fails("x; int evil", "axpy: argument name 'x; int evil' is not an identifier");
  fails("gid", "axpy: argument name 'gid' is one that the generated signature uses itself");
  fails("threads_per_grid",
        "axpy: argument name 'threads_per_grid' is one that the generated signature uses itself");
  fails("thread_index_in_quadgroup",
        "axpy: argument name 'thread_index_in_quadgroup' is one that the generated signature uses "
        "itself");
  for (const char* word : {"half", "device", "float4", "packed_half2", "ulong3", "half2x4",
                           "M_PI_F", "FLT_MAX", "operator", "metal", "a__b", "_Bool"}) {
    fails(word, concat("axpy: argument name '", word, "' is a word of MSL").c_str());
  }
  kernel = axpy();
  for (const char* fine :
       {"float5", "halfway", "m_pi_f", "INT", "_x", "device_", "min", "packed"}) {
    kernel.arguments[0].name = fine;
    CHECK_NOTHROW(kernel.msl());
  }
  kernel.arguments[0].name = "y_size";
  CHECK_THROWS_WITH_AS(
      kernel.msl(),
      "axpy: argument name 'y_size' is the number of elements of 'y' in the generated source",
      ArgumentError);
  kernel = axpy();
  kernel.arguments.assign(31, kernel.arguments[0]);
  for (std::size_t i = 0; i < 31; ++i) kernel.arguments[i].name = "x" + std::to_string(i);
  CHECK_THROWS_WITH_AS(kernel.msl(),
                       "axpy: 32 buffers and values, 0 threadgroup memories; Metal has 31 indices "
                       "for each",
                       ArgumentError);
}
