// The types of anvil/kernel_abi.h, for the compiler that has no C library.
#pragma once
typedef unsigned int uint32_t;
