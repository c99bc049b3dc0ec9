#include "random_expressions.hpp"

namespace anvil::oracle {

std::string Expressions::uint(int depth) {
  if (depth <= 0 || chance.once_in(5)) {
    if (!uints.empty() && !chance.once_in(3)) return any_of(uints);
    const std::string small = std::to_string(chance.below(40)) + "u";
    const std::string large = std::to_string(chance.bits() >> 32) + "u";
    if (!threads) return chance.one_of(small, large);
    return chance.one_of("gid", "lane", "lid", "sg", small, large);
  }
  const std::string a = uint(depth - 1), b = uint(depth - 1);
  switch (chance.below(20)) {
    case 0:
      return "(" + a + " + " + b + ")";
    case 1:
      return "(" + a + " - " + b + ")";
    case 2:
      return "(" + a + " * " + b + ")";
    case 3:
      return "(" + a + chance.one_of(" & ", " | ", " ^ ") + b + ")";
    case 4:
      return "(" + a + " << (" + b + " & 31))";
    case 5:
      return "(" + a + " >> (" + b + " & 31))";
    case 6:
      return "(" + a + chance.one_of(" / ", " % ") + "(" + b + " | 1u))";
    case 7:
      return chance.one_of("min", "max", "mulhi", "rotate", "absdiff", "addsat", "hadd") + "(" + a +
             ", " + b + ")";
    case 8:
      return chance.one_of("popcount", "clz", "ctz", "reverse_bits") + "(" + a + ")";
    case 9:
      if (!threads) return "(" + a + " ^ " + b + ")";
      return "in[" + a + " % " + std::to_string(kInputs) + "]";
    case 10:
      return "select(" + a + ", " + b + ", " + condition(depth - 1) + ")";
    case 11:
      return "uint(int(" + a + ") >> int(" + b + " & 31))";
    case 12:
      return "uint(" + chance.one_of("min", "max") + "(int(" + a + "), int(" + b + ")))";
    case 13:
    case 14:
      return narrow(depth);
    case 15:
      return wide(depth);
    case 16:
      return vector(depth);
    case 17:
      if (!functions.empty()) return any_of(functions) + "(" + a + ", " + b + ")";
      return "extract_bits(" + a + ", " + b + " & 15, 9u)";
    case 18:
      if (arrays)
        return chance.one_of("s[" + a + " & 3].u", "uint(s[" + a + " & 3].b)",
                             "uint(h[" + a + " & 7] < 1.0h)");
      return "insert_bits(" + a + ", " + b + ", 3u, 7u)";
    default:
      return arrays ? "a[" + a + " & 7]" : "(" + a + " | " + b + ")";
  }
}

/// 8 and 16 bits.
std::string Expressions::narrow(int depth) {
  const std::string a = uint(depth - 1), b = uint(depth - 1);
  switch (chance.below(5)) {
    case 0:
      return "uint(uchar(" + a + ") + ushort(" + b + "))";
    case 1:
      return "uint(short(" + a + ") " + chance.one_of("*", "-", "/") + " (short(" + b + ") | 1))";
    case 2:
      return "uint(uchar(" + a + ") << (" + b + " & 7))";
    case 3:
      if (!threads) return "uint(char(" + a + "))";
      return "uint(((device const " + chance.one_of("uchar", "char", "short", "ushort") + "*)in)[" +
             a + " & 511])";
    default:
      return "uint(max(char(" + a + "), char(" + b + ")))";
  }
}

/// 64 bits.
std::string Expressions::wide(int depth) {
  const std::string a = uint(depth - 1), b = uint(depth - 1), c = uint(depth - 2);
  switch (chance.below(4)) {
    case 0:
      return "uint((ulong(" + a + ") * " + b + ") >> (" + c + " & 31))";
    case 1:
      return "uint((long(int(" + a + ")) - long(int(" + b + "))) / (long(" + c + " & 7u) + 1))";
    case 2:
      return "uint(long(" + a + ") " + chance.one_of("<", ">") + " long(int(" + b + ")))";
    default:
      return "uint(popcount(ulong(" + a + ") << (" + b + " & 63)))";
  }
}

std::string Expressions::vector(int depth) {
  const std::string a = uint(depth - 1), b = uint(depth - 1);
  switch (chance.below(6)) {
    case 0:
      return "as_type<uint>(uchar4(" + a + ", " + b + ", 7, 9)" +
             chance.one_of("", ".wzyx", " + uchar4(3)") + ")";
    case 1:
      return "uint((ushort2(" + a + ", " + b + ") >> ushort2(" + a + " & 7, 3)).y)";
    case 2:
      return "(uint3(" + a + ", " + b + ", 5) * uint3(" + b + ")).z";
    case 3:
      return "uint(any(uint2(" + a + ", " + b + ") == uint2(" + b + ", " + a + " & 3)))";
    case 4:
      return "uint4(" + a + ", " + b + ", " + a + " ^ 1u, 3u)[" + uint(depth - 2) + " & 3]";
    default:
      return "select(uint2(" + a + ", 1), uint2(2, " + b + "), bool2(" + condition(depth - 1) +
             ", " + condition(depth - 2) + ")).x";
  }
}

std::string Expressions::real(int depth) {
  if (depth <= 0 || chance.once_in(5)) {
    if (!floats.empty() && !chance.once_in(3)) return any_of(floats);
    if (!threads) return chance.one_of("1.5f", "-0.25f", "3.0f");
    return chance.one_of("1.5f", "-0.25f", "float(lane)", "3.0f",
                         "inf[gid % " + std::to_string(kInputs) + "]");
  }
  const std::string a = real(depth - 1), b = real(depth - 1);
  switch (chance.below(14)) {
    case 0:
    case 1:
      return "(" + a + " + " + b + ")";
    case 2:
      return "(" + a + " - " + b + ")";
    case 3:
    case 4:
      return "(" + a + " * " + b + ")";
    case 5:
      return "fma(" + a + ", " + b + ", " + real(depth - 1) + ")";
    case 6:
      return "float(" + uint(depth - 1) + " & 0xffffu)";
    case 7:
      return "(" + condition(depth - 1) + " ? " + a + " : " + b + ")";
    case 8:
      return chance.one_of("abs", "floor", "rint", "ceil", "trunc", "sign") + "(" + a + ")";
    case 9:
      return "sqrt(abs(" + a + "))";
    case 10:
      return "float(bfloat(" + a + ") " + chance.one_of("+", "*") + " bfloat(" + b + "))";
    case 11:
      return "dot(float3(" + a + ", " + b + ", 0.5f), float3(" + b + ", 2, " + a + "))";
    case 12:
      if (arrays) return "float(h[" + uint(depth - 1) + " & 7])";
      return "float(" + chance.one_of("min", "max") + "(half(" + a + "), half(" + b + ")))";
    default:
      return "float(" +
             chance.one_of("half(" + a + ") * half(" + b + ")", "half(" + a + ") + half(" + b + ")",
                           "(half4(" + a + ", " + b + ", 1, 2).wzyx * half4(" + b + ")).y") +
             ")";
  }
}

std::string Expressions::condition(int depth) {
  if (chance.once_in(4) && !floats.empty())
    return "(" + real(depth) + chance.one_of(" < ", " >= ", " == ") + real(depth) + ")";
  if (chance.once_in(4))
    return "(int(" + uint(depth) + ")" + chance.one_of(" < ", " > ") + "int(" + uint(depth) + "))";
  return "((" + uint(depth) + " & " + chance.one_of("1u", "3u", "7u") + ")" +
         chance.one_of(" == ", " != ", " < ") + std::to_string(chance.below(4)) + "u)";
}

}  // namespace anvil::oracle
