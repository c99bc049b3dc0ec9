// Address spaces are part of types: what they choose, where they may stand, what they place.
#include "compiler.hpp"

using compiler_test::Session;

namespace {

constexpr const char* kHeader = "#include <metal_stdlib>\nusing namespace metal;\n";

std::vector<int> run(const std::string& source, std::vector<int> data = std::vector<int>(32)) {
  Session session;
  session.compile(kHeader + source, "f");
  session.run({data.data()}, {32, 1, 1}, {32, 1, 1});
  return data;
}

// A declaration of an array `b` of 32 in threadgroup memory, and what may have to precede it.
struct Form {
  const char* before;
  const char* declaration;
  const char* use = "b";
};

constexpr Form kThreadgroupForms[] = {
    {"", "threadgroup int b[32];"},
    {"", "threadgroup __attribute__((aligned(16))) int b[32];"},
    {"", "threadgroup alignas(16) int b[32];"},
    {"", "alignas(16) threadgroup int b[32];"},
    {"", "int threadgroup b[32];"},
    {"", "threadgroup int (b)[32];"},
    {"", "threadgroup int b[32] __attribute__((aligned(16)));"},
    {"", "threadgroup int b alignas(16) [32];"},
    {"", "[[maybe_unused]] threadgroup int b[32];"},
    {"", "static threadgroup int b[32];"},
    {"", "threadgroup int b[32] = {0};"},
    {"", "threadgroup int *p, b[32]; p = b;"},
    {"", "threadgroup int b[32], *p = b; p[0] = 0;"},
    {"", "threadgroup struct { int b[32]; } s;", "s.b"},
    {"", "threadgroup union { int b[32]; float f[32]; } s;", "s.b"},
    {"", "struct Tile { int b[32]; }; threadgroup Tile s;", "s.b"},
    {"", "threadgroup metal::array<int, 32> b;"},
    {"", "threadgroup int b[4][8];", "b[0]"},
    {"", "threadgroup unsigned long int a; threadgroup signed int b[32]; a = 0;"},
    {"", "threadgroup atomic_int a; threadgroup int b[32]; (void)a;"},
    {"typedef threadgroup int Tile[32];", "Tile b;"},
    {"using Tile = threadgroup int[32];", "Tile b;"},
    {"using Int = threadgroup int;", "Int b[32];"},
    {"typedef int Tile[32];", "threadgroup Tile b;"},
    {"typedef int Tile[32];", "Tile threadgroup b;"},
    {"namespace n { template <class T, int N> struct Tile { typedef T type[N]; }; }",
     "threadgroup n::Tile<int, 32>::type b;"},
    {"", "threadgroup int a[32]; decltype(a) b; a[0] = 0;"},
    {"", "typedef threadgroup int* Pointer; threadgroup int b[32]; Pointer p = b; p[0] = 0;"},
};

}  // namespace

TEST_CASE("a variable in the threadgroup address space is shared, however it is written") {
  for (const Form& form : kThreadgroupForms) {
    INFO(std::string(form.before) << " " << std::string(form.declaration));
    const std::string use = form.use;
    const auto body = [&](const char* pointer) {
      return std::string(form.declaration) + use + "[i] = int(i * i);\n" +
             "threadgroup_barrier(mem_flags::mem_threadgroup);\n" + pointer + "[i] = " + use +
             "[31 - i];\n";
    };
    const std::string kernel =
        std::string(form.before) +
        "\nkernel void f(device int* x, uint i [[thread_position_in_grid]]) {" + body("x") + "}\n";
    // In a function's template too.
    const std::string called =
        std::string(form.before) + "\ntemplate <typename T> void g(device T* x, uint i) {" +
        body("x") +
        "}\nkernel void f(device int* x, uint i [[thread_position_in_grid]]) {"
        "g(x, i); }\n";
    for (const auto& source : {kernel, called}) {
      const auto out = run(source);
      for (int i = 0; i < 32; ++i) REQUIRE(out[i] == (31 - i) * (31 - i));
    }
  }
}

