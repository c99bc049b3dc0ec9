// Policies and stages whose descriptors and shaders come at run time, as from Python: copied, and
// kept for the whole process. (An app's own may be literals: PolicyRegistration, StageType.)
#pragma once

#include <string>

#include "foundry/fusion/policy.hpp"
#include "foundry/fusion/stage.hpp"

namespace foundry {

/// Makes the shader "policies/<dtype>.metal" and adds the policy; the same again changes nothing.
/// `policy.file` and `policy.block` are not looked at: the block is the struct "<name>Block".
/// ArgumentError as PolicyRegistration, for a name that is no
/// identifier of MSL, and for a shader that defines no struct of the policy's or its block's name.
const Policy& register_policy(const Policy& policy, const std::string& shader);

/// The stage with its shader, as "stages/<name>.metal"; equal ones are one. `type.file` is not
/// looked at. ArgumentError for names that are no identifiers of MSL, a tensor that the kind cannot
/// have, and a shader that defines no struct of the stage's name.
const StageType& register_stage(const StageType& type, const std::string& shader);

}  // namespace foundry
