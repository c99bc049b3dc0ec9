#include <doctest/doctest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <thread>
#include <vector>

#include "anvil/service/cancellation.hpp"
#include "anvil/service/service.hpp"
#include "scratch.hpp"

using namespace anvil::service;
using namespace anvil::test;
namespace fs = std::filesystem;

namespace {

/// A service on an empty cache, with the compiler that is a script.
struct Fixture {
  Scratch scratch;
  Environment log{"FAKE_COMPILER_LOG", (scratch.path / "starts").string()};
  CompilerService service = make();

  CompilerService make() const {
    return CompilerService(Compiler(FAKE_COMPILER), scratch.path / "cache", 1 << 30);
  }
  size_t starts() const {
    const std::string text = text_of(scratch.path / "starts");
    return static_cast<size_t>(std::ranges::count(text, '\n'));
  }
  LibraryImage library(const std::string& text, const CompileOptions& options = {}) {
    return service.library(std::make_shared<LibrarySource>(LibrarySource{text, options}));
  }
  std::string error(const std::string& text) {
    try {
      library(text);
    } catch (const CompileError& error) {
      return error.what();
    }
    return "no error";
  }
};

const Target full{"elf", {"--variant", "full", "--cpu", "host"}, "this one"};
const Target any{"elf", {"--variant", "any", "--cpu", "host"}, "this one"};

ConstantValue tile(uint8_t value) {
  return {3, "", "uint", {std::byte{value}, {}, {}, {}}};
}

}  // namespace

TEST_CASE_FIXTURE(Fixture, "a library and a kernel come with all that their JSON says") {
  const LibraryImage made = library("WARN kernel void axpy();");
  CHECK(made.functions == std::vector<std::string>{"axpy", "gemv"});
  REQUIRE(made.constants.size() == 1);
  CHECK(made.constants[0].name == "tile");
  CHECK(made.constants[0].index == 3);
  CHECK(made.constants[0].type == "uint");
  CHECK(made.constants[0].required);
  CHECK(made.log == "program_source:1:1: warning: shady\n");
  CHECK(library("WARN kernel void axpy();").log == made.log);  // from the cache too

  const ConstantValue values[] = {tile(255), {std::nullopt, "name", "bool", {std::byte{1}}}};
  const KernelImage kernel = service.kernel(made, "axpy", values, full);
  CHECK(*kernel.code ==
        "code of axpy\n[{\"data\":\"01\",\"index\":null,\"name\":\"name\",\"type\":\"bool\"},"
        "{\"data\":\"ff000000\",\"index\":3,\"name\":null,\"type\":\"uint\"}]");
  CHECK(kernel.format == "elf");
  CHECK(kernel.name == "axpy");
  CHECK(kernel.barriers);
  CHECK(kernel.static_memory == 512);
  CHECK(kernel.max_threads == 1024);
  REQUIRE(kernel.arguments.size() == 3);
  CHECK(kernel.arguments[0].kind == ArgumentInfo::Kind::buffer);
  CHECK(kernel.arguments[0].access == "read");
  CHECK_FALSE(kernel.arguments[0].structure);
  REQUIRE(kernel.arguments[1].structure);
  CHECK(kernel.arguments[1].structure->name == "Params");
  CHECK(kernel.arguments[1].structure->size == 8);
  CHECK(kernel.arguments[1].structure->members[1].offset == 4);
  CHECK(kernel.arguments[2].kind == ArgumentInfo::Kind::threadgroup);
  CHECK(kernel.arguments[2].element_size == 2);
  CHECK(kernel.constants[0].index == 3);
}

TEST_CASE_FIXTURE(Fixture, "the compiler is called with the options of its command line") {
  CompileOptions options;
  options.defines = {{"A", "1"}, {"B", ""}};
  options.math = "safe";
  options.std = "metal3.1";
  service.kernel(library("x", options), "axpy", {}, any);
  std::string log = text_of(scratch.path / "starts");
  CHECK(log.find("--name program_source") != std::string::npos);
  CHECK(log.find("--math safe --define A=1 --define B= --std metal3.1 --logging on") !=
        std::string::npos);
  CHECK(log.find("--function axpy --variant any --cpu host") != std::string::npos);
  service.kernel(library("x", options), "axpy", {}, {"ptx", {"--cpu", "sm_90"}, ""});
  CHECK(text_of(scratch.path / "starts").find("--cpu sm_90") != std::string::npos);
}

TEST_CASE_FIXTURE(Fixture, "what was compiled once starts no process again, in any process") {
  const ConstantValue values[] = {tile(1)};
  const KernelImage first = service.kernel(library("x"), "axpy", values, full);
  CHECK(starts() == 2);
  CompilerService other = make();
  const auto again = other.library(std::make_shared<LibrarySource>(LibrarySource{"x", {}}));
  CHECK(*other.kernel(again, "axpy", values, full).code == *first.code);
  CHECK(starts() == 2);
}

