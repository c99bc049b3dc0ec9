// Attributes and configuration that every header of Anvil's Metal standard library shares.
#pragma once

// Everything is inlined into the kernel's thunk: a kernel is one function by the time that the
// vectoriser sees it.
#define ANVIL_FN inline __attribute__((always_inline, nodebug))
#define ANVIL_INLINE __attribute__((always_inline, nodebug))

// Which variants `metal::exp` and friends stand for; `metal::fast` and `metal::precise` are always
// there. The front end defines ANVIL_MATH_SAFE for MTL::MathModeSafe.
#if defined(ANVIL_MATH_SAFE)
#define ANVIL_DEFAULT_MATH precise
#else
#define ANVIL_DEFAULT_MATH fast
#endif