TEST_CASE("the type in threadgroup memory may depend on a template's parameters") {
  const auto out = run(R"(
template <typename T, int N> struct Tile { T data[N]; };
template <typename T, int N> T reversed(T v, uint i) {
  threadgroup Tile<T, N> tile;
  threadgroup T plain[N], *p = plain;
  tile.data[i] = v;
  p[i] = v + 1;
  threadgroup_barrier(mem_flags::mem_threadgroup);
  return tile.data[N - 1 - i] + 100 * plain[N - 1 - i];
}
kernel void f(device int* x, uint i [[thread_position_in_grid]]) { x[i] = reversed<int, 32>(i, i); }
)");
  for (int i = 0; i < 32; ++i) CHECK(out[i] == (31 - i) + 100 * (32 - i));
}

TEST_CASE("overloads, methods, specialisations and is_same tell address spaces apart") {
  const auto out = run(R"(
int which(device const int* p) { return 1; }
int which(thread const int* p) { return 2; }
int which(threadgroup const int* p) { return 3; }
int which(constant const int* p) { return 4; }
int refer(const device int& p) { return 1; }
int refer(const thread int& p) { return 2; }
int refer(const threadgroup int& p) { return 3; }
int refer(const constant int& p) { return 4; }
struct S {
  int v;
  int get() const thread { return 2; }
  int get() const device { return 1; }
  int get() const threadgroup;
  int get() const constant { return 4; }
  int set(int) { return 12; }
  int set(int) device { return 11; }
  operator int() const { return 22; }
  operator int() const device { return 21; }
  template <typename T> T operator[](T) const device { return 31; }
  template <typename T> T operator[](T) const { return 32; }
  static int none() { return 7; }
};
int S::get() const threadgroup { return 3; }
template <typename T> struct Of;
template <typename T> struct Of<device T*> { static constexpr constant int space = 1; };
template <typename T> struct Of<thread T*> { static constexpr constant int space = 2; };
template <typename T> struct Of<threadgroup T*> { static constexpr constant int space = 3; };
template <typename T> struct Of<constant T*> { static constexpr constant int space = 4; };
template <typename T> T load(const device T* p) { T v = *p; return v * 0 + 1; }
template <typename T> T load(const thread T* p) { T v = *p; return v * 0 + 2; }
template <typename T> T load(const threadgroup T* p) { T v = *p; return v * 0 + 3; }
struct Built {
  int v;
  Built() thread : v(2) {}
  Built() threadgroup : v(3) {}
  Built(int x) : v(x) {}
  constexpr Built(float x) constant : v(4) {}
};
constant Built in_constant(1.0f);
constant S cs = {5};
constant int table[2] = {6, 7};
kernel void f(device int* x, uint i [[thread_position_in_grid]]) {
  threadgroup int b[32];
  threadgroup S ts;
  device S* ds = (device S*)x;
  S ls = {1};
  const S lc = ls;
  int local[2] = {0, 0};
  static_assert(is_same<decltype(x), device int*>::value, "");
  static_assert(!is_same_v<decltype(x), thread int*>, "");
  static_assert(!is_same_v<threadgroup int*, device int*>, "");
  static_assert(is_same_v<decltype(*x), device int&>, "");
  static_assert(is_same_v<remove_addrspace_t<remove_reference_t<decltype(*x)>>, int>, "");
  auto copy = *x;
  static_assert(is_same_v<decltype(copy), int>, "");
  int n = 0;
  int r[32];
  r[n++] = which(x) * 1000 + which(local) * 100 + which(b) * 10 + which(table);
  r[n++] = refer(*x) * 1000 + refer(local[0]) * 100 + refer(b[0]) * 10 + refer(table[0]);
  r[n++] = ds->get() * 1000 + ls.get() * 100 + ts.get() * 10 + cs.get();
  r[n++] = ds->set(0) * 100 + ls.set(0);
  r[n++] = int(*ds) * 100 + int(ls);
  r[n++] = (*ds)[0] * 100 + lc[0];
  r[n++] = lc.get() * 10 + S::none();
  r[n++] = Of<decltype(x)>::space * 1000 + Of<decltype(&n)>::space * 100 + Of<decltype(&b[0])>::space * 10 +
           Of<decltype(&table[0])>::space;
  r[n++] = load(x) * 100 + load(local) * 10 + load(b);
  r[n++] = Built().v * 100 + Built(8).v * 10 + in_constant.v;
  x[i] = int(i) < n ? r[i] : 0;
}
)");
  const std::vector<int> expected{1234, 1234, 1234, 1112, 2122, 3132, 27, 1234, 123, 284};
  for (size_t i = 0; i < expected.size(); ++i) CHECK(out[i] == expected[i]);
}

