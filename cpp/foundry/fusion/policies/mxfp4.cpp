// MXFP4: 32 numbers of four bits, and a power of two.
#include "foundry/fusion/policy.hpp"

namespace foundry {
namespace {
const PolicyRegistration mxfp4_policy({.dtype = DType::mxfp4,
                                       .name = "MXFP4",
                                       .file = "policies/mxfp4.metal",
                                       .wide = 8,
                                       .narrow = 1,
                                       .has_integer_form = true});
}  // namespace
}  // namespace foundry
