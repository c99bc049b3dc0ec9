// What the host learns of a kernel's arguments.
#include "compiler.hpp"

#include <utility>

using compiler_test::Session;
using llvm::json::Array;
using llvm::json::Object;

TEST_CASE("arguments come with index, type, layout, access and address space") {
  Session session;
  session.compile(R"(
#include <metal_stdlib>
using namespace metal;
struct Params { uint count; float3 scale; half2 pair[2]; packed_float3 p; bool on; };
kernel void f(device const half4* x [[buffer(3)]], device atomic_uint* counter,
              constant Params& params [[buffer(1)]], constant float* table,
              device bfloat& y [[buffer(7)]], threadgroup float4x4* tiles [[threadgroup(2)]],
              threadgroup uchar* bytes, uint i [[thread_position_in_grid]]) {
  threadgroup float shared[65];
  threadgroup half other[3];
  shared[i] = params.scale.x; other[0] = 1;
  threadgroup_barrier(mem_flags::mem_threadgroup);
  y = bfloat(shared[params.count] + other[0]);
  if (params.on) atomic_fetch_add_explicit(counter, uint(x[0].x), memory_order_relaxed);
  bytes[0] = 1; tiles[0][0] = table[1];
}
)",
                  "f");
  const Object reflection = session.reflection();
  CHECK(*reflection.getString("name") == "f");
  CHECK(*reflection.getBoolean("barriers"));
  CHECK(*reflection.getInteger("static_memory") == 65 * 4 + 12 + 6 + 10);  // 16-byte places
  CHECK(*reflection.getInteger("max_threads") == 1024);
  const Array& arguments = *reflection.getArray("arguments");
  REQUIRE(arguments.size() == 7);
  const auto argument = [](const char* name, const char* kind, int index, const char* type,
                           int size, int alignment, const char* access, const char* space) {
    return Object{{"name", name},           {"kind", kind},      {"index", index},
                  {"type", type},           {"pointer_size", 8}, {"element_size", size},
                  {"alignment", alignment}, {"access", access},  {"address_space", space},
                  {"texture", ""},          {"count", 1},        {"slot", 0},
                  {"struct", nullptr}};
  };
  CHECK(arguments[0] == argument("x", "buffer", 3, "half4", 8, 8, "read", "device"));
  CHECK(arguments[1] ==
        argument("counter", "buffer", 0, "atomic_uint", 4, 4, "readwrite", "device"));
  CHECK(arguments[3] == argument("table", "buffer", 2, "float", 4, 4, "read", "constant"));
  CHECK(arguments[4] == argument("y", "buffer", 7, "bfloat", 2, 2, "readwrite", "device"));
  CHECK(arguments[5] ==
        argument("tiles", "threadgroup", 2, "float4x4", 64, 16, "readwrite", "threadgroup"));
  CHECK(arguments[6] ==
        argument("bytes", "threadgroup", 0, "uchar", 1, 1, "readwrite", "threadgroup"));

  // Offsets of Metal Shading Language Specification, table 2.4 (float3 takes 16 bytes).
  const Object& params = *arguments[2].getAsObject()->getObject("struct");
  CHECK(*arguments[2].getAsObject()->getInteger("element_size") == 64);
  CHECK(*params.getString("name") == "Params");
  CHECK(*params.getInteger("size") == 64);
  const auto member = [](const char* name, int offset, const char* type, int size) {
    return Object{{"name", name}, {"offset", offset}, {"type", type}, {"size", size}};
  };
  const Array members{member("count", 0, "uint", 4), member("scale", 16, "float3", 16),
                      member("pair", 32, "half2[2]", 8), member("p", 40, "packed_float3", 12),
                      member("on", 52, "bool", 1)};
  CHECK(*params.getArray("members") == members);
}

TEST_CASE("structs within structs, bases and enumerations") {
  Session session;
  session.compile(R"(
#include <metal_stdlib>
using namespace metal;
enum class Mode : ushort { a, b };
struct Base { uint first; };
struct Inner { float3 at; half w; };
struct Outer : Base { Mode mode; Inner one; Inner grid[2][3]; array<float, 4> four; device float* p; };
kernel void f(constant Outer& o, device float* y) { y[0] = o.one.w; }
)",
                  "f");
  const Object reflection = session.reflection();
  const Object& outer = *(*reflection.getArray("arguments"))[0].getAsObject()->getObject("struct");
  const Array inner{Object{{"name", "at"}, {"offset", 0}, {"type", "float3"}, {"size", 16}},
                    Object{{"name", "w"}, {"offset", 16}, {"type", "half"}, {"size", 2}}};
  const auto member = [&](const char* name, int offset, const char* type, int size) {
    return Object{{"name", name}, {"offset", offset}, {"type", type}, {"size", size}};
  };
  Object one = member("one", 16, "Inner", 32);
  Object grid = member("grid", 48, "Inner[3][2]", 192);
  one["members"] = grid["members"] = Array(inner);
  const Array members{member("first", 0, "uint", 4),
                      member("mode", 4, "ushort", 2),
                      std::move(one),
                      std::move(grid),
                      member("four", 240, "float[4]", 16),
                      member("p", 256, "float*", 8)};
  CHECK(*outer.getArray("members") == members);
  CHECK(*outer.getInteger("size") == 272);
}

