#include "anvil/compiler/frontend/header_files.hpp"

#include "anvil/compiler/frontend/address_spaces.hpp"
#include "anvil/compiler/source/symbols.hpp"

#include <llvm/ADT/STLFunctionalExtras.h>
#include <llvm/ADT/StringExtras.h>
#include <llvm/Support/MemoryBuffer.h>
#include <llvm/Support/SHA256.h>

#include <library_headers.hpp>

namespace anvil::compiler {
namespace {

using Visit = llvm::function_ref<void(const std::string& path, llvm::StringRef text)>;

void for_each_header(const std::vector<Header>& thunk_headers, Visit visit) {
  for (const auto& file : embedded_library::library_headers())
    visit(kLibraryFolder + std::string(file.path), file.text);
  for (const Header& header : thunk_headers) visit(kThunkFolder + header.path, header.text);
  visit(kPrelude, std::string(kBeginDeclarations) + "#include <metal/metal.h>\n" +
                      kEndDeclarations + "#include <anvil/entry.h>\n");
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
