// What every shader starts from.
#pragma once
#include <metal_stdlib>
using namespace metal;

// Compile-time constants, of a struct and of a file; Metal wants their address space spelled out.
#define FOUNDRY_CONSTANT static constant constexpr const
#define FOUNDRY_GLOBAL constant constexpr const
