#include "anvil/compiler/frontend/header_files.hpp"

#include "anvil/compiler/frontend/address_spaces.hpp"
#include "anvil/compiler/source/symbols.hpp"

#include <llvm/ADT/STLFunctionalExtras.h>
#include <llvm/ADT/StringExtras.h>
#include <llvm/Support/MemoryBuffer.h>
#include <llvm/Support/SHA256.h>

#include <library_abi_headers.hpp>
#include <library_headers.hpp>

namespace anvil::compiler {
namespace {

using Visit = llvm::function_ref<void(const std::string& path, llvm::StringRef text)>;

// What the library's namespace holds and Metal's does not: programs have such names of their own.
constexpr const char* kPrivateNames[] = {"detail", "log_type"};

std::string prelude() {
  std::string text = kBeginDeclarations;
  for (const std::string name : kPrivateNames)
    text += "#define " + name + ' ' + std::string(kReservedPrefix) + '_' + name + '\n';
  text += "#include <metal/metal.h>\n";
  for (const std::string name : kPrivateNames) text += "#undef " + name + '\n';
  return text + kEndDeclarations + "#include <anvil/entry.h>\n";
}

void for_each_header(const std::vector<Header>& thunk_headers, Visit visit) {
  for (const auto& file : embedded_library::library_headers())
    visit(kLibraryFolder + std::string(file.path), file.text);
  for (const auto& file : embedded_library_abi::library_abi_headers())
    visit(kLibraryFolder + ("anvil/" + std::string(file.path)), file.text);
  for (const Header& header : thunk_headers) visit(kThunkFolder + header.path, header.text);
  visit(kPrelude, prelude());
  visit(kProgramPrelude, "#define " + std::string(kThreadWord) + "\n" + kBeginDeclarations);
}

}  // namespace

llvm::IntrusiveRefCntPtr<llvm::vfs::InMemoryFileSystem> header_files(
    const std::vector<Header>& thunk_headers) {
  auto files = llvm::makeIntrusiveRefCnt<llvm::vfs::InMemoryFileSystem>();
  for_each_header(thunk_headers, [&](const std::string& path, llvm::StringRef text) {
    files->addFile(path, 0, llvm::MemoryBuffer::getMemBufferCopy(text, path));
  });
  return files;
}

std::string hash_header_files(const std::vector<Header>& thunk_headers) {
  llvm::SHA256 hash;
  for_each_header(thunk_headers, [&](const std::string& path, llvm::StringRef text) {
    for (const llvm::StringRef part : {llvm::StringRef(path), text}) {
      hash.update(part);
      hash.update(llvm::StringRef("\0", 1));
    }
  });
  return llvm::toHex(hash.final(), true);
}

}  // namespace anvil::compiler
