#include "oracle.hpp"

#include <stdlib.h>

#include <bit>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "anvil/cpu/executor.hpp"
#include "anvil/cpu/target.hpp"
#include "anvil/service/compiler.hpp"
#include "anvil/service/reflection.hpp"
#include "anvil/service/service.hpp"
#include "interpreter.hpp"

namespace fs = std::filesystem;

namespace anvil::oracle {
namespace {

/// An empty folder, removed with its scope.
class Folder {
 public:
  Folder() {
    std::string name = (fs::temp_directory_path() / "anvil-oracle-XXXXXX").string();
    path_ = mkdtemp(name.data());
  }
  ~Folder() { fs::remove_all(path_); }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  std::string file(const char* name) const { return (path_ / name).string(); }

 private:
  fs::path path_;
};

unsigned bytes_of(Element element) {
  switch (element) {
    case Element::bits8:
      return 1;
    case Element::bits16:
    case Element::half:
    case Element::bfloat:
      return 2;
    case Element::bits32:
    case Element::float32:
      return 4;
    case Element::bits64:
      return 8;
  }
  return 1;
}

/// Digits of the fraction; 0 for what is no float.
unsigned fraction_bits(Element element) {
  switch (element) {
    case Element::half:
      return 10;
    case Element::bfloat:
      return 7;
    case Element::float32:
      return 23;
    default:
      return 0;
  }
}

bool agree(uint64_t a, uint64_t b, Element element, uint32_t ulps) {
  if (a == b) return true;
  const unsigned fraction = fraction_bits(element);
  if (fraction == 0) return false;
  const uint64_t sign = uint64_t{1} << (8 * bytes_of(element) - 1);
  const uint64_t infinity = sign - (uint64_t{1} << fraction);
  const uint64_t size_a = a & ~sign, size_b = b & ~sign;
  if (size_a > infinity || size_b > infinity) return size_a > infinity && size_b > infinity;
  // The order of the bits is the order of the numbers, zeros in the middle.
  const auto place = [&](uint64_t bits, uint64_t size) {
    return bits & sign ? -static_cast<int64_t>(size) : static_cast<int64_t>(size);
  };
  return static_cast<uint64_t>(std::abs(place(a, size_a) - place(b, size_b))) <= ulps;
}

std::string show(uint64_t bits, Element element) {
  std::ostringstream text;
  text << "0x" << std::hex << bits << std::dec;
  if (element == Element::float32) text << " (" << std::bit_cast<float>(uint32_t(bits)) << ")";
  return std::move(text).str();
}

std::string difference(const std::vector<Buffer>& anvil, const std::vector<Buffer>& oracle) {
  for (size_t i = 0; i < anvil.size(); ++i) {
    const unsigned width = bytes_of(anvil[i].element);
    size_t differing = 0;
    std::string first;
    const size_t count = anvil[i].bytes.size() / width;
    for (size_t at = 0; at < count; ++at) {
      uint64_t a = 0, b = 0;
      std::memcpy(&a, anvil[i].bytes.data() + at * width, width);
      std::memcpy(&b, oracle[i].bytes.data() + at * width, width);
      if (agree(a, b, anvil[i].element, anvil[i].ulps)) continue;
      if (++differing == 1)
        first = "buffer " + std::to_string(i) + "[" + std::to_string(at) + "]: Anvil " +
                show(a, anvil[i].element) + ", oracle " + show(b, anvil[i].element);
    }
    if (differing > 0)
      return first + "; " + std::to_string(differing) + " of " + std::to_string(count) + " differ";
  }
  return "";
}

std::vector<Buffer> run_oracle(const Case& test, const service::LibraryImage& library) {
  const Folder folder;
  const service::MemoryFile contents(service::library_contents(library)), written;
  std::vector<service::Compiler::Argument> arguments{"kernel",
                                                     "--library",
                                                     contents,
                                                     "--function",
                                                     test.function,
                                                     "--variant",
                                                     "any",
                                                     "--cpu",
                                                     "host",
                                                     "--emit-ir",
                                                     folder.file("before.ll"),
                                                     "--reflection",
                                                     written};
  const service::MemoryFile constants(service::constants_json(test.constants));
  if (!test.constants.empty()) arguments.insert(arguments.end(), {"--constants", constants});
  service::Compiler::locate().run(arguments, "the oracle's IR");
  service::KernelInfo reflection{};
  service::read_reflection(written.read(), reflection);

  std::vector<Buffer> buffers = test.buffers;
  Dispatch dispatch;
  for (size_t i = 0; i < buffers.size(); ++i) dispatch.buffers[i] = buffers[i].bytes;
  dispatch.threads_per_grid = test.grid;
  dispatch.threads_per_threadgroup = test.threadgroup;
  dispatch.threadgroup_memory_length = test.threadgroup_memory_length;
  dispatch.static_memory = reflection.static_memory;
  Interpreter::load(folder.file("before.ll")).run(dispatch);
  return buffers;
}

void write_members(std::ostream& out, const std::vector<service::StructMember>& members) {
  for (const service::StructMember& member : members) {
    out << " [" << member.offset << " " << member.type << " " << member.name << " " << member.size;
    write_members(out, member.members);
    out << "]";
  }
}

std::string reflection_of(const service::KernelInfo& kernel) {
  std::ostringstream out;
  out << "at most " << kernel.max_threads << " threads\n";
  for (const service::ArgumentInfo& argument : kernel.arguments) {
    out << argument.name << ": kind " << int(argument.kind) << ", index " << argument.index << ", "
        << argument.address_space << " " << argument.type << argument.texture << ", size "
        << argument.element_size << ", alignment " << argument.alignment << ", " << argument.access;
    if (argument.structure) {
      out << ", " << argument.structure->name << " of " << argument.structure->size;
      write_members(out, argument.structure->members);
    }
    out << "\n";
  }
  for (const service::FunctionConstant& constant : kernel.constants)
    out << "constant " << constant.index << ": " << constant.type << " " << constant.name
        << (constant.required ? "" : ", optional") << "\n";
  return std::move(out).str();
}

/// For a processor as $ANVIL_CPU names them, without one for that of the environment.
std::vector<Buffer> run_anvil(const Case& test, const service::LibraryImage& library,
                              const std::string& processor = {},
                              std::string* reflection = nullptr) {
  const service::SpecializedFunction function{std::make_shared<service::LibraryImage>(library),
                                              test.function, test.constants};
  const auto compile = [&](cpu::Variant variant) {
    return service::compile_kernel(
        function, processor.empty() ? cpu::target_of(variant) : cpu::target_of(variant, processor));
  };
  const auto full = compile(cpu::Variant::full);
  if (reflection) *reflection = reflection_of(full);
  cpu::Kernel kernel(full, [&] { return compile(cpu::Variant::any); });
  cpu::Dispatch dispatch;
  dispatch.kernel = &kernel;
  std::vector<Buffer> buffers = test.buffers;
  for (size_t i = 0; i < buffers.size(); ++i) dispatch.buffers[i] = buffers[i].bytes.data();
  dispatch.threadgroup_memory_length = test.threadgroup_memory_length;
  dispatch.threads_per_grid = test.grid;
  dispatch.threads_per_threadgroup = test.threadgroup;
  for (int axis = 0; axis < 3; ++axis)
    dispatch.threadgroups[axis] =
        (test.grid[axis] + test.threadgroup[axis] - 1) / test.threadgroup[axis];
  cpu::Executor::shared().run(dispatch);
  return buffers;
}

service::LibraryImage library_of(const Case& test) {
  if (!test.air) return service::compile_library(test.source, {{}, test.math, ""});
  return service::CompilerService::shared().library(std::make_shared<service::LibrarySource>(
      service::LibrarySource{.text = test.source, .form = service::LibrarySource::Form::air}));
}

}  // namespace

Comparison run_on_anvil(const Case& test) {
  Comparison result;
  try {
    result.buffers = run_anvil(test, library_of(test), {}, &result.reflection);
  } catch (const std::exception& error) {
    result.difference = error.what();
  }
  return result;
}

Comparison compare_with_oracle(const Case& test) {
  Comparison result;
  const char* stage = "compiling the library";
  try {
    const service::LibraryImage library = library_of(test);
    stage = "the interpreter";
    const std::vector<Buffer> expected = run_oracle(test, library);
    stage = "Anvil";
    result.buffers = run_anvil(test, library);
    result.difference = difference(result.buffers, expected);
    for (const std::string& processor : test.processors) {
      const std::string other = difference(run_anvil(test, library, processor), expected);
      if (!other.empty())
        result.difference +=
            (result.difference.empty() ? "" : "; ") + ("on " + processor + ": " + other);
    }
  } catch (const std::exception& error) {
    result.difference = std::string(stage) + ": " + error.what();
  }
  return result;
}

}  // namespace anvil::oracle
