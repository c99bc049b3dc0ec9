#include "anvil/service/compiler.hpp"

#include <dlfcn.h>
#include <elf.h>
#include <sys/stat.h>
#include <unistd.h>

#include <charconv>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <map>
#include <system_error>
#include <tuple>

#include "anvil/service/cancellation.hpp"
#include "anvil/service/compiler_service.hpp"
#include "anvil/service/environment.hpp"
#include "anvil/service/hash.hpp"
#include "anvil/service/process.hpp"

namespace fs = std::filesystem;

namespace anvil::service {
namespace {

constexpr int kOutOfMemory = 71;  // anvil-compiler's exit status

std::string shortest(double number) {
  char text[32];
  return {text, std::to_chars(text, text + sizeof text, number).ptr};
}

/// The folder of the shared library (or program) that this code was linked into.
fs::path own_folder() {
  Dl_info info{};
  if (!dladdr(reinterpret_cast<const void*>(&own_folder), &info) || !info.dli_fname) return {};
  std::error_code error;
  const fs::path file = fs::canonical(info.dli_fname, error);
  return error ? fs::path{} : file.parent_path();
}

/// The note that `--build-id` leaves, a hash of the program's contents; empty without one.
std::string read_build_id(const fs::path& program) {
  std::ifstream file(program, std::ios::binary);
  Elf64_Ehdr header{};
  if (!file.read(reinterpret_cast<char*>(&header), sizeof header) ||
      std::memcmp(header.e_ident, ELFMAG, SELFMAG) != 0 || header.e_ident[EI_CLASS] != ELFCLASS64)
    return {};
  for (unsigned i = 0; i < header.e_phnum; ++i) {
    Elf64_Phdr segment{};
    file.seekg(static_cast<std::streamoff>(header.e_phoff + i * uint64_t{header.e_phentsize}));
    if (!file.read(reinterpret_cast<char*>(&segment), sizeof segment)) return {};
    constexpr uint64_t kMostNotes = 1 << 16;
    if (segment.p_type != PT_NOTE || segment.p_filesz > kMostNotes) continue;
    std::string notes(segment.p_filesz, '\0');
    file.seekg(static_cast<std::streamoff>(segment.p_offset));
    if (!file.read(notes.data(), static_cast<std::streamsize>(notes.size()))) return {};
    const auto padded = [](uint64_t bytes) { return (bytes + 3) / 4 * 4; };
    for (uint64_t at = 0; at + sizeof(Elf64_Nhdr) <= notes.size();) {
      Elf64_Nhdr note;
      std::memcpy(&note, notes.data() + at, sizeof note);
      const uint64_t name = at + sizeof note, content = name + padded(note.n_namesz);
      at = content + padded(note.n_descsz);
      if (at > notes.size()) break;
      if (note.n_type == NT_GNU_BUILD_ID && note.n_namesz == 4 && note.n_descsz > 0 &&
          std::memcmp(notes.data() + name, "GNU", 4) == 0)
        return notes.substr(content, note.n_descsz);
    }
  }
  return {};
}

}  // namespace

Compiler Compiler::locate() {
  if (const char* named = std::getenv("ANVIL_COMPILER"); named && *named) {
    if (access(named, X_OK) != 0)
      throw CompileError("ANVIL_COMPILER names '" + std::string(named) +
                         "', which cannot be run: " + std::strerror(errno));
    return Compiler(named);
  }
  const fs::path folder = own_folder();
  std::string places;
  for (const char* relative : {"", "../libexec/foundry", "../libexec", "../bin"}) {
    fs::path program = (folder / relative / "anvil-compiler").lexically_normal();
    if (access(program.c_str(), X_OK) == 0) return Compiler(program);
    places += "\n  " + program.string();
  }
  throw CompileError("anvil-compiler was not found; set ANVIL_COMPILER to its path. Looked at" +
                     places);
}

std::string Compiler::identity() const {
  struct stat info{};
  if (stat(program_.c_str(), &info) != 0)
    throw CompileError("anvil-compiler is gone: " + program_.string() + ": " +
                       std::strerror(errno));
  using Stamp = std::tuple<std::string, dev_t, ino_t, off_t, time_t, long>;
  const Stamp stamp{program_.string(), info.st_dev,         info.st_ino,
                    info.st_size,      info.st_mtim.tv_sec, info.st_mtim.tv_nsec};
  static std::mutex mutex;
  static std::map<Stamp, std::string> known;
  std::lock_guard lock(mutex);
  auto [entry, is_new] = known.try_emplace(stamp);
  if (is_new) {
    const std::string build_id = read_build_id(program_);
    KeyHasher hasher;
    if (build_id.empty())
      hasher.add(program_.string())
          .add(static_cast<uint64_t>(info.st_size))
          .add(static_cast<uint64_t>(info.st_mtim.tv_sec))
          .add(static_cast<uint64_t>(info.st_mtim.tv_nsec));
    else
      hasher.add(build_id);
    entry->second = hasher.finish();
  }
  return entry->second;
}

Compiler::Compiler(const fs::path& program) {
  std::error_code error;
  program_ = fs::absolute(program, error);  // it runs in another folder
  if (error) program_ = program;
}

std::string Compiler::run(std::vector<Argument> arguments, const std::string& task) const {
  const double seconds = std::chrono::duration<double>(compiler_timeout()).count();
  const uint64_t megabytes = compiler_megabytes();
  ProcessResult result;
  try {
    const HostWatch watch;
    std::vector<std::string> texts{program_.string()};
    std::vector<int> files;
    for (Argument& argument : arguments) {
      if (argument.file) {
        texts.push_back("/dev/fd/" + std::to_string(3 + files.size()));
        files.push_back(argument.file->descriptor());
      } else {
        texts.push_back(std::move(argument.text));
      }
    }
    texts.push_back("--host");
    texts.push_back(std::to_string(3 + files.size()));
    files.push_back(watch.descriptor());
    const auto limit = std::chrono::milliseconds(static_cast<long long>(seconds * 1000));
    result = run_process(texts, {limit, megabytes << 20}, files);
  } catch (const std::system_error& error) {
    throw CompileError("anvil-compiler could not be run for " + task + ": " + error.what());
  }
  if (is_cancelled()) throw CompileError("the compilation of " + task + " was cancelled");
  std::string how;
  switch (result.end) {
    case ProcessResult::End::exited:
      if (result.code == 0) return std::move(result.output);
      if (result.code == 1 && !result.output.empty()) throw CompileError(result.output);
      how = result.code == kOutOfMemory ? "ran out of memory (limit " + std::to_string(megabytes) +
                                              " MB; ANVIL_COMPILER_MEMORY_MB sets another)"
                                        : "failed with exit status " + std::to_string(result.code);
      break;
    case ProcessResult::End::signalled:
      how = "crashed with signal " + std::to_string(result.code) + " (" + strsignal(result.code) +
            ")";
      break;
    case ProcessResult::End::timed_out:
      how = "was stopped after " + shortest(seconds) +
            " s (ANVIL_COMPILER_TIMEOUT sets another limit)";
      break;
    case ProcessResult::End::unobserved:
      return std::move(result.output);
  }
  throw CompileError("anvil-compiler " + how + " on " + task +
                     (result.output.empty() ? "; it wrote nothing" : ":\n" + result.output));
}

}  // namespace anvil::service
