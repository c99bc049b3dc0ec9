// IQ1_M: 256 weights as numbers of a codebook, a scale for each 16.
#include "foundry/fusion/policy.hpp"

namespace foundry {
namespace {
const PolicyRegistration iq1_m_policy({.dtype = DType::iq1_m,
                                       .name = "IQ1_M",
                                       .file = "policies/iq1_m.metal",
                                       .wide = 8,
                                       .narrow = 8,
                                       .has_integer_form = true});
}  // namespace
}  // namespace foundry
