#include "random_kernel.hpp"

#include <algorithm>
#include <utility>

#include "random_expressions.hpp"

namespace anvil::oracle {
namespace {

constexpr uint32_t kInputs = Expressions::kInputs;
constexpr uint32_t kOutputs = 8;       // words each thread owns in the output
constexpr uint32_t kCountersEach = 4;  // words for each atomic operation, updated by all threads
constexpr uint32_t kShared = 1024;     // elements of threadgroup memory

class Generator {
 public:
  explicit Generator(uint64_t seed) : e_(seed) {}

  std::string source() {
    barriers_ = chance().once_in(3);
    returns_ = !barriers_ && chance().once_in(2);
    std::string functions;
    for (int i = 0; i < 2; ++i) functions += function("f" + std::to_string(i) + "x");
    for (int i = 0; i < 4; ++i) {
      line("uint u" + std::to_string(i) + " = " + uint(1) + ";");
      e_.uints.push_back("u" + std::to_string(i));
    }
    for (int i = 0; i < 3; ++i) {
      line("float f" + std::to_string(i) + " = " + real(1) + ";");
      e_.floats.push_back("f" + std::to_string(i));
    }
    line("uint a[8];");
    line("for (uint i = 0; i < 8; ++i) a[i] = in[(gid + i) % " + std::to_string(kInputs) + "];");
    line("half h[8];");
    line("for (uint i = 0; i < 8; ++i) h[i] = half(inf[(lane * 3 + i) % " +
         std::to_string(kInputs) + "]);");
    line("Item s[4];");
    line("for (uint i = 0; i < 4; ++i) s[i] = {in[(lid + 5 * i) % " + std::to_string(kInputs) +
         "], half(i), uchar(gid + i)};");
    e_.arrays = true;
    const uint32_t count = 4 + chance().below(6);
    for (uint32_t i = 0; i < count; ++i) top_level();
    for (uint32_t i = 0; i < kOutputs / 2; ++i) line(own_output(i) + " = " + uint(2) + ";");
    line("outf[gid * 2] = " + real(2) + ";");
    line("outf[gid * 2 + 1] = " + real(2) + ";");

    std::string head =
        "#include <metal_stdlib>\nusing namespace metal;\n"
        "struct Item { uint u; half h; uchar b; };\n" +
        functions;
    head +=
        "kernel void k(device const uint* in [[buffer(0)]], device const float* inf "
        "[[buffer(1)]],\n"
        "    device uint* out [[buffer(2)]], device float* outf [[buffer(3)]],\n"
        "    device atomic_uint* counters [[buffer(4)]],\n"
        "    uint3 position [[thread_position_in_grid]], uint3 grid [[threads_per_grid]],\n"
        "    uint lid [[thread_index_in_threadgroup]], uint3 size [[threads_per_threadgroup]],\n"
        "    uint lane [[thread_index_in_simdgroup]], uint sg [[simdgroup_index_in_threadgroup]]) "
        "{\n";
    if (barriers_) head += "  threadgroup uint shared[" + std::to_string(kShared) + "];\n";
    head += "  const uint gid = position.x + grid.x * (position.y + grid.y * position.z);\n";
    head += "  const uint threads = size.x * size.y * size.z;\n";
    return head + body_ + "}\n";
  }

  Chance& chance() { return e_.chance; }

 private:
  static constexpr int kMaxNesting = 4;

  void line(const std::string& text) { body_.append(2 * (depth_ + 1), ' ').append(text) += '\n'; }

  template <typename Body>
  void block(const std::string& head, Body body) {
    line(head + " {");
    ++depth_;
    body();
    --depth_;
    line("}");
  }

  std::string fresh(const char* prefix) { return prefix + std::to_string(next_name_++); }
  static std::string own_output(uint32_t word) {
    return "out[gid * " + std::to_string(kOutputs) + " + " + std::to_string(word) + "]";
  }

  std::string uint(int depth) { return e_.uint(depth); }
  std::string real(int depth) { return e_.real(depth); }
  std::string condition(int depth) { return e_.condition(depth); }

  std::string any_of(const std::vector<std::string>& names) {
    return names[chance().below(static_cast<uint32_t>(names.size()))];
  }