TEST_CASE_FIXTURE(Fixture, "everything that changes the result changes the key") {
  size_t expected = 0;
  const auto library_is_new = [&](const std::string& text, const CompileOptions& options) {
    library(text, options);
    CHECK(starts() == ++expected);
    library(text, options);
    CHECK(starts() == expected);
  };
  library_is_new("x", {});
  library_is_new("y", {});
  library_is_new("x", {{{"A", "1"}}, "fast", ""});
  library_is_new("x", {{{"A", "2"}}, "fast", ""});
  library_is_new("x", {{{"A", "1"}, {"B", ""}}, "fast", ""});
  library_is_new("x", {{}, "safe", ""});
  library_is_new("x", {{}, "fast", "metal3.1"});
  library_is_new("x", {{}, "fast", "metal3.1", false});

  const LibraryImage x = library("x"), y = library("y");
  const auto kernel_is_new = [&](const LibraryImage& from, const std::string& function,
                                 const std::vector<ConstantValue>& values, const Target& target) {
    const auto code = service.kernel(from, function, values, target).code;
    CHECK(starts() == ++expected);
    CHECK(*service.kernel(from, function, values, target).code == *code);
    CHECK(starts() == expected);
  };
  kernel_is_new(x, "axpy", {}, full);
  kernel_is_new(x, "axpy", {}, any);
  kernel_is_new(x, "gemv", {}, full);
  kernel_is_new(y, "axpy", {}, full);
  kernel_is_new(x, "axpy", {tile(1)}, full);
  kernel_is_new(x, "axpy", {tile(2)}, full);
  kernel_is_new(x, "axpy", {}, {"ptx", full.options, full.identity});
  kernel_is_new(x, "axpy", {}, {full.format, {"--cpu", "x86-64-v3"}, full.identity});
  kernel_is_new(x, "axpy", {}, {full.format, full.options, "another one"});
  // The order in which constants were set does not.
  const ConstantValue named{std::nullopt, "a", "bool", {std::byte{1}}};
  kernel_is_new(x, "axpy", {tile(1), named}, full);
  service.kernel(x, "axpy", std::vector{named, tile(1)}, full);
  CHECK(starts() == expected);
}

TEST_CASE_FIXTURE(Fixture, "another build of the compiler has its own entries") {
  const fs::path program = scratch.path / "anvil-compiler";
  fs::copy_file(FAKE_COMPILER, program);
  CompilerService other(Compiler(program), scratch.path / "cache", 1 << 30);
  const auto source = std::make_shared<LibrarySource>(LibrarySource{"x", {}});
  const std::string key = other.library(source).key;
  CHECK(other.library(source).key == key);
  write_text(program, text_of(program) + "# newer\n");
  CHECK(other.library(source).key != key);
  CHECK(starts() == 2);
  fs::remove(program);
  CHECK_THROWS_WITH_AS(
      other.library(source),
      ("anvil-compiler is gone: " + program.string() + ": No such file or directory").c_str(),
      CompileError);
}

TEST_CASE("two copies of one build are one compiler, by the linker's build id") {
  Scratch scratch;
  const fs::path self = "/proc/self/exe", copy = scratch.path / "copy";
  fs::copy_file(self, copy);
  CHECK(Compiler(copy).identity() == Compiler(self).identity());
  CHECK(Compiler(copy).identity() != Compiler(FAKE_COMPILER).identity());
}

TEST_CASE_FIXTURE(Fixture,
                  "threads that ask for one thing at once share one compile, and its error") {
  std::vector<std::thread> threads;
  std::atomic<int> errors{0};
  for (int i = 0; i < 6; ++i)
    threads.emplace_back([&, i] {
      library("SLOW");
      if (i < 3) errors += error("SLOW SYNTAX").find("unknown type name") != std::string::npos;
    });
  for (auto& thread : threads) thread.join();
  CHECK(errors == 3);
  const std::string log = text_of(scratch.path / "starts");
  CHECK(starts() >= 2);
  CHECK(starts() <= 4);  // errors are not kept: a thread that came after it compiles again
}

TEST_CASE_FIXTURE(Fixture, "a compile that is left by one is made for another who waits for it") {
  std::atomic<bool> left{false};
  std::string error;
  std::thread first([&] {
    use_cancellation(&left);
    error = this->error("SLOW");
  });
  while (starts() == 0) std::this_thread::yield();
  std::thread second([&] { CHECK(library("SLOW").functions.size() == 2); });
  std::this_thread::sleep_for(std::chrono::milliseconds(50));
  left = true;
  cancel_compilations();
  first.join();
  second.join();
  CHECK(error == "the compilation of a library was cancelled");
  CHECK(starts() == 2);
}

