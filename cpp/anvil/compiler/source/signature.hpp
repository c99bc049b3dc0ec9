// signature.hpp: a kernel's arguments, free of clang's types.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace anvil::compiler {

struct StructMember {
  std::string name;
  uint64_t offset = 0;
  std::string type;
  uint64_t size = 0;
  std::vector<StructMember> members;  ///< of a struct, or of an array's elements that are structs
  std::optional<uint32_t> id = {};    ///< in an argument buffer, where the source says it
};

struct Parameter {
  enum class Kind { buffer, threadgroup, texture, sampler, input };
  Kind kind = Kind::buffer;
  std::string name;
  std::string type;  ///< MSL's name of what is pointed to, or of the input

  // buffers and threadgroup memory
  bool reference = false;
  uint32_t index = 0;
  uint64_t element_size = 0;
  uint64_t alignment = 0;
  bool read_only = false;
  std::string address_space;
  std::string condition;  ///< a function constant; where it is false, the argument is absent
  bool is_struct = false;
  bool is_table = false;  ///< of functions: itself a value, the address of a buffer
  std::vector<StructMember> members;

  // textures and samplers
  std::string texture;  ///< MSL's name of its class
  std::string access;   ///< as MSL has it
  uint32_t count = 1;   ///< of an array
  uint32_t slot = 0;    ///< where the first handle lies among those of all arguments

  // inputs
  std::string input;      ///< its attribute
  std::string component;  ///< C++'s name of the element type
  unsigned width = 1;     ///< number of elements
};

struct KernelSignature {
  std::string name;          ///< as the host asks for it
  std::string callee;        ///< a C++ expression that names the function
  std::string type;          ///< a C++ type-id: its function type
  uint32_t max_threads = 0;  ///< of a threadgroup
  std::vector<Parameter> parameters;
};

struct FunctionConstantInfo {
  std::string name;
  uint32_t index = 0;
  std::string type;    ///< MSL's name
  std::string symbol;  ///< of the variable in the IR
  std::string defined_symbol;
  bool required = true;
};

}  // namespace anvil::compiler