  /// A function that loops, leaves early and, once in a while, is called through a pointer.
  std::string function(const std::string& name) {
    Expressions e(chance().bits());
    e.threads = false;
    e.uints = {"x", "y"};
    std::string text = chance().one_of("", "[[gnu::noinline]] ") + "uint " + name +
                       "(uint x, uint y) {\n  uint r = " + e.uint(1) + ";\n";
    e.uints.push_back("r");
    if (e.chance.once_in(2)) text += "  if (" + e.condition(1) + ") return " + e.uint(1) + ";\n";
    text += "  for (uint i = 0; i < (y & 3); ++i) {\n    r += " + e.uint(2) + " ^ i;\n";
    if (e.chance.once_in(2)) text += "    if (" + e.condition(1) + ") continue;\n";
    text += "    x = " + e.uint(1) + ";\n";
    if (e.chance.once_in(2)) text += "    if (" + e.condition(1) + ") return x + r;\n";
    if (e.chance.once_in(3)) text += "    r ^= simd_sum(x);\n";
    e_.functions.push_back(name);
    return text + "  }\n  return " + e.uint(1) + ";\n}\n";
  }

  // Across the lanes that are here now.
  void simd_operation() {
    const std::string u = any_of(e_.uints), f = any_of(e_.floats);
    switch (chance().below(12)) {
      case 0:
        line(u + " = " +
             chance().one_of("simd_sum", "simd_product", "simd_max", "simd_min", "simd_or",
                             "simd_and", "simd_xor", "quad_sum", "quad_max", "quad_and",
                             "quad_prefix_inclusive_sum") +
             "(" + uint(1) + ");");
        break;
      case 1:
        line(f + " = " +
             chance().one_of("simd_sum", "simd_max", "simd_min", "quad_sum", "quad_min") + "(" +
             real(1) + ");");
        break;
      case 2:
        line(u + " = " +
             chance().one_of("simd_prefix_inclusive_sum", "simd_prefix_exclusive_sum",
                             "simd_prefix_exclusive_product", "simd_prefix_inclusive_product") +
             "(" + uint(1) + ");");
        break;
      case 3:
        line(u + " += " + chance().one_of("simd", "quad") + "_broadcast_first(" + uint(1) + ");");
        break;
      case 4:
        line(u + " ^= uint(ulong(simd_ballot(" + condition(1) + ")));");
        break;
      case 5:
        line("if (" + chance().one_of("simd_any", "simd_all", "quad_any", "quad_all") + "(" +
             condition(1) + ")) " + u + " += 7;");
        break;
      case 6:
        line(u + " += uint(simd_is_first());");
        break;
      case 7:
        line(u + " = uint(" +
             chance().one_of("simd_sum(ulong(", "simd_max(long(", "simd_min(ushort(",
                             "simd_or(uchar(", "simd_product(short(") +
             uint(1) + ")));");
        break;
      case 8:
        line(f + " = " +
             chance().one_of("float(simd_sum(half(", "float(simd_max(bfloat(",
                             "float(simd_prefix_inclusive_sum(half(") +
             real(1) + ")));");
        break;
      default:
        shuffle(u);
    }
  }

  /// What a lane that is not here would give is not specified: it is put aside.
  void shuffle(const std::string& u) {
    const std::string here = fresh("here"), from = fresh("from"), name = fresh("t");
    const uint32_t by = 1 + chance().below(16);
    const std::string distance = std::to_string(by), mask = std::to_string((2u << by % 5) - 1);
    const std::string modulo = std::to_string(2u << by % 5);
    const auto moves = [&](const std::string& source, const std::string& call) {
      line("const uint " + from + " = " + source + ";");
      line("const uint " + name + " = " + call + ";");
    };
    const auto by_name = [&](const char* operation) {
      return std::string(operation) + "(" + uint(1) + ", ushort(" + distance + "))";
    };
    switch (chance().below(9)) {
      case 0:
        moves("lane ^ " + distance, by_name("simd_shuffle_xor"));
        break;
      case 1:
        moves("lane >= " + distance + " ? lane - " + distance + " : lane",
              by_name("simd_shuffle_up"));
        break;
      case 2:
        moves("lane + " + distance + " < 32 ? lane + " + distance + " : lane",
              by_name("simd_shuffle_down"));
        break;
      case 3:
        moves("(lane - " + distance + ") & 31", by_name("simd_shuffle_rotate_up"));
        break;
      case 4:
        moves("(lane + " + distance + ") & 31", by_name("simd_shuffle_rotate_down"));
        break;
      case 5:
      case 6: {
        const bool up = chance().once_in(2);
        const std::string shift = "(" + distance + " & " + mask + ")";
        moves("(lane & ~" + mask + "u) + (((lane & " + mask + ")" + (up ? " - " : " + ") + shift +
                  ") & " + mask + ")",
              std::string("simd_shuffle_and_fill_") + (up ? "up" : "down") + "(" + uint(1) + ", " +
                  uint(1) + ", ushort(" + shift + "), ushort(" + modulo + "))");
        break;
      }
      case 7:
        moves("lane ^ (" + distance + " & 3)",
              "quad_shuffle_xor(" + uint(1) + ", ushort(" + distance + " & 3))");
        break;
      default:
        line("const uint " + from + " = (" + uint(1) + ") & 31;");
        line("const uint " + name + " = " +
             chance().one_of("uint(simd_shuffle(ushort(", "uint(simd_shuffle(ulong(",
                             "uint(simd_shuffle(uint(") +
             uint(1) + "), ushort(" + from + ")));");
    }
    line("const uint " + here + " = uint(ulong(simd_ballot(true)));");
    line(u + " = (" + here + " >> " + from + " & 1) ? " + name + " : " + u + ";");
  }

