#include "anvil/compiler/frontend/entry.hpp"

#include <clang/Basic/SourceManager.h>
#include <clang/Lex/Pragma.h>
#include <clang/Lex/Preprocessor.h>

#include "anvil/compiler/frontend/address_spaces.hpp"

namespace anvil::compiler {
namespace {

class EntryPragma : public clang::PragmaHandler {
 public:
  explicit EntryPragma(std::function<std::string()> make)
      : PragmaHandler("entry"), make_(std::move(make)) {}

  void HandlePragma(clang::Preprocessor& preprocessor, clang::PragmaIntroducer introducer,
                    clang::Token& token) override {
    while (token.isNot(clang::tok::eod) && token.isNot(clang::tok::eof)) preprocessor.Lex(token);
    const std::string text = make_();
    if (text.empty()) return;
    const clang::FileID file = preprocessor.getSourceManager().createFileID(
        llvm::MemoryBuffer::getMemBufferCopy(text, "<entry>"));
    preprocessor.EnterSourceFile(file, nullptr, introducer.Loc);
  }

 private:
  std::function<std::string()> make_;
};

}  // namespace

// An assertion, which no unfinished declaration may precede. clang reads one token ahead, and has
// then finished with the user's last declaration before it comes to a pragma.
std::string entry_request() {
  return "\nstatic_assert(true);\n" + std::string(kEndDeclarations) + "#pragma anvil entry\n";
}

clang::PragmaHandler* entry_pragma(std::function<std::string()> make) {
  return new EntryPragma(std::move(make));
}

}  // namespace anvil::compiler
