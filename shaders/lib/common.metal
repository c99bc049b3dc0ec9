// What every shader starts from.
#pragma once
#include <metal_stdlib>
using namespace metal;

// Compile-time constants, of a struct and of a file; Metal wants their address space spelled out.
// At the start of a function: its products and sums are as they stand there, the same bits wherever it
// is inlined. A token's results must not depend on how many are computed beside it.
#define FOUNDRY_AS_WRITTEN _Pragma("clang fp reassociate(off) contract(off)")
// The same, with products and sums still fused.
#define FOUNDRY_IN_ORDER _Pragma("clang fp reassociate(off)")

#define FOUNDRY_CONSTANT static constant constexpr const
#define FOUNDRY_GLOBAL constant constexpr const

/// Elements of an optional tensor that is left out: the pointer is null, and code that is compiled
/// knows it.
struct Absent {};
template <class T>
struct IsAbsent {
  FOUNDRY_CONSTANT bool value = false;
};
template <>
struct IsAbsent<Absent> {
  FOUNDRY_CONSTANT bool value = true;
};

/// Element i, or `otherwise` where there is no tensor.
template <class T>
inline float element_or(device const T* values, uint i, float) {
  return float(values[i]);
}
inline float element_or(device const Absent*, uint, float otherwise) {
  return otherwise;
}