  void assignment() {
    switch (chance().below(12)) {
      case 8:
        line("h[" + uint(1) + " & 7] = half(" + real(1) + ");");
        break;
      case 9:
        line("s[" + uint(1) + " & 3]" +
             chance().one_of(" = {" + uint(1) + ", 1.0h, uchar(lane)};",
                             ".b = uchar(" + uint(1) + ");", ".u += " + uint(1) + ";"));
        break;
      case 10:
        line("((device " + chance().one_of("uchar", "ushort") + "*)(out + gid * " +
             std::to_string(kOutputs) + " + 6))[" + uint(1) + " & 3] = " + uint(1) + ";");
        break;
      case 11: {
        const std::string f = fresh("p");
        line("uint (*" + f + ")(uint, uint) = " + condition(1) + " ? " + any_of(e_.functions) +
             " : " + any_of(e_.functions) + ";");
        line(any_of(e_.uints) + " = " + f + "(" + uint(1) + ", " + uint(1) + ");");
        break;
      }
      case 0:
      case 1:
      case 2:
        line(any_of(e_.uints) + chance().one_of(" = ", " += ", " ^= ") + uint(3) + ";");
        break;
      case 3:
      case 4:
        line(any_of(e_.floats) + " = " + real(2) + ";");
        break;
      case 5:
        line("a[" + uint(1) + " & 7] = " + uint(2) + ";");
        break;
      case 6:
        line(own_output(kOutputs / 2 + chance().below(kOutputs / 2)) + " += " + uint(2) + ";");
        break;
      default: {
        const std::string v = fresh("v");
        line("uint4 " + v + " = uint4(" + uint(1) + ", " + uint(1) + ", lane, " + uint(0) + ");");
        line(v + " = " + v + chance().one_of(".wzyx", ".yxwz", ".xxzz") + " + " + v + ";");
        line(any_of(e_.uints) + " = " + v + chance().one_of(".x", ".y", ".z", ".w") + ";");
      }
    }
  }

  void statement(int nesting) {
    if (nesting == 0) return assignment();
    switch (chance().below(13)) {
      case 12:
        return two_entries();
      case 0:
      case 1:
        return branch(nesting);
      case 2:
      case 3:
        return loop(nesting);
      case 4:
        return choice(nesting);
      case 5:
      case 6:
      case 7:
        return simd_operation();
      case 8:
        return update();
      case 9:
        if (loops_ > 0 && !in_switch_) {
          line("if (" + condition(1) + ") " + chance().one_of("break", "continue") + ";");
          return;
        }
        return assignment();
      case 10:
        if (returns_ && chance().once_in(2)) {
          block("if (" + condition(1) + ")", [&] {
            assignment();
            line(own_output(0) + " = " + uint(1) + ";");
            line("return;");
          });
          return;
        }
        return assignment();
      default:
        return assignment();
    }
  }

  // Each counter has one operation to itself: then the order of the updates is of no account.
  void update() {
    const uint32_t operation = chance().below(5);
    const char* names[] = {"add", "xor", "or", "max", "min"};
    line("atomic_fetch_" + std::string(names[operation]) + "_explicit(&counters[" +
         std::to_string(operation * kCountersEach) + " + " + uint(1) + " % " +
         std::to_string(kCountersEach) + "], " + uint(1) + ", memory_order_relaxed);");
  }

  void statements(int nesting) {
    const uint32_t count = 1 + chance().below(3);
    for (uint32_t i = 0; i < count; ++i) statement(nesting - 1);
  }

  /// A loop that is entered at its head or in its middle: irreducible.
  void two_entries() {
    const std::string n = fresh("n");
    const std::string u = any_of(e_.uints), v = any_of(e_.uints);
    // No operations across lanes, which functions may hold: who meets whom in there is not
    // specified.
    const auto functions = std::exchange(e_.functions, {});
    line("uint " + n + " = 0;");
    line("switch (uint(" + condition(1) + ")) { case 0: do {");
    line(u + " += " + uint(2) + ";");
    line("default: " + v + " ^= " + uint(2) + ";");
    line("} while (" + n + "++ < (" + uint(1) + " & 3)); }");
    e_.functions = functions;
  }

