// compiler_service.hpp: MSL source to libraries and native kernels, through anvil-compiler and a
// cache on disk.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace anvil::service {

/// what() is the compiler's log: diagnostics for a program that is wrong, the captured output and
/// the way it ended for a compiler that crashed, ran out of time or could not be started.
struct CompileError : std::runtime_error {
  using runtime_error::runtime_error;
};

struct CompileOptions {
  std::vector<std::pair<std::string, std::string>> defines;  // name, value
  std::string math = "fast";                                 // fast, relaxed or safe
  std::string std;      // e.g. metal3.1; empty: the compiler's default
  bool logging = true;  // whether os_log says anything
};

struct FunctionConstant {
  std::string name;
  uint32_t index;
  std::string type;
  bool required;
};

/// What a library is made of, kept so that it can be rebuilt when the cache has dropped it.
struct LibrarySource {
  enum class Form { msl, air };

  std::string text;  ///< MSL, or the LLVM bitcode of one function as Apple's compiler writes it
  CompileOptions options = {};  ///< of MSL: bitcode has its own in it
  Form form = Form::msl;
};

struct LibraryImage {
  std::string key;                     // content hash of its source, options and compiler
  std::vector<std::string> functions;  // kernels
  std::vector<FunctionConstant> constants;
  std::vector<std::string> visible;  // functions for tables
  std::string log;                   // warnings of the compile that made it
  std::shared_ptr<const LibrarySource> origin;
};

/// One function constant's value, chosen by index or, without one, by name.
struct ConstantValue {
  std::optional<uint32_t> index;
  std::string name;
  std::string type;             // MSL type: bool, int, half, float2, ...
  std::vector<std::byte> data;  // little endian, as the type is laid out in memory
};

struct StructMember {
  std::string name;
  uint64_t offset;
  std::string type;
  uint64_t size;
  std::vector<StructMember> members;  // of a struct, or of an array's elements that are structs
  std::optional<uint32_t> id = {};    // in an argument buffer, where the source says it
};

struct StructInfo {
  std::string name;
  uint64_t size;
  std::vector<StructMember> members;
};

struct ArgumentInfo {
  enum class Kind { buffer, threadgroup, texture, sampler };
  std::string name;
  Kind kind;
  uint32_t index;
  std::string type;  // of the element pointed or referred to
  uint64_t element_size;
  uint64_t alignment;
  std::string access;         // read, readwrite or write
  std::string address_space;  // device, constant or threadgroup
  // Of textures and samplers; the type is a texture's element's.
  std::string texture;  // MSL's name of its class: texture2d_array, ...
  uint32_t count = 1;   // of an array
  uint32_t slot = 0;    // where the first handle lies among the dispatch's
  std::optional<StructInfo> structure;
};

/// A kernel of a library with values for its constants.
struct SpecializedFunction {
  std::shared_ptr<const LibraryImage> library;
  std::string name;
  std::vector<ConstantValue> constants;
  std::vector<std::string> linked = {};  // visible functions of the library, for tables: by handle
};

/// What kernels are compiled to.
struct Target {
  std::string format;                // of the code, by name
  std::vector<std::string> options;  // anvil-compiler's that ask for it
  std::string identity;  // of what they leave open (`--cpu host`): the same code where it is equal
};

/// What is known of a kernel whatever it is compiled to.
struct KernelInfo {
  std::string name;
  bool barriers;
  uint64_t static_memory;  // bytes of `threadgroup` variables
  uint32_t max_threads;    // per threadgroup
  std::vector<ArgumentInfo> arguments;
  std::vector<FunctionConstant> constants;  // those that the kernel uses
  uint32_t handles = 0;                     // of textures and samplers: slots that a dispatch has
};

struct KernelImage : KernelInfo {
  std::shared_ptr<const std::string> code;  // not yet checked
  std::string format;                       // the target's
};

/// A library whose functions and constants are known from when it was compiled before: nothing is
/// compiled until a kernel of it is. Throws CompileError where there is no compiler.
LibraryImage compiled_before(std::shared_ptr<const LibrarySource> source,
                             std::vector<std::string> functions,
                             std::vector<FunctionConstant> constants,
                             std::vector<std::string> visible = {});

/// Both throw CompileError, are safe to call from many threads and processes at once, compile a
/// thing that several threads ask for at the same time only once, and start no process when the
/// cache has it.
LibraryImage compile_library(std::string_view source, const CompileOptions& options);
KernelImage compile_kernel(const SpecializedFunction& function, const Target& target);

/// Bytes of the vector registers that anvil-compiler makes code for with these options, --cpu and
/// --target. Throws CompileError.
unsigned compiled_register_bytes(const std::vector<std::string>& options);

/// A library in the compiler's own form, the file that its option --library names.
std::string library_contents(const LibraryImage& library);

}  // namespace anvil::service
