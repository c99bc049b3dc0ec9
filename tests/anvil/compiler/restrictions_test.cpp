// What Metal's compiler refuses of C++ is refused at the user's line.
#include "compiler.hpp"

using compiler_test::Output;
using compiler_test::Session;

namespace {

struct Refused {
  const char* source;  ///< one line
  unsigned column;
  const char* error;
};

constexpr const char* kPointer =
    "pointer type must have explicit address space qualifier: device, constant, threadgroup or "
    "thread";
constexpr const char* kReference =
    "reference type must have explicit address space qualifier: device, constant, threadgroup or "
    "thread";
constexpr const char* kDeviceToThread =
    "cannot convert from 'device float*' to 'thread float*': a pointer or reference stays in its "
    "address space";

constexpr Refused kRefused[] = {
    {"int f(float* p) { return 0; }", 12, kPointer},
    {"int f(const float& p) { return 0; }", 18, kReference},
    {"struct S { int* p; };", 15, kPointer},
    {"typedef float* F;", 14, kPointer},
    {"using F = float&;", 16, kReference},
    {"int f() { int a = 0, *p = &a; return *p; }", 22, kPointer},
    {"int f(thread float* d) { return *(int*)d; }", 38, kPointer},
    {"int f(thread int* device* p) { return 0; }", 0, nullptr},
    {"int f(thread int** p, device int*& q) { return 0; }", 0, nullptr},
    {"template <class T> int f(T t, float* p) { return 0; }", 36, kPointer},
    {"void f() { auto l = [](float* p) { return p; }; }", 29, kPointer},
    {"thread float* f(device float* p) { return p; }", 43, kDeviceToThread},
    {"thread float* f(device float* p) { return (thread float*)p; }", 43, kDeviceToThread},
    {"thread float& f(device float& p) { return p; }", 43, kDeviceToThread},
    {"void f(device float* p) { thread float* q = p; }", 45, kDeviceToThread},
    {"void f(device float* p, thread float* q) { q = p; }", 48, kDeviceToThread},
    {"void g(thread float* p); void f(device float* p) { g(p); }", 54, kDeviceToThread},
    {"struct S { thread float* p; }; void f(device float* p) { S s{p}; }", 62, kDeviceToThread},
    {"struct S { int get() device; }; int f(thread S& s) { return s.get(); }", 61,
     "cannot initialize object parameter of type 'device S' with an expression of type 'S'"},
    {"float f(float x) { double y = x; return y; }", 20,
     "unsupported type 'double'; supported: float, half, bfloat"},
    {"void f() { goto end; end: ; }", 12,
     "unsupported goto statement; supported: loops, break, continue, switch and return"},
    {"struct S { virtual void f() {} };", 25,
     "unsupported virtual function 'f'; supported: overloads and templates"},
    {"void f() { thread int* p = new int; }", 28,
     "unsupported new expression; supported: variables, and memory that is an argument"},
    {"void f(thread int* p) { delete p; }", 25,
     "unsupported delete expression; supported: variables, and memory that is an argument"},
    {"void f() { throw 1; }", 12, "cannot use 'throw' with exceptions disabled"},
    {"void f() { device float x; }", 25, "automatic variable qualified with an address space"},
    {"threadgroup float x[4];", 19,
     "program scope variable 'x' must be in the constant address space"},
    {"const float x = 1;", 13, "program scope variable 'x' must be in the constant address space"},
    {"constexpr int x[2] = {1, 2};", 15,
     "program scope variable 'x' must be in the constant address space"},
    {"namespace n { static const int x = 1; }", 32,
     "program scope variable 'x' must be in the constant address space"},
    {"struct S { int a; }; constexpr S x = {1};", 34,
     "program scope variable 'x' must be in the constant address space"},
    {"template <class T> constexpr bool x = sizeof(T) == 4;", 35,
     "program scope variable 'x' must be in the constant address space"},
    {"constexpr constant int a = 1; struct S { static constexpr int b = a; };", 0, nullptr},
    {"template <class T> constant constexpr T a = T(1); static constant float3 b[2] = {1};", 0,
     nullptr},
    {"metal::float2 f() { metal::float2 v = {1, 2, 3}; return v; }", 46,
     "excess elements in vector initializer: 3 for 2 components"},
    {"metal::float2 f(float a) { return {a, a, a, a}; }", 42,
     "excess elements in vector initializer: 4 for 2 components"},
    {"struct S { metal::packed_float3 v; }; S f(int a) { return {{a, a, a, a}}; }", 70,
     "excess elements in vector initializer: 4 for 3 components"},
    {"constant metal::half3 x[] = {{1}, {1, 2, 3, 4}};", 45,
     "excess elements in vector initializer: 4 for 3 components"},
    {"auto f(int a) { return metal::int4{a, 2, 3, 4}.x + metal::int2{a}.y; }", 0, nullptr},
    {"kernel void main(device float* x) {}", 13, "a kernel cannot be named 'main'"},
    {"kernel void f(thread float* x) {}", 29,
     "parameter 'x' must be in the device, constant or threadgroup address space"},
};

}  // namespace

TEST_CASE("what Metal leaves out of C++ is an error where it is written") {
  for (const Refused& refused : kRefused) {
    INFO(std::string(refused.source));
    Session session;
    const Output output = session.library("\n" + std::string(refused.source) + "\n");
    if (!refused.error) {
      CHECK_MESSAGE(output.exit_code == 0, output.errors);
      continue;
    }
    CHECK(output.exit_code == 1);
    const std::string expected = "test.metal:2:" + std::to_string(refused.column) +
                                 ": error: " + refused.error + "\n" + refused.source + "\n";
    CHECK_MESSAGE(output.errors.starts_with(expected), output.errors);
  }
}

