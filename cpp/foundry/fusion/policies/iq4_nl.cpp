// IQ4_NL: 32 four-bit codes of a table, and a scale.
#include "foundry/fusion/policy.hpp"

namespace foundry {
namespace {
const PolicyRegistration iq4_nl_policy({.dtype = DType::iq4_nl,
                                        .name = "IQ4_NL",
                                        .file = "policies/iq4_nl.metal",
                                        .wide = 8,
                                        .narrow = 1,
                                        .has_integer_form = true});
}  // namespace
}  // namespace foundry
