// Libraries of .metal files from C++: values by position and by name, and what does not fit.
#include <doctest/doctest.h>
#include <unistd.h>

#include <array>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "foundry/core/suggestion.hpp"
#include "foundry/foundry.hpp"
#include "foundry/kernel/included_source.hpp"

using namespace foundry;
namespace fs = std::filesystem;

namespace {

Foundry& runtime() {
  static Foundry instance;
  return instance;
}

struct Range {
  std::uint32_t first;
  float by;
};

constexpr const char* kSource = R"(
#include <metal_stdlib>
using namespace metal;
struct Range { uint first; float by; };
constant uint times [[function_constant(2)]];
kernel void axpy(device const float* x, device float* y [[buffer(4)]], constant float& a,
                 uint i [[thread_position_in_grid]]) { y[i] += a * x[i]; }
kernel void add_range(device float* y, constant Range& range, threadgroup float* scratch,
                      uint i [[thread_position_in_grid]]) {
  scratch[i] = range.by;
  y[range.first + i] += times * scratch[i];
}
template <typename T> kernel void fill(device T* y, uint i [[thread_position_in_grid]]) { y[i] = T(i); }
)";

const KernelLibrary& library() {
  static const KernelLibrary made = KernelLibrary::from_source(kSource);
  return made;
}

std::vector<float> values_of(const Tensor<f32, Pooled, Shared>& tensor) {
  const auto host = tensor.host();
  return {host.begin(), host.end()};
}

class Folder {
 public:
  Folder() : path_(fs::temp_directory_path() / ("foundry-library-" + std::to_string(::getpid()))) {
    fs::create_directories(path_ / "include");
  }
  ~Folder() { fs::remove_all(path_); }
  std::string write(const std::string& name, const std::string& text) const {
    std::ofstream(path_ / name, std::ios::binary) << text;
    return (path_ / name).string();
  }
  std::string path() const { return path_.string(); }

 private:
  fs::path path_;
};

}  // namespace

TEST_CASE("a library's kernels run with values by position and by name") {
  const LibraryKernel axpy = library().kernel("axpy");
  auto x = runtime().alloc<f32>({4}, from(std::vector<float>{1, 2, 3, 4}));
  auto y = runtime().alloc<f32>({4}, from(std::vector<float>(4, 1.0f)));
  runtime().run(axpy({x, 2, y}, per_element(4)));  // indices 0, 1, 4
  CHECK(values_of(y) == std::vector<float>{3, 5, 7, 9});
  runtime().run(axpy({{"y", y}, {"a", -2.0}, {"x", x}}, per_element(4)));
  CHECK(values_of(y) == std::vector<float>{1, 1, 1, 1});
  CHECK(axpy.arguments()[2].name == "y");
  CHECK(axpy.pipeline().max_threads_per_threadgroup() > 0);
}

TEST_CASE("structs are their bytes, threadgroup memory elements, constants names or indices") {
  auto y = runtime().alloc<f32>({6}, from(std::vector<float>(6, 0.0f)));
  const LibraryKernel twice = library().kernel("add_range", {{"times", std::uint32_t{2}}});
  runtime().run(twice({y, Range{.first = 2, .by = 1.5f}, ThreadgroupElements{4}}, per_element(4)));
  const LibraryKernel once =
      library().kernel("add_range", FunctionConstants().set(2, std::uint32_t{1}));
  runtime().run(once({y, Range{.first = 0, .by = 1.0f}, ThreadgroupElements{4}}, per_element(4)));
  CHECK(values_of(y) == std::vector<float>{1, 1, 4, 4, 3, 3});
}

TEST_CASE("templates are instantiated by name") {
  const KernelLibrary larger = library().instantiate("fill<half>");
  REQUIRE(larger.functions().size() == library().functions().size() + 1);
  auto y = runtime().alloc<f16>({3});
  runtime().run(larger.kernel("fill_half")({y}, per_element(3)));
  const auto host = y.host();
  CHECK(static_cast<float>(host[2]) == 2.0f);
  CHECK_THROWS_WITH_AS((void)library().instantiate("fill"),
                       "instantiate: 'fill' is no template with its arguments, such as "
                       "'gemm<half, 4>'",
                       ArgumentError);
}

