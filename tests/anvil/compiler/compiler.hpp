// compiler.hpp: runs anvil-compiler on a source and loads what it makes.
#pragma once

#include <doctest/doctest.h>
#include <llvm/Support/JSON.h>

#include <array>
#include <filesystem>
#include <string>
#include <vector>

#include "anvil/abi/kernel_abi.h"

namespace compiler_test {

struct Output {
  int exit_code = -1;
  std::string errors;  ///< stderr
};

/// A kernel's native code, loaded.
class Code {
 public:
  explicit Code(const std::string& path);
  ~Code();
  Code(const Code&) = delete;
  Code& operator=(const Code&) = delete;

  /// Runs every threadgroup of a dispatch, simdgroup after simdgroup: no barriers.
  void run(AnvilDispatch& dispatch, bool full, std::vector<char>& static_memory);

 private:
  void* handle_;
  AnvilEntry entry_;
};

/// A folder of its own per object; removed with it.
class Session {
 public:
  Session();
  ~Session();
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  Output library(const std::string& source, const std::vector<std::string>& options = {});
  Output kernel(const std::string& function, const std::vector<std::string>& options = {});
  /// The JSON that the last successful run of either kind wrote.
  llvm::json::Object index() const;
  llvm::json::Object reflection() const;

  /// Both steps must succeed.
  void compile(const std::string& source, const std::string& function, bool full = true,
               const std::vector<std::string>& options = {});
  /// Runs the kernel compiled last over a grid of threads; handles are of textures and samplers.
  void run(std::vector<void*> buffers, std::array<uint32_t, 3> grid,
           std::array<uint32_t, 3> threadgroup, const std::vector<uint64_t>& handles = {});

  std::string path(const std::string& name) const { return (folder_ / name).string(); }

 private:
  std::filesystem::path folder_;
  bool full_ = true;
};

/// Runs the program with these arguments alone.
Output run_compiler(const std::vector<std::string>& arguments);

void write(const std::string& path, const std::string& text);
std::string read(const std::string& path);

}  // namespace compiler_test
