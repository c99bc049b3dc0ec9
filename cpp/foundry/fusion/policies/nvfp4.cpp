// NVFP4: 64 numbers of four bits, an eight-bit scale for each 16.
#include "foundry/fusion/policy.hpp"

namespace foundry {
namespace {
const PolicyRegistration nvfp4_policy({.dtype = DType::nvfp4,
                                       .name = "NVFP4",
                                       .file = "policies/nvfp4.metal",
                                       .wide = 8,
                                       .narrow = 2,
                                       .has_integer_form = true});
}  // namespace
}  // namespace foundry
