// Everything an app needs: #include <foundry/foundry.hpp>.
#pragma once

#if !(__cplusplus >= 202002L)
#error \
    "Foundry needs C++20: compile with -std=c++20 (CMake: the target Foundry::foundry asks for it)"
#endif
#if !defined(__cpp_exceptions)
#error "Foundry reports failures by exceptions: compile without -fno-exceptions"
#endif

#include "foundry/core/error.hpp"
#include "foundry/fusion/fused_kernel_builder.hpp"
#include "foundry/fusion/policy.hpp"
#include "foundry/gguf/gguf_file.hpp"
#include "foundry/kernel/kernel_call.hpp"
#include "foundry/kernel/kernel_library.hpp"
#include "foundry/kernel/shader_library.hpp"
#include "foundry/ops/ops.hpp"
#include "foundry/program/program.hpp"
#include "foundry/program/recording.hpp"
#include "foundry/runtime/foundry.hpp"