  void branch(int nesting) {
    block("if (" + condition(2) + ")", [&] { statements(nesting); });
    if (chance().once_in(2)) block("else", [&] { statements(nesting); });
  }

  void loop(int nesting) {
    ++loops_;
    const bool was_in_switch = std::exchange(in_switch_, false);
    const std::string i = fresh("i");
    const std::string turns = chance().one_of(
        "(" + uint(1) + " & 7u)", std::to_string(1 + chance().below(4)) + "u", "(lane & 3u) + 1u");
    if (chance().once_in(3)) {
      line("uint " + i + " = 0;");
      block("while (true)", [&] {
        line("if (" + i + "++ >= " + turns + ") break;");
        body(i, nesting);
      });
    } else if (chance().once_in(3)) {
      line("uint " + i + " = 0;");
      block("do", [&] { body(i, nesting); });
      line("while (++" + i + " < " + turns + ");");
    } else {
      block("for (uint " + i + " = 0, n = " + turns + "; " + i + " < n; ++" + i + ")",
            [&] { body(i, nesting); });
    }
    in_switch_ = was_in_switch;
    --loops_;
  }

  void body(const std::string& counter, int nesting) {
    line(any_of(e_.uints) + " += " + counter + ";");
    statements(nesting);
  }

  void choice(int nesting) {
    const bool was_in_switch = std::exchange(in_switch_, true);
    block("switch (" + uint(1) + " & 3)", [&] {
      for (int i = 0; i < 3; ++i) {
        block(i == 2 ? "default:" : "case " + std::to_string(i) + ":",
              [&] { statements(nesting); });
        if (!chance().once_in(3)) line("break;");
      }
    });
    in_switch_ = was_in_switch;
  }

  // Where all threads are sure to come by.
  void top_level() {
    if (!barriers_ || !chance().once_in(3)) return statement(kMaxNesting);
    const std::string rest = "threads - 1 - lid";
    line("shared[lid] = " + uint(2) + ";");
    line("threadgroup_barrier(mem_flags::mem_threadgroup);");
    line(any_of(e_.uints) + " += shared[" +
         chance().one_of(rest, "(lid + " + std::to_string(chance().below(64)) + "u) % threads",
                         "(" + uint(1) + ") % threads") +
         "];");
    if (chance().once_in(2)) {
      line("for (uint step = 1; step < threads; step *= 2) {");
      line("  threadgroup_barrier(mem_flags::mem_threadgroup);");
      line("  const uint other = lid >= step ? shared[lid - step] : 0;");
      line("  threadgroup_barrier(mem_flags::mem_threadgroup);");
      line("  shared[lid] += other;");
      line("}");
      line(any_of(e_.uints) + " ^= shared[lid];");
    }
    line("threadgroup_barrier(mem_flags::mem_threadgroup);");
  }

  std::string body_;
  Expressions e_;
  size_t depth_ = 0;
  unsigned next_name_ = 0;
  int loops_ = 0;
  bool barriers_ = false, returns_ = false, in_switch_ = false;
};

}  // namespace

Case random_kernel(uint64_t seed) {
  Generator generator(seed);
  Case test;
  test.source = generator.source();
  test.function = "k";
  Chance& chance = generator.chance();
  switch (chance.below(5)) {
    case 0:
      test.grid = {32, 1, 1}, test.threadgroup = {32, 1, 1};
      break;
    case 1:
      test.grid = {256, 1, 1}, test.threadgroup = {128, 1, 1};
      break;
    case 2:
      test.grid = {1 + chance.below(150), 1, 1}, test.threadgroup = {64, 1, 1};
      break;
    case 3:
      test.grid = {32, 3, 2}, test.threadgroup = {32, 2, 2};
      break;
    default:
      test.grid = {1 + chance.below(20), 1 + chance.below(9), 1}, test.threadgroup = {8, 5, 1};
  }
  const uint32_t threads = test.grid[0] * test.grid[1] * test.grid[2];
  std::vector<uint32_t> in(kInputs), out(threads * kOutputs, 1), counters(5 * kCountersEach, 5);
  std::vector<float> inf(kInputs), outf(threads * 2);
  for (auto& word : in) word = static_cast<uint32_t>(chance.bits() >> chance.below(64));
  for (auto& number : inf)
    number = static_cast<float>(static_cast<int>(chance.below(2001)) - 1000) / 64;
  test.buffers = {Buffer::of(in), Buffer::of(inf, Element::float32), Buffer::of(out),
                  Buffer::of(outf, Element::float32), Buffer::of(counters)};
  return test;
}

}  // namespace anvil::oracle
