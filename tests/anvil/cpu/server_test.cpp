// The compiler that stays: the real one, with what can happen to it and to its host.
#include <doctest/doctest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <cstdio>
#include <functional>
#include <set>
#include <thread>
#include <vector>

#include "anvil/service/cancellation.hpp"
#include "anvil/service/service.hpp"
#include "scratch.hpp"

using namespace anvil::service;
using namespace anvil::test;
using namespace std::chrono_literals;
namespace fs = std::filesystem;

namespace {

// As ctest and ./dev say: a sanitized build has a fast one.
const fs::path kCompiler = getenv("ANVIL_COMPILER") ? getenv("ANVIL_COMPILER") : "anvil-compiler";
const Target kTarget{"elf", {"--cpu", "host"}, ""};

/// A service on an empty cache, with a compiler of its own.
struct Fixture {
  Scratch scratch;
  CompilerService service{Compiler(kCompiler), scratch.path / "cache", 1 << 30};

  LibraryImage library(const std::string& text) {
    return service.library(std::make_shared<LibrarySource>(LibrarySource{text, {}}));
  }
  std::string error(const std::string& text) {
    try {
      for (const LibraryImage made = library(text); const std::string& name : made.functions)
        service.kernel(made, name, {}, kTarget);
    } catch (const CompileError& error) {
      return error.what();
    }
    return "no error";
  }
};

std::string kernel(const std::string& name) {
  return "kernel void " + name + "(device float* x [[buffer(0)]]) { x[0] += 1.0f; }\n";
}

/// A source whose preprocessing takes 2^doublings steps, and no memory.
std::string slow(int doublings, const std::string& name = "slow") {
  std::string text = "#define A0\n";
  for (int i = 1; i <= doublings; ++i)
    text += "#define A" + std::to_string(i) + " A" + std::to_string(i - 1) + " A" +
            std::to_string(i - 1) + "\n";
  return text + "A" + std::to_string(doublings) + "\n" + kernel(name);
}
constexpr int kForEver = 60, kASecond = 21;

constexpr auto kHuge =
    "struct Table { char c[900000000]; constexpr Table() : c{} { c[899999999] = 1; } };\n"
    "constant Table table{};\n"
    "kernel void f(device int* x [[buffer(0)]]) { x[0] = table.c[3]; }\n";

struct Process {
  pid_t id, parent;
  char state;
};

std::vector<Process> processes() {
  std::vector<Process> all;
  for (const auto& entry : fs::directory_iterator("/proc")) {
    const pid_t id = std::atoi(entry.path().filename().c_str());
    if (id == 0) continue;
    const std::string text = text_of(entry.path() / "stat");
    const size_t end = text.rfind(')');
    Process process{id, 0, 0};
    if (end != std::string::npos &&
        std::sscanf(text.c_str() + end + 1, " %c %d", &process.state, &process.parent) == 2 &&
        process.state != 'Z')
      all.push_back(process);
  }
  return all;
}

/// The generations below a process, children first.
std::vector<std::vector<pid_t>> descendants(pid_t of) {
  const auto all = processes();
  std::vector<std::vector<pid_t>> generations{{of}};
  for (;;) {
    std::vector<pid_t> next;
    for (const Process& process : all)
      for (const pid_t parent : generations.back())
        if (process.parent == parent) next.push_back(process.id);
    if (next.empty()) break;
    generations.push_back(next);
  }
  generations.erase(generations.begin());
  return generations;
}

bool soon(const std::function<bool()>& is_true) {
  for (int i = 0; i < 2000; ++i) {
    if (is_true()) return true;
    std::this_thread::sleep_for(10ms);
  }
  return false;
}

/// The server and what it has forked, once it has.
std::vector<std::vector<pid_t>> busy(pid_t host = getpid()) {
  std::vector<std::vector<pid_t>> found;
  soon([&] { return (found = descendants(host)).size() >= 2; });
  return found;
}

bool are_gone(const std::vector<std::vector<pid_t>>& generations) {
  return soon([&] {
    std::set<pid_t> alive;
    for (const Process& process : processes()) alive.insert(process.id);
    for (const auto& generation : generations)
      for (const pid_t id : generation)
        if (alive.contains(id)) return false;
    return true;
  });
}

}  // namespace

// A child that ends while the server is at work would not wake it otherwise, if another thread
// took the signal.
TEST_CASE_FIXTURE(Fixture, "the end of a child is told to the server's thread that waits, alone") {
  library(kernel("f"));
  const auto generations = descendants(getpid());
  REQUIRE(!generations.empty());
  for (const pid_t server : generations[0]) {
    int threads = 0, open = 0;
    for (const auto& task : fs::directory_iterator("/proc/" + std::to_string(server) + "/task")) {
      const std::string text = text_of(task.path() / "status"), name = "SigBlk:";
      const uint64_t blocked = std::stoull(text.substr(text.find(name) + name.size()), nullptr, 16);
      ++threads;
      open += !(blocked >> (SIGCHLD - 1) & 1);
    }
    CHECK(threads >= 2);
    CHECK(open <= 1);
  }
}

TEST_CASE_FIXTURE(Fixture, "a server is started once, and a library parsed once for its kernels") {
  const LibraryImage made = library(kernel("a") + kernel("b"));
  const auto first = descendants(getpid());
  REQUIRE(first.size() == 2);
  CHECK(first[0].size() == 1);  // the server
  CHECK(first[1].size() == 1);  // the library
  CHECK(service.kernel(made, "a", {}, kTarget).name == "a");
  CHECK(service.kernel(made, "b", {}, kTarget).name == "b");
  CHECK(descendants(getpid()) == first);
}

