#include "anvil/compiler/cpu/elf.hpp"

#include <fcntl.h>
#include <lld/Common/Driver.h>
#include <llvm/IR/DebugInfo.h>
#include <llvm/IR/LegacyPassManager.h>
#include <llvm/IR/Module.h>
#include <llvm/Object/ELFObjectFile.h>
#include <llvm/Support/MemoryBuffer.h>
#include <llvm/Support/raw_ostream.h>
#include <llvm/Target/TargetMachine.h>
#include <llvm/Transforms/Utils/Cloning.h>
#include <unistd.h>

#include <span>

#include "anvil/abi/kernel_abi.h"
#include "anvil/abi/kernel_file.hpp"
#include "anvil/compiler/cpu/code_facts.hpp"
#include "anvil/compiler/source/errors.hpp"
#include "anvil/compiler/source/files.hpp"

LLD_HAS_DRIVER(elf)

namespace anvil::compiler::cpu {
namespace {

llvm::SmallVector<char, 0> generate(llvm::Module& module, llvm::TargetMachine& machine,
                                    llvm::CodeGenFileType type) {
  llvm::SmallVector<char, 0> code;
  llvm::raw_svector_ostream out(code);
  llvm::legacy::PassManager passes;
  if (machine.addPassesToEmitFile(passes, out, nullptr, type))
    throw InternalError("the target cannot emit code");
  passes.run(module);
  return code;
}

// The linker merges sections by name and adds initialisers up: what it is given may hold code in
// .text alone, and no list of functions to run.
void check_sections(llvm::StringRef code) {
  auto object = llvm::object::ELFObjectFile<llvm::object::ELF64LE>::create(
      llvm::MemoryBufferRef(code, "kernel"));
  if (!object) throw InternalError(llvm::toString(object.takeError()));
  for (const llvm::object::ELFSectionRef section : object->sections()) {
    const uint64_t flags = section.getFlags();
    const llvm::StringRef name = llvm::cantFail(section.getName());
    const uint32_t type = section.getType();
    const bool code_elsewhere =
        (flags & llvm::ELF::SHF_EXECINSTR) && name != ".text" && !name.starts_with(".text.");
    const bool runs = type == llvm::ELF::SHT_INIT_ARRAY || type == llvm::ELF::SHT_FINI_ARRAY ||
                      type == llvm::ELF::SHT_PREINIT_ARRAY || name.starts_with(".ctors") ||
                      name.starts_with(".dtors");
    if (code_elsewhere || runs || (flags & llvm::ELF::SHF_TLS))
      throw InternalError("the kernel's code has the section '" + name.str() + "'");
  }
}

// What the code generator calls behind our back would only be missed when the kernel runs, and what
// it places there would run when the kernel is loaded.
void check_shared_object(const std::string& file, const llvm::Triple& triple) {
  try {
    read_kernel_file(std::as_bytes(std::span(file)), triple.isX86() ? kMachineX86 : kMachineArm64);
  } catch (const std::runtime_error& error) {
    throw InternalError(error.what());
  }
}

/// What is written to descriptor 1 meanwhile goes to `file`.
class Redirected {
 public:
  explicit Redirected(int file) : before_(fcntl(1, F_DUPFD_CLOEXEC, 3)) {
    if (dup2(file, 1) < 0) throw FileError("cannot redirect the linker's output");
  }
  ~Redirected() {
    if (before_ >= 0) {
      dup2(before_, 1);
      close(before_);
    } else {
      close(1);
    }
  }
  Redirected(const Redirected&) = delete;
  Redirected& operator=(const Redirected&) = delete;

 private:
  const int before_;
};

// All in memory: lld would map a file that it writes, which a full disk turns into a signal, and
// leave it behind when it is stopped.
std::string link(std::string_view object, std::string_view facts) {
  const MemoryFile version("{ global: " ANVIL_ENTRY_SYMBOL "; " ANVIL_STACK_SYMBOL
                           "; " ANVIL_LINES_SYMBOL "; local: *; };\n");
  const MemoryFile input(object), data(facts), output;
  const std::string input_path = input.path(), data_path = data.path();
  const std::string script = "--version-script=" + version.path();
  std::string log;
  llvm::raw_string_ostream messages(log);
  const char* arguments[] = {"ld.lld",
                             "-shared",
                             "--gc-sections",
                             "-z",
                             "now",
                             "-z",
                             "relro",
                             "--hash-style=gnu",
                             "--build-id=none",
                             script.c_str(),
                             "--strip-debug",
                             "--threads=1",
                             input_path.c_str(),
                             data_path.c_str(),
                             "-o",
                             "-"};
  {
    const Redirected standard_output(output.descriptor());
    const lld::Result result =
        lld::lldMain(arguments, llvm::nulls(), messages, {{lld::Gnu, &lld::elf::link}});
    if (result.retCode != 0) throw InternalError("linking failed: " + log);
  }
  return read_file(output.path());
}

}  // namespace

std::string assembly(const llvm::Module& module, llvm::TargetMachine& machine) {
  // The code generator changes the module it is given.
  const auto copy = llvm::CloneModule(module);
  llvm::StripDebugInfo(*copy);
  const auto text = generate(*copy, machine, llvm::CodeGenFileType::AssemblyFile);
  return {text.data(), text.size()};
}

std::string shared_object(llvm::Module& module, const KernelLines& lines,
                          llvm::TargetMachine& machine) {
  machine.Options.EmitStackSizeSection = true;
  const auto code = generate(module, machine, llvm::CodeGenFileType::ObjectFile);
  check_sections({code.data(), code.size()});
  const auto described = describe_code({code.data(), code.size()}, lines, module);
  const auto facts = generate(*described, machine, llvm::CodeGenFileType::ObjectFile);
  std::string shared = link({code.data(), code.size()}, {facts.data(), facts.size()});
  check_shared_object(shared, machine.getTargetTriple());
  return shared;
}

}  // namespace anvil::compiler::cpu