TEST_CASE_FIXTURE(Fixture, "processes that compile the same things at once all get them") {
  std::vector<pid_t> children;
  for (int child = 0; child < 5; ++child) {
    const pid_t pid = fork();
    REQUIRE(pid >= 0);
    if (pid == 0) {
      bool good = true;
      for (int i = 0; i < 4; ++i) {
        const auto made = library("kernel " + std::to_string(i));
        const auto kernel = service.kernel(made, "axpy", {}, full);
        good = good && *kernel.code == "code of axpy\n" && made.functions.size() == 2;
      }
      _exit(good ? 0 : 1);
    }
    children.push_back(pid);
  }
  for (const pid_t pid : children) {
    int status = 0;
    waitpid(pid, &status, 0);
    CHECK(status == 0);
  }
}

TEST_CASE_FIXTURE(Fixture, "a damaged or planted entry is compiled again") {
  const LibraryImage made = library("x");
  const std::string code = *service.kernel(made, "axpy", {}, full).code;
  CHECK(starts() == 2);
  const auto damage = [&](const std::string& text) {
    for (const auto& entry : fs::directory_iterator(scratch.path / "cache" / "entries"))
      write_text(entry.path(), text);
  };
  damage("poison");
  CHECK(*service.kernel(made, "axpy", {}, full).code == code);
  CHECK(starts() == 4);  // the library's contents too
  damage("");
  CHECK(library("x").functions.size() == 2);
  CHECK(starts() == 5);
}

TEST_CASE_FIXTURE(Fixture, "a library that the cache dropped is made again for its next kernel") {
  const LibraryImage made = library("x");
  fs::remove_all(scratch.path / "cache");
  CHECK(service.kernel(made, "axpy", {}, full).name == "axpy");
  CHECK(starts() == 3);
}

TEST_CASE_FIXTURE(Fixture, "whatever goes wrong in the compiler is a CompileError with its words") {
  CHECK(error("SYNTAX") == "program_source:1:1: error: unknown type name 'SYNTAX'\n");
  CHECK(error("CRASH") ==
        "anvil-compiler crashed with signal 11 (Segmentation fault) on a library:\n"
        "stack dump follows\n");
  CHECK(error("ODD") ==
        "anvil-compiler failed with exit status 70 on a library:\nassertion failed\n");
  CHECK(
      error("MEMORY") ==
      "anvil-compiler ran out of memory (limit 4096 MB; ANVIL_COMPILER_MEMORY_MB sets another) on "
      "a library; it wrote nothing");
  CHECK(error("JUNK").find("anvil-compiler wrote a library that cannot be read: ") == 0);
  {
    Environment limit("ANVIL_COMPILER_TIMEOUT", "0.3");
    CHECK(error("HANG").find("anvil-compiler was stopped after 0.3") == 0);
    Environment bad("ANVIL_COMPILER_TIMEOUT", "soon");
    CHECK(error("x") ==
          "Anvil: the environment variable ANVIL_COMPILER_TIMEOUT is 'soon'; accepted: a number of "
          "seconds above 0, up to 1000000");
  }
  CHECK_THROWS_WITH_AS(service.kernel(library("x"), "missing", {}, full),
                       "error: no function 'missing'\n", CompileError);
  CHECK(library("x").functions.size() == 2);  // and it goes on
  CHECK(std::distance(fs::directory_iterator(scratch.path / "cache" / "staging"), {}) == 0);
}

TEST_CASE("a compiler that is not there is an error that says where it was looked for") {
  const auto error = [] {
    try {
      Compiler::locate();
    } catch (const CompileError& error) {
      return std::string(error.what());
    }
    return std::string();
  };
  Environment named("ANVIL_COMPILER", "/nowhere/anvil-compiler");
  CHECK(error() ==
        "ANVIL_COMPILER names '/nowhere/anvil-compiler', which cannot be run: No such file or "
        "directory");
  Environment unnamed("ANVIL_COMPILER", std::nullopt);
  const fs::path beside = fs::canonical("/proc/self/exe").parent_path() / "anvil-compiler";
  if (!fs::exists(beside)) {
    CHECK(error().find("anvil-compiler was not found; set ANVIL_COMPILER to its path") == 0);
    CHECK(error().find(beside.string()) != std::string::npos);
  }
}

TEST_CASE_FIXTURE(Fixture,
                  "the process's own service takes compiler and cache from the environment") {
  Environment compiler("ANVIL_COMPILER", FAKE_COMPILER);
  Environment cache("FOUNDRY_CACHE_DIR", (scratch.path / "home").string());
  const auto made = std::make_shared<LibraryImage>(compile_library("x", {}));
  const KernelImage kernel = compile_kernel({made, "gemv", {}}, full);
  CHECK(kernel.name == "gemv");
  CHECK(fs::exists(scratch.path / "home" / "anvil" / "entries"));
}