TEST_CASE_FIXTURE(Fixture, "a hundred threads at once get what they ask for") {
  std::vector<std::string> texts;
  for (int i = 0; i < 4; ++i) {
    std::string text = "// " + std::to_string(i) + "\n";
    for (int j = 0; j < 25; ++j) text += kernel("k" + std::to_string(j));
    texts.push_back(text);
  }
  std::vector<std::thread> threads;
  std::atomic<int> good{0};
  for (int i = 0; i < 100; ++i)
    threads.emplace_back([&, i] {
      const std::string name = "k" + std::to_string(i / 4);
      const LibraryImage made = library(texts[static_cast<size_t>(i % 4)]);
      if (service.kernel(made, name, {}, kTarget).name == name) ++good;
    });
  for (auto& thread : threads) thread.join();
  CHECK(good == 100);
}

TEST_CASE_FIXTURE(Fixture, "a server that is killed is started again, and its work done again") {
  std::thread waiting([&] { CHECK(library(slow(kASecond)).functions.size() == 1); });
  const auto before = busy();
  REQUIRE(before.size() >= 2);
  kill(before[0][0], SIGKILL);
  waiting.join();
  CHECK(are_gone(before));
  CHECK(error(kernel("after")) == "no error");
}

TEST_CASE_FIXTURE(Fixture, "a compilation that crashes is an error, once") {
  std::string text;
  std::thread waiting([&] { text = error(slow(kForEver)); });
  const auto before = busy();
  REQUIRE(before.size() >= 2);
  for (const pid_t id : before.back()) kill(id, SIGSEGV);
  waiting.join();
  CHECK(text ==
        "anvil-compiler crashed with signal 11 (Segmentation fault) on a library; it wrote "
        "nothing");
  CHECK(error(kernel("after")) == "no error");
  CHECK(descendants(getpid())[0] == before[0]);
}

TEST_CASE_FIXTURE(Fixture, "a compilation out of memory or time is an error, and ends") {
  {
    Environment limit("ANVIL_COMPILER_MEMORY_MB", "800");
    CHECK(error(kHuge) ==
          "anvil-compiler ran out of memory (limit 800 MB; ANVIL_COMPILER_MEMORY_MB sets another) "
          "on function 'f':\nanvil-compiler: out of memory\n");
  }
  Environment limit("ANVIL_COMPILER_TIMEOUT", "0.3");
  CHECK(error(slow(kForEver)) ==
        "anvil-compiler was stopped after 0.3 s (ANVIL_COMPILER_TIMEOUT sets another limit) on a "
        "library; it wrote nothing");
  CHECK(soon([] { return descendants(getpid()).size() <= 2; }));
}

TEST_CASE_FIXTURE(Fixture, "a compilation that is left ends, one that waits for its turn too") {
  Environment one("ANVIL_THREADS", "1");
  CompilerService narrow(Compiler(kCompiler), scratch.path / "narrow", 1 << 30);
  std::atomic<bool> left{false};
  std::vector<std::thread> threads;
  std::atomic<int> cancelled{0};
  for (int i = 0; i < 3; ++i)
    threads.emplace_back([&, i] {
      use_cancellation(&left);
      try {
        narrow.library(std::make_shared<LibrarySource>(
            LibrarySource{slow(kForEver, "slow" + std::to_string(i)), {}}));
      } catch (const CompileError& error) {
        if (std::string(error.what()) == "the compilation of a library was cancelled") ++cancelled;
      }
    });
  auto before = busy();
  REQUIRE(before.size() >= 2);
  CHECK(before[1].size() == 1);
  left = true;
  cancel_compilations();
  for (auto& thread : threads) thread.join();
  CHECK(cancelled == 3);
  before.erase(before.begin());
  CHECK(are_gone(before));
}

TEST_CASE_FIXTURE(Fixture, "a fork of the host has a server of its own") {
  const LibraryImage made = library(kernel("a") + kernel("b"));
  const auto before = descendants(getpid());
  const pid_t child = fork();
  if (child == 0) {
    const bool good = service.kernel(made, "b", {}, kTarget).name == "b" &&
                      !descendants(getpid()).empty() && descendants(getpid())[0] != before[0];
    _exit(good ? 0 : 1);
  }
  CHECK(service.kernel(made, "a", {}, kTarget).name == "a");
  int status = 0;
  waitpid(child, &status, 0);
  CHECK(status == 0);
  CHECK(descendants(getpid()) == before);
}

TEST_CASE_FIXTURE(Fixture, "nothing outlives its host, whether that is killed or exits") {
  for (const bool killed : {true, false}) {
    int seen[2];
    REQUIRE(pipe(seen) == 0);
    const pid_t host = fork();
    if (host == 0) {
      close(seen[1]);
      std::thread([&] { error(slow(kForEver)); }).detach();
      char none;
      static_cast<void>(read(seen[0], &none, 1));  // until the other end is closed
      std::exit(0);
    }
    close(seen[0]);
    const auto generations = busy(host);
    CHECK(generations.size() >= 2);
    if (killed) kill(host, SIGKILL);
    close(seen[1]);
    waitpid(host, nullptr, 0);
    CHECK(are_gone(generations));
  }
}