TEST_CASE("limits and instantiations") {
  Session session;
  session.compile(R"(
#include <metal_stdlib>
template <typename T, int N>
[[kernel, max_total_threads_per_threadgroup(N * 32)]] void f(device T* x [[buffer(0)]]) { x[0] = N; }
template [[host_name("f_half_4")]] [[kernel]] decltype(f<half, 4>) f<half, 4>;
)",
                  "f_half_4");
  const Object reflection = session.reflection();
  CHECK(*reflection.getString("name") == "f_half_4");
  CHECK(*reflection.getInteger("max_threads") == 128);
  CHECK(!*reflection.getBoolean("barriers"));
  CHECK(*reflection.getInteger("static_memory") == 0);
  CHECK(*(*reflection.getArray("arguments"))[0].getAsObject()->getString("type") == "half");
  CHECK(*session.index().getArray("functions") == Array{Object{{"name", "f_half_4"}}});
}

TEST_CASE("an argument that a function constant switches off is not there") {
  Session session;
  const char* source = R"(
#include <metal_stdlib>
constant bool on [[function_constant(0)]];
kernel void f(device int* x [[buffer(0)]], device int* y [[buffer(1), function_constant(on)]]) {
  x[0] = on ? y[0] : 5;
}
)";
  for (const auto& [value, count] : {std::pair{"01", 2u}, std::pair{"00", 1u}}) {
    compiler_test::write(session.path("constants"),
                         std::string(R"([{"index":0,"data":")") + value + "\"}]");
    session.compile(source, "f", true, {"--constants", session.path("constants")});
    CHECK(session.reflection().getArray("arguments")->size() == count);
  }
}

TEST_CASE("arguments may be of types that nothing has instantiated yet") {
  Session session;
  session.compile(R"(
#include <metal_stdlib>
using namespace metal;
template <typename T> struct Pair { T first; char second; };
kernel void f(device Pair<float>* pairs, constant Pair<Pair<int>>& nested, device int4* vectors,
              device vec<half, 3>& half3s, constant metal::array<Pair<short>, 3>& several) {}
)",
                  "f");
  const Object reflection = session.reflection();
  const Array& arguments = *reflection.getArray("arguments");
  const int sizes[] = {8, 12, 16, 8, 12};
  REQUIRE(arguments.size() == 5);
  for (size_t i = 0; i < 5; ++i)
    CHECK(*arguments[i].getAsObject()->getInteger("element_size") == sizes[i]);
  CHECK(*arguments[0].getAsObject()->getString("type") == "Pair<float>");
}

TEST_CASE("a kernel is instantiated by the types of its parameters, or by its arguments") {
  Session session;
  const std::string source = R"(
#include <metal_stdlib>
using namespace metal;
template <int N> struct P { int v[N]; };
template <typename T, int N> [[kernel]] void fill(device T* x [[buffer(0)]], const constant P<N>* p [[buffer(1)]],
                                                  uint i [[thread_position_in_grid]]) {
  x[i] = T(p->v[N - 1]) + T(sizeof(T));
}
template [[host_name("first")]] [[kernel]] void fill(device short* x [[buffer(0)]], const constant P<1>* p [[buffer(1)]],
                                                     uint i [[thread_position_in_grid]]);
template [[host_name("second")]] [[kernel]] void fill(device int*, const constant P<2>*, uint);
template [[host_name("third")]] [[kernel]] void fill<int, 3>(device int*, const constant P<3>*, uint);
)";
  for (const auto& [name, expected] :
       {std::pair{"first", 10 + 2}, std::pair{"second", 20 + 4}, std::pair{"third", 30 + 4}}) {
    session.compile(source, name);
    std::vector<int> x(32), p{10, 20, 30};
    session.run({x.data(), p.data()}, {32, 1, 1}, {32, 1, 1});
    CHECK((x[0] & 0xffff) == expected);
  }
}