TEST_CASE("what other compilers write for Metal compiles, and finds its data") {
  // An array class with an operator for each address space, as SPIR-V's translators bring along.
  CHECK(run(R"(
template <typename T, size_t N> struct Fixed {
  T e[N ? N : 1];
  thread T& operator[](size_t i) thread { return e[i]; }
  constexpr const thread T& operator[](size_t i) const thread { return e[i]; }
  device T& operator[](size_t i) device { return e[i]; }
  constexpr const device T& operator[](size_t i) const device { return e[i]; }
  constexpr const constant T& operator[](size_t i) const constant { return e[i]; }
  threadgroup T& operator[](size_t i) threadgroup { return e[i]; }
  constexpr const threadgroup T& operator[](size_t i) const threadgroup { return e[i]; }
};
struct Data { uint count; Fixed<int4, 2> v; int out[1]; };
constant Fixed<int, 4> table = Fixed<int, 4>({1, 2, 3, 4});
static inline __attribute__((always_inline)) int sum(thread const int& a, device Data& d, thread Fixed<int, 4>& own,
                                                     threadgroup Fixed<int, 32>& shared, thread uint3& id) {
  own[id.x & 3u] += a;
  const Fixed<int, 4> copy = own;
  shared[id.x] = copy[id.x & 3u];
  Fixed<int4, 2> wide = d.v;
  d.v = wide;
  return table[id.x & 3u] + shared[id.x] + wide[1].x + (&d)->v[0][1];
}
kernel void f(device Data& d, uint3 id [[thread_position_in_grid]]) {
  threadgroup Fixed<int, 32> shared;
  Fixed<int, 4> own = Fixed<int, 4>({10, 20, 30, 40});
  int a = 100;
  const int r = sum(a, d, own, shared, id);
  atomic_fetch_add_explicit((device atomic_uint*)&d.count, 1u, memory_order_relaxed);
  if (id.x == 2) d.out[0] = r;
}
)",
            {0, 0, 0, 0, 0, 7, 0, 0, 9, 0, 0, 0, 0, 0, 0, 0, 0})[12] == 3 + 130 + 9 + 7);
  // Qualifiers behind the type, pointers into every address space in a structure.
  CHECK(run(R"(
struct Context { int device* out; array<int, int(32)> threadgroup* shared; uint3 id; };
int last(int x, Context thread* c) {
  (*c->shared)[c->id.x] = x;
  threadgroup_barrier(mem_flags::mem_threadgroup);
  return (*c->shared)[31 - c->id.x] + *(c->out + c->id.x);
}
void set(int thread* a, float3 thread* b) { *a = 3, (*b).x = 2.0, b->yz = float2(1.0); }
[[kernel]] void f(uint3 id [[thread_position_in_grid]], int device* out [[buffer(0)]]) {
  threadgroup array<int, int(32)> shared;
  thread Context c;
  (&c)->out = out, (&c)->shared = &shared, (&c)->id = id;
  thread int i;
  thread float3 v;
  set(&i, &v);
  *(out + id.x) = last(int(id.x) * i + int(v.y), &c);
}
)",
            std::vector<int>(32, 5))[1] == 30 * 3 + 1 + 5);
}

