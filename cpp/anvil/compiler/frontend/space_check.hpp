// space_check.hpp: pointers and references say what they point into, and keep to it.
#pragma once

#include <memory>

namespace clang {
class ASTContext;
class Decl;
}  // namespace clang

namespace anvil::compiler {

/// Reports, in declarations of the user's, pointer and reference types that are written without an
/// address space, and conversions from one into another. What is deduced or depends on a template's
/// parameters needs no qualifier. The library's functions take arguments in any address space.
class SpaceCheck {
 public:
  explicit SpaceCheck(clang::ASTContext& context);
  ~SpaceCheck();
  void check(clang::Decl& declaration);

 private:
  class Visitor;
  std::unique_ptr<Visitor> visitor_;
};

}  // namespace anvil::compiler
