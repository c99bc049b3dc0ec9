#include "anvil/service/compiler.hpp"

#include <dlfcn.h>
#include <elf.h>
#include <sys/stat.h>
#include <unistd.h>

#include <charconv>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <map>
#include <mutex>
#include <optional>
#include <system_error>
#include <tuple>
#include <utility>

#include "anvil/service/cancellation.hpp"
#include "anvil/service/compiler_service.hpp"
#include "anvil/service/environment.hpp"
#include "anvil/service/hash.hpp"
#include "anvil/service/process.hpp"
#include "anvil/service/server.hpp"
#include "anvil/system/forks.hpp"

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

CompilerTask task_of(const Compiler::Arguments& arguments) {
  CompilerTask task;
  for (const Compiler::Argument& argument : arguments) {
    if (argument.file) {
      task.arguments.push_back("/dev/fd/" + std::to_string(3 + task.files.size()));
      task.files.push_back(argument.file->descriptor());
    } else {
      task.arguments.push_back(argument.text);
    }
  }
  return task;
}

/// By a process of its own, for a program that does not stay.
ProcessResult run_alone(const fs::path& program_path, const Compiler::Arguments& arguments,
                        const Compiler::Program* program, const ProcessLimits& limits) {
  Compiler::Arguments all{arguments.front()};
  if (program)
    for (Compiler::Argument& option : program->open()) all.push_back(std::move(option));
  all.insert(all.end(), arguments.begin() + 1, arguments.end());
  CompilerTask task = task_of(all);
  const HostWatch watch;
  task.arguments.insert(task.arguments.begin(), program_path.string());
  task.arguments.insert(task.arguments.end(), {"--host", std::to_string(3 + task.files.size())});
  task.files.push_back(watch.descriptor());
  return run_process(task.arguments, limits, task.files);
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

/// The server for the program as it is on disk now, and for this process: a fork has its own.
struct Compiler::Servers {  // guarded by mutex_over_forks()
  std::shared_ptr<CompilerServer> current;
  std::string identity;
  unsigned forks_before = 0;
};

Compiler::Compiler(const fs::path& program) : servers_(std::make_shared<Servers>()) {
  std::error_code error;
  program_ = fs::absolute(program, error);  // it runs in another folder
  if (error) program_ = program;
}

std::shared_ptr<CompilerServer> Compiler::server() const {
  const std::string now = identity();
  std::shared_ptr<CompilerServer> former;  // ends outside of the lock
  std::lock_guard lock(mutex_over_forks());
  Servers& servers = *servers_;
  // The parent's may be in any state, and is the parent's: it stays as it is.
  if (servers.current && servers.forks_before != forks())
    new std::shared_ptr<CompilerServer>(std::move(servers.current));
  if (!servers.current || servers.identity != now) {
    former = std::exchange(servers.current, std::make_shared<CompilerServer>(program_));
    servers.identity = now;
    servers.forks_before = forks();
  }
  return servers.current;
}

std::string Compiler::run(const Arguments& arguments, const std::string& task,
                          const Program* program) const {
  const double seconds = std::chrono::duration<double>(compiler_timeout()).count();
  const uint64_t megabytes = compiler_megabytes();
  const ProcessLimits limits{std::chrono::milliseconds(static_cast<long long>(seconds * 1000)),
                             megabytes << 20};
  ProcessResult result;
  try {
    std::optional<CompilerProgram> parsed;
    if (program) parsed = {program->key, [&] { return task_of(program->open()); }, program->anew};
    auto served = server()->run(task_of(arguments), parsed ? &*parsed : nullptr, limits);
    result = served ? *std::move(served) : run_alone(program_, arguments, program, limits);
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
