// All operations.
#pragma once

#include "foundry/ops/argmax.hpp"
#include "foundry/ops/attention.hpp"
#include "foundry/ops/elementwise.hpp"
#include "foundry/ops/embedding.hpp"
#include "foundry/ops/epilogues.hpp"
#include "foundry/ops/gated_linear.hpp"
#include "foundry/ops/gemm.hpp"
#include "foundry/ops/gemv.hpp"
#include "foundry/ops/head_stages.hpp"
#include "foundry/ops/kv_write.hpp"
#include "foundry/ops/linear.hpp"
#include "foundry/ops/qkv_linear.hpp"
#include "foundry/ops/rms_norm.hpp"
#include "foundry/ops/rope.hpp"
#include "foundry/ops/sample.hpp"