TEST_CASE("values of a vector whose length is a template's parameter are counted") {
  Session session;
  const Output output = session.library(
      "template <int N> int f(int a) { metal::vec<int, N> v = {a, 2, 3}; return v.x; }\n"
      "kernel void k(device int* x) { x[0] = f<3>(1) + f<2>(1); }\n");
  CHECK(output.exit_code == 1);
  CHECK_MESSAGE(output.errors.starts_with("test.metal:1:63: error: excess elements in vector "
                                          "initializer: 3 for 2 components\n"),
                output.errors);
}

TEST_CASE("a template is judged where it is instantiated, at its own line") {
  Session session;
  REQUIRE(session
              .library("void g(thread float* p);\n"
                       "template <typename T> void f(T p) { g(p); }\n"
                       "kernel void k(device float* x) { f(x); }\n")
              .exit_code == 1);
}

TEST_CASE("pointers whose address space is deduced, or Metal's to know, need none") {
  Session session;
  const Output output = session.library(R"(#include <metal_stdlib>
using namespace metal;
struct S { int v; S() = default; S(int x) : v(x) {} int get() const { return v; } };
template <typename T> T first(T p) { return p; }
template <typename T> void bump(device T*& p) { p += 1; }
void plain(device const int*& p) { p += 1; }
METAL_FUNC thread const float* id(const thread float *p, thread const float* const thread& q) { return p; }
constant S table[2] = {S(1), S(2)};
using Handler = int (*)(device int*);
int call(device int* p) { return *p; }
kernel void k(device float* x, device S* s, device atomic_int* n, threadgroup float* m [[threadgroup(0)]]) {
  auto p = x;
  auto& r = *x;
  auto* q = x + 1;
  for (auto& e : metal::array<int, 2>{1, 2}) e += 1;
  const S copy = s[0];
  s[1] = copy;
  s[2] = table[1];
  const thread S& read = s[0];
  thread float local[4] = {1, 2}, *mine = local, (&all)[4] = local;
  alignas(16) thread float* aligned = local;
  decltype(x) other = first(x);
  bump(other);
  Handler handler = call;
  atomic_fetch_add_explicit(n, s->get() + read.get() + handler((device int*)x), memory_order_relaxed);
  int exponent;
  x[0] = frexp(x[1], exponent) + *id(mine, aligned) + r + *q + *p + all[0] + simd_sum(x[2]) + fast::exp(m[0]);
  device void* raw = x;
  x[1] = *(device float*)raw + as_type<float>(*(device uint*)x);
  simdgroup_float8x8 a;
  simdgroup_load(a, x, 8);
  simdgroup_load(a, (const threadgroup float*)m, 8);
  simdgroup_store(a, m, 8);
}
)");
  CHECK_MESSAGE(output.exit_code == 0, output.errors);
}

TEST_CASE("names that are not Metal's are free") {
  Session session;
  const Output output = session.library(R"(#include <metal_stdlib>
using namespace metal;
namespace detail { template <typename T> T twice(T v) { return v + v; } }
template <typename T> struct type_identity { typedef T type; };
template <typename T> using remove_cvref_t = remove_cv_t<remove_reference_t<T>>;
template <typename T> T forward(T v) { return v; }
template <typename T> T move(T v) { return v; }
kernel void f(device float4* x) {
  typedef type_identity<float4>::type vector;
  remove_cvref_t<decltype(x[0])> y;
  x[0] = detail::twice(forward(move(vector(x[1]))));
}
)");
  CHECK_MESSAGE(output.exit_code != 0, "a reference keeps its address space");
  CHECK_MESSAGE(output.errors.find("test.metal:10:34: error: automatic variable qualified with an "
                                   "address space") != std::string::npos,
                output.errors);
  CHECK(output.errors.find("ambiguous") == std::string::npos);
}

// Halide counts the terminator as a part of its source.
TEST_CASE("a NUL is ignored with a warning at its place and hides nothing") {
  Session session;
  const std::string nul(1, '\0'), good = "kernel void f(device int* x) { x[0] = 1; ";
  const Output inside = session.library(good + nul + " }\n");
  CHECK(inside.exit_code == 0);
  CHECK(inside.errors.starts_with("test.metal:1:42: warning: null character ignored"));
  CHECK(session.library(good + "}\n" + nul).exit_code == 0);
  CHECK(session.kernel("f").exit_code == 0);

  for (const std::string& source : {nul + "\n" + good + "y; }\n", good + "y; }\n" + nul}) {
    const Output wrong = session.library(source);
    CHECK(wrong.exit_code == 1);
    CHECK_MESSAGE(wrong.errors.find("error: use of undeclared identifier 'y'") != std::string::npos,
                  wrong.errors);
  }
}

TEST_CASE("a declaration of one of Metal's functions by its label may go unused") {
  Session session;
  REQUIRE(session
              .library("float cosine(float) __asm(\"air.cos.f32\");\n"
                       "kernel void f(device float* x) { x[0] = 1; }\n"
                       "kernel void g(device float* x) { x[0] = cosine(x[1]); }\n")
              .exit_code == 0);
  CHECK(session.kernel("f").exit_code == 0);
  const Output used = session.kernel("g");
  CHECK(used.exit_code == 1);
  CHECK_MESSAGE(used.errors.find("in kernel 'g': function 'air.cos.f32' has no definition") !=
                    std::string::npos,
                used.errors);
}

TEST_CASE("the fast math mode is visible to the preprocessor") {
  const std::string source = "#ifdef __FAST_MATH__\n#error fast\n#else\n#error slow\n#endif\n";
  Session session;
  CHECK(session.library(source).errors.find("error: fast") != std::string::npos);
  CHECK(session.library(source, {"--math", "safe"}).errors.find("error: slow") !=
        std::string::npos);
}
