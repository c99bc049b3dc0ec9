#include "emit.hpp"

#include <lld/Common/Driver.h>
#include <llvm/IR/LegacyPassManager.h>
#include <llvm/IR/Module.h>
#include <llvm/Object/ObjectFile.h>
#include <llvm/Support/FileSystem.h>
#include <llvm/Support/MemoryBuffer.h>
#include <llvm/Support/raw_ostream.h>
#include <llvm/Target/TargetMachine.h>
#include <llvm/Transforms/Utils/Cloning.h>

#include <set>

#include "abi/kernel_abi.h"
#include "files.hpp"

LLD_HAS_DRIVER(elf)

namespace anvil {
namespace {

class TemporaryFile {
 public:
  explicit TemporaryFile(const std::string& beside) : path(temporary_beside(beside)) {}
  ~TemporaryFile() { static_cast<void>(llvm::sys::fs::remove(path)); }
  TemporaryFile(const TemporaryFile&) = delete;
  TemporaryFile& operator=(const TemporaryFile&) = delete;
  const std::string path;
};

llvm::SmallVector<char, 0> generate(llvm::Module& module, llvm::TargetMachine& target,
                                    llvm::CodeGenFileType type) {
  llvm::SmallVector<char, 0> code;
  llvm::raw_svector_ostream out(code);
  llvm::legacy::PassManager passes;
  if (target.addPassesToEmitFile(passes, out, nullptr, type))
    throw FileError{"the target cannot emit code"};
  passes.run(module);
  return code;
}

// What the code generator calls behind our back would only be missed when the kernel runs.
void check_symbols(llvm::StringRef code) {
  auto object = llvm::object::ObjectFile::createObjectFile(llvm::MemoryBufferRef(code, "kernel"));
  if (!object) throw FileError{llvm::toString(object.takeError())};
  const std::set<std::string> allowed{"memcpy", "memmove", "memset"};
  for (const llvm::object::SymbolRef& symbol : (*object)->symbols()) {
    auto flags = symbol.getFlags();
    auto name = symbol.getName();
    if (!flags || !name) {
      llvm::consumeError(flags.takeError());
      llvm::consumeError(name.takeError());
      throw FileError{"the object code is damaged"};
    }
    if ((*flags & llvm::object::SymbolRef::SF_Undefined) && !name->empty() &&
        !allowed.contains(name->str()))
      throw FileError{"the kernel's code needs the symbol '" + name->str() + "'"};
  }
}

void link(const std::string& object, const std::string& output) {
  const std::string version = output + ".map";
  write_file(version, "{ global: " ANVIL_ENTRY_SYMBOL "; local: *; };\n");
  const std::string script = "--version-script=" + version;
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
                             object.c_str(),
                             "-o",
                             output.c_str()};
  const lld::Result result =
      lld::lldMain(arguments, llvm::nulls(), messages, {{lld::Gnu, &lld::elf::link}});
  static_cast<void>(llvm::sys::fs::remove(version));
  if (result.retCode != 0) throw FileError{"linking failed: " + log};
}

}  // namespace

void emit_assembly(const llvm::Module& module, llvm::TargetMachine& target,
                   const std::string& path) {
  // The code generator changes the module it is given.
  const auto copy = llvm::CloneModule(module);
  const auto text = generate(*copy, target, llvm::CodeGenFileType::AssemblyFile);
  write_file(path, {text.data(), text.size()});
}

void emit_shared_object(llvm::Module& module, llvm::TargetMachine& target,
                        const std::string& path) {
  const auto code = generate(module, target, llvm::CodeGenFileType::ObjectFile);
  check_symbols({code.data(), code.size()});
  const TemporaryFile object(path), shared(path);
  write_file(object.path, {code.data(), code.size()});
  link(object.path, shared.path);
  rename_file(shared.path, path);
}

}  // namespace anvil