TEST_CASE("what does not fit is an error before anything is encoded") {
  const LibraryKernel axpy = library().kernel("axpy");
  auto y = runtime().alloc<f32>({4});
  auto halves = runtime().alloc<f16>({4}, "halves");
  const DispatchConfig one = per_element(4);
  CHECK_THROWS_WITH_AS((void)library().kernel("axpi"),
                       "library 'library.metal' has no function 'axpi'; did you mean 'axpy'?",
                       ArgumentError);
  CHECK_THROWS_WITH_AS((void)axpy({y, 1.0f}, one), "axpy: argument 'y' is missing", ArgumentError);
  CHECK_THROWS_WITH_AS((void)axpy({y, 1.0f, y, y}, one),
                       "axpy: 4 arguments by position; it takes x, a, y", ArgumentError);
  CHECK_THROWS_WITH_AS((void)axpy({{"z", y}}, one),
                       "axpy: there is no argument 'z'; did you mean 'x'?", ArgumentError);
  CHECK_THROWS_WITH_AS((void)axpy({{"x", y}, {"x", y}}, one), "axpy: argument 'x' is given twice",
                       ArgumentError);
  CHECK_THROWS_WITH_AS((void)axpy({halves, 1.0f, y}, one),
                       "axpy: argument 'x' takes f32 (float), got halves (4,) f16", DTypeError);
  CHECK_THROWS_WITH_AS((void)axpy({y, 1.0f, Range{}}, one),
                       "axpy: argument 'y' is written: it takes a tensor", ArgumentError);
  CHECK_THROWS_WITH_AS((void)axpy({y, 1e39, y}, one),
                       doctest::Contains("axpy: argument 'a' is 1e+39; expected a number from"),
                       ArgumentError);
  CHECK_THROWS_WITH_AS((void)library().kernel("add_range"),
                       "library 'library.metal', function 'add_range': its function constant 2, "
                       "'times' (uint), has no value",
                       ArgumentError);
  CHECK_THROWS_WITH_AS((void)library().kernel("add_range", {{"tines", std::uint32_t{2}}}),
                       "add_range: there is no function constant 'tines'; did you mean 'times'?",
                       ArgumentError);
  CHECK_THROWS_WITH_AS((void)library().kernel("add_range", {{"times", 2.0f}}),
                       "add_range: function constant 'times' is uint, got float", DTypeError);
  const LibraryKernel range = library().kernel("add_range", {{"times", std::uint32_t{1}}});
  CHECK_THROWS_WITH_AS((void)range({y, 1.0f, ThreadgroupElements{1}}, one),
                       "add_range: argument 'range' takes a struct of 8 bytes, got a number",
                       ArgumentError);
  CHECK_THROWS_WITH_AS((void)range({y, std::array<float, 3>{}, ThreadgroupElements{1}}, one),
                       "add_range: argument 'range' takes a struct of 8 bytes, 8 bytes or a "
                       "multiple of them; got 12",
                       ArgumentError);
  CHECK_THROWS_WITH_AS((void)range({y, Range{}, y}, one),
                       "add_range: argument 'scratch' is threadgroup memory: it takes a number of "
                       "elements",
                       ArgumentError);
}

TEST_CASE("includes are put in place once, and errors name their lines") {
  const Folder folder;
  folder.write("include/once.h", "#pragma once\nconstant float kOnce = 2;\n");
  folder.write("include/guarded.h", "#ifndef G\n#define G\n#include \"once.h\"\n#endif\n");
  const std::string path =
      folder.write("kernels.metal",
                   "#include <guarded.h>\n#include \"guarded.h\"\n#include \"once.h\"\n"
                   "kernel void f(device float* y) { y[0] = kOnce * N; }\n");
  LibraryOptions options{.include = {folder.path() + "/include"}, .defines = {{"N", "3"}}};
  const KernelLibrary found = KernelLibrary::from_file(path, options);
  auto y = runtime().alloc<f32>({1});
  runtime().run(found.kernel("f")({y}, per_element(1)));
  CHECK(values_of(y) == std::vector<float>{6});
  const std::string& source = found.source();
  CHECK(source.find("kOnce = 2") == source.rfind("kOnce = 2"));

  options.include.clear();
  CHECK_THROWS_WITH_AS((void)KernelLibrary::from_file(path, options),
                       doctest::Contains("kernels.metal:1:10: "), KernelCompileError);
  CHECK_THROWS_WITH_AS(check_source(std::string_view("a\nb\0", 4), "x.metal"),
                       "x.metal:2: byte 0 at offset 3 is a NUL; a Metal source is UTF-8 text",
                       ArgumentError);
}

TEST_CASE("a conditional include counts where its condition holds") {
  const Folder folder;
  folder.write("a.h", "#pragma once\nint a;\n");
  const std::string name = folder.path() + "/main.metal";
  const std::string text =
      with_includes("#if X\n#include \"a.h\"\n#endif\n#include \"a.h\"\n", name, {});
  CHECK(text.find("int a;") != text.rfind("int a;"));  // under one guard
  CHECK(text.find("#ifndef FOUNDRY_INCLUDED_0") != text.rfind("#ifndef FOUNDRY_INCLUDED_0"));
  const std::string quoted =
      with_includes("// #include \"a.h\"\n/*\n#include \"a.h\"\n*/ \"/*\"\n", name, {});
  CHECK(quoted.find("int a;") == quoted.npos);
  CHECK(with_includes("#include \"b.h\"\n", name, {}).ends_with("#include \"b.h\"\n"));
}

TEST_CASE("a name that there is not has a suggestion") {
  const std::vector<std::string> names{"axpy", "softmax", "softmin"};
  CHECK(suggestion("axpi", names) == "; did you mean 'axpy'?");
  CHECK(suggestion("softmx", names) == "; did you mean 'softmax'?");
  CHECK(suggestion("gemm", names) == "; there are axpy, softmax, softmin");
  CHECK(suggestion("gemm", {}) == "; there are none");
}

TEST_CASE("function constants of any type from their bytes") {
  const std::array<std::byte, 16> bytes{std::byte{1}};
  const auto value = FunctionConstants::value("float4", bytes);
  CHECK(FunctionConstants::type_of(value) == "float4");
  CHECK(FunctionConstants::type_of(FunctionConstants::zero("uchar3")) == "uchar3");
  CHECK(FunctionConstants().set(0, FunctionConstants::zero("uchar3")).key() == "0=uchar3:0/0/0/0");
  CHECK(std::get<std::uint32_t>(FunctionConstants::value("uint", std::span(bytes).first(4))) == 1);
  CHECK_THROWS_WITH_AS((void)FunctionConstants::value("float4x4", bytes),
                       "unsupported function constant of type float4x4; supported: bool, char, "
                       "uchar, short, ushort, int, uint, long, ulong, half, bfloat, float, and "
                       "vectors of them",
                       ArgumentError);
  CHECK_THROWS_WITH_AS((void)FunctionConstants::value("half", bytes),
                       "a function constant of type half has 2 bytes, got 16", ArgumentError);
}