TEST_CASE("within a method the object is in its address space, and other ways may lead to it") {
  const auto out = run(R"(
template <typename T> int value(thread const T& x) { T y = x; return int(y); }
template <typename T> int first(thread const T* x) { T y = *x; return int(y); }
struct S {
  int v; int w[2];
  int sum() const { return value(v) + first(w); }
  int sum() const device { return v + 10 * w[0]; }
  void add(thread const S& o) { v += o.v; v += o.v; }
  void add(device const S& o) device { v += o.v; v += o.v; }
  thread int& ref() { auto p = w; static_assert(is_same_v<decltype(p), thread int*>, ""); return v; }
  device int& ref() device { auto p = w; static_assert(is_same_v<decltype(p), device int*>, ""); return v; }
};
template <typename T> struct Vector {
  T v;
  void add(thread const Vector& o) { v += o.v; v += o.v; }
  void add(device const Vector& o) device;
};
template <typename T> void Vector<T>::add(device const Vector& o) device { v += o.v; v += o.v; }
kernel void f(device int* x, uint i [[thread_position_in_grid]]) {
  if (i != 0) return;
  device S* d = (device S*)(x + 8);
  device Vector<int>* dv = (device Vector<int>*)(x + 16);
  S s = {1, {5, 6}};
  *d = s;
  dv->v = 2;
  x[0] = s.sum();
  x[1] = d->sum();
  s.add(s), d->add(*d), dv->add(*dv);
  Vector<int> v = {3};
  v.add(v);
  x[2] = s.v, x[3] = d->v, x[4] = v.v, x[5] = dv->v;
  s.ref() = 7, d->ref() = 8;
  x[6] = s.v * 10 + d->v;
}
)");
  const std::vector<int> expected{6, 51, 4, 4, 12, 8, 78};
  for (size_t i = 0; i < expected.size(); ++i) CHECK(out[i] == expected[i]);
}

TEST_CASE("objects are used and copied in every address space") {
  const auto out = run(R"(
struct P { int a; float4 v; int sum() const { return a + int(v.x + v.y); } void add(int n) { a += n; } };
constant P cp = {1, {2, 3, 4, 5}};
constant array<int, 3> numbers = {10, 20, 30};
kernel void f(device int* x, uint i [[thread_position_in_grid]]) {
  if (i != 0) return;
  threadgroup P tp;
  device P* dp = (device P*)x;
  P p = cp;
  tp = p;
  tp.add(1);
  *dp = tp;
  dp->add(1);
  p = *dp;
  P q(*dp);
  dp->v.xy = dp->v.zw;
  dp->v += cp.v;
  const int dp_sum = dp->sum();
  const float4 four = float4(dp->v.xyz, cp.v.w);
  const constant int& second = numbers[1];
  int all = 0;
  for (int n : numbers) all += n;
  const constant int* first = numbers.data();
  device float4x4* m = (device float4x4*)(x + 16);
  *m = float4x4(2);
  device float4& column = (*m)[1];
  column.x = 5;
  (*m)[2][3] = 7;
  device volatile float4* w = (device volatile float4*)(x + 48);
  *w = cp.v;
  const float4 slow = *w;
  volatile float4 kept;
  kept = *(device float4*)(x + 48);
  const int values[] = {p.sum(), q.a, tp.sum(), cp.sum(), dp_sum, int(four.w), second, all, *first,
                        int((*m)[1].x), int((*m)[2].w), int(((*m) * float4(1)).x), int(slow.z), int(float4(kept).w)};
  for (int k = 0; k < 14; ++k) x[k] = values[k];
}
)",
                       std::vector<int>(64));
  const std::vector<int> expected{3 + 5, 3, 2 + 5, 6, 3 + 14, 5, 20, 60, 10, 5, 7, 7, 4, 5};
  for (size_t i = 0; i < expected.size(); ++i) CHECK(out[i] == expected[i]);
}
