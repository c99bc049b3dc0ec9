#include "foundry/fusion/registered.hpp"

#include <algorithm>
#include <deque>
#include <mutex>

#include "foundry/core/ascii.hpp"
#include "foundry/core/error.hpp"
#include "foundry/core/intern.hpp"
#include "foundry/kernel/msl_words.hpp"
#include "foundry/kernel/shader_library.hpp"

namespace foundry {
namespace {

void require_name(const std::string& what, std::string_view name) {
  if (!is_msl_identifier(name) || is_msl_word(name)) {
    throw ArgumentError(concat(what, ": '", name, "' is no name that MSL allows"));
  }
}

/// The identifier that `text` begins with, after white space.
std::string_view first_identifier(std::string_view text) {
  const auto begin = std::min(text.find_first_not_of(" \t\r\n"), text.size());
  const auto end = std::find_if_not(text.begin() + begin, text.end(), is_word);
  return text.substr(begin, static_cast<std::size_t>(end - text.begin()) - begin);
}

/// The line that it is on, from 1.
std::size_t require_struct(const std::string& what, std::string_view shader,
                           std::string_view name) {
  constexpr std::string_view kStruct = "struct";
  for (auto at = shader.find(kStruct); at != shader.npos; at = shader.find(kStruct, at + 1)) {
    if (at > 0 && is_word(shader[at - 1])) continue;
    if (first_identifier(shader.substr(at + kStruct.size())) != name) continue;
    const std::string_view before = shader.substr(0, at);
    return 1 + static_cast<std::size_t>(std::count(before.begin(), before.end(), '\n'));
  }
  throw ArgumentError(concat(what, ": its source defines no struct ", name));
}

/// What the shader says of blocks against what tensors have, as errors on the structs' own lines.
std::string checks_of(const Policy& policy, std::size_t block_line, std::size_t policy_line) {
  const DTypeInfo& row = info(policy.dtype);
  const auto check = [&](std::size_t line, const std::string& condition, const std::string& text) {
    return concat("\n#line ", line, " \"", policy.file, "\"\nstatic_assert(", condition, ", \"",
                  text, ", as dtype ", row.name, " has it\");\n");
  };
  return check(block_line,
               concat("sizeof(", policy.name, "Block) == ", row.block_bytes, " && alignof(",
                      policy.name, "Block) <= ", row.alignment),
               concat(policy.name, "Block is to take ", row.block_bytes, " bytes, aligned to ",
                      row.alignment)) +
         check(policy_line,
               concat(policy.name, "<", policy.wide, ">::kBlock == ", row.block_elements),
               concat(policy.name, "::kBlock is to be ", row.block_elements));
}

bool may_have(StageKind kind, StageTensor tensor) {
  if (tensor == StageTensor::none) return true;
  switch (kind) {
    case StageKind::prologue:
      return tensor == StageTensor::columns || tensor == StageTensor::input;
    case StageKind::gating:
      return false;
    case StageKind::epilogue:
      return tensor == StageTensor::rows || tensor == StageTensor::tokens ||
             tensor == StageTensor::result;
    case StageKind::head_norm:
      return tensor == StageTensor::head;
    case StageKind::head_turn:
      return tensor == StageTensor::pairs;
    case StageKind::store:
      return false;
  }
  return false;
}

std::string_view lasting(std::string_view text) {
  return intern(text);
}

struct Registered {
  StageType given;  // without a file
  std::string shader;
  StageType type;
};

struct Stages {
  std::mutex mutex;                    // guards the rest
  std::deque<Registered> values = {};  // never erased from: their addresses stay
};

Stages& registered_stages() {
  static Stages* instance = new Stages;  // kernels may compile while statics are destroyed
  return *instance;
}

}  // namespace

const Policy& register_policy(const Policy& policy, const std::string& shader) {
  const std::string what = concat("policy ", policy.name);
  require_name(what, policy.name);
  const std::size_t policy_line = require_struct(what, shader, policy.name);
  const std::size_t block_line = require_struct(what, shader, concat(policy.name, "Block"));
  if (policy.has_integer_form) require_struct(what, shader, concat(policy.name, "Integer"));
  Policy kept = policy;
  kept.name = lasting(policy.name);
  kept.block = lasting(concat(policy.name, "Block"));
  kept.file = lasting(concat("policies/", name_of(policy.dtype), ".metal"));
  const PolicyRegistration registration(kept, shader + checks_of(kept, block_line, policy_line));
  return policy_of(policy.dtype, what);
}

const StageType& register_stage(const StageType& type, const std::string& shader) {
  const std::string what = concat("stage ", type.name);
  require_name(what, type.name);
  for (const StageOperand& operand : type.tensors) {
    if (operand.shape != StageTensor::none) require_name(what, operand.argument);
    if (!may_have(type.kind, operand.shape)) {
      throw ArgumentError(concat(what, ": ", describe(type.kind),
                                 " cannot have a tensor of the shape '", name_of(operand.shape),
                                 "'"));
    }
  }
  require_struct(what, shader, type.name);
  StageType given = type;
  given.file = {};
  given.name = lasting(type.name);
  for (StageOperand& operand : given.tensors) operand.argument = lasting(operand.argument);

  auto& [mutex, values] = registered_stages();
  const std::lock_guard lock(mutex);
  std::size_t others = 0;  // of the same name, which have its files
  for (const Registered& value : values) {
    if (value.given == given && value.shader == shader) return value.type;
    if (value.given.name == given.name) ++others;
  }
  StageType kept = given;
  kept.file = lasting(others == 0 ? concat("stages/", type.name, ".metal")
                                  : concat("stages/", type.name, "_", others + 1, ".metal"));
  register_shader(std::string(kept.file), shader);
  return values.emplace_back(Registered{given, shader, kept}).type;
}

}  // namespace foundry
