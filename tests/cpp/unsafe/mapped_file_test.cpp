#include "foundry/unsafe/mapped_file.hpp"

#include <doctest/doctest.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <filesystem>
#include <fstream>
#include <functional>
#include <string>
#include <thread>
#include <vector>

#include "foundry/core/error.hpp"

using namespace foundry;
using unsafe::MappedFile;
using unsafe::OpenFile;

/// Under AddressSanitizer, whose report of a bus error would end a process in the signal's place.
extern "C" [[gnu::visibility("default")]] const char* __asan_default_options() {
  return "handle_sigbus=0";
}

namespace {

class Path {
 public:
  explicit Path(const char* name) : path_(std::filesystem::temp_directory_path() / name) {
    std::filesystem::remove(path_);
  }
  ~Path() { std::filesystem::remove(path_); }
  const std::string& string() const { return path_; }
  void cut(std::uintmax_t size) const { std::filesystem::resize_file(path_, size); }
  void write(std::string_view text) const { std::ofstream(path_, std::ios::trunc) << text; }

 private:
  std::string path_;
};

/// As the host sees them.
std::span<const std::byte> bytes_of(const MappedFile& mapped) {
  const unsafe::HostMemory memory = mapped.host_memory();
  return memory.bytes(0, memory.length());
}

constexpr std::size_t kPage = 4096;

std::size_t count_of(std::span<const std::byte> bytes, char value) {
  return static_cast<std::size_t>(std::count(bytes.begin(), bytes.end(), std::byte(value)));
}

/// How a process ends that runs `body`: its status, or minus the signal.
int end_of(const std::function<int()>& body) {
  const pid_t child = ::fork();
  if (child == 0) ::_exit(body());
  int status = 0;
  ::waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

/// Reads a page of a file that is mapped by nobody who watches it, and was cut.
int read_what_nobody_watches(const Path& path) {
  path.write(std::string(kPage, 'z'));
  const auto file = OpenFile::open(path.string());
  const auto* byte = static_cast<const volatile char*>(
      ::mmap(nullptr, kPage, PROT_READ, MAP_SHARED, file->descriptor(), 0));
  path.cut(0);
  return *byte;
}

}  // namespace

TEST_CASE("a mapped file shows the file's bytes") {
  const Path path("foundry_mapped_file_test");
  path.write("anvil");
  const auto file = OpenFile::open(path.string());
  const auto mapped = MappedFile::map(file);
  CHECK(unsafe::text_of(bytes_of(*mapped)) == "anvil");
  CHECK(unsafe::text_of(file->read_all()) == "anvil");
  CHECK(mapped->memory().is_read_only());
  path.write("");
  CHECK(MappedFile::map(OpenFile::open(path.string()))->size() == 0);
}

TEST_CASE("what cannot be opened is a typed error with path and reason") {
  CHECK_THROWS_WITH_AS(OpenFile::open("/nowhere/model.gguf"),
                       "cannot open '/nowhere/model.gguf': No such file or directory",
                       ArgumentError);
  CHECK_THROWS_WITH_AS(OpenFile::open(std::string("a\0b", 3)),
                       "cannot open 'a...': the path has a NUL in it", ArgumentError);
}

TEST_CASE("what is no regular file is refused at once") {
  CHECK_THROWS_WITH_AS(OpenFile::open("/tmp"), "'/tmp' is not a regular file but a folder",
                       ArgumentError);
  CHECK_THROWS_WITH_AS(OpenFile::open("/dev/zero"),
                       "'/dev/zero' is not a regular file but a device", ArgumentError);
  const Path fifo("foundry_mapped_file_test_fifo");
  REQUIRE(::mkfifo(fifo.string().c_str(), 0600) == 0);
  const std::string expected = "'" + fifo.string() + "' is not a regular file but a FIFO";
  CHECK_THROWS_WITH_AS(OpenFile::open(fifo.string()), expected.c_str(), ArgumentError);
}

TEST_CASE("a file that was cut is found out before its pages are touched") {
  const Path path("foundry_mapped_file_test_cut");
  path.write(std::string(10'000, 'x'));
  const auto file = OpenFile::open(path.string());
  std::filesystem::resize_file(path.string(), 6'000);
  const std::string expected = "'" + path.string() +
                               "' was cut while it was in use: it has 6000 bytes, and had 10000 "
                               "when it was opened";
  CHECK_THROWS_WITH_AS(file->require_whole(), expected.c_str(), ArgumentError);
  CHECK_THROWS_WITH_AS(MappedFile::map(file), expected.c_str(), ArgumentError);
  CHECK_THROWS_WITH_AS(file->read_all(), expected.c_str(), ArgumentError);
  std::array<std::byte, 100> some;
  file->read(5'900, some);  // what is still there can be read
  path.write(std::string(20'000, 'y'));
  file->require_whole();
}

TEST_CASE("the host reads zeros of pages that are gone, and the next call says so") {
  const Path path("foundry_mapped_file_test_lost");
  const std::string whole(64 * kPage - 100, 'x');
  path.write(whole);
  const auto mapped = MappedFile::map(OpenFile::open(path.string()));
  const auto bytes = bytes_of(*mapped);
  CHECK(count_of(bytes, 'x') == whole.size());
  for (const std::size_t left : {40 * kPage + 7, 3 * kPage, std::size_t{0}}) {
    path.cut(left);
    CHECK(count_of(bytes, 'x') == left);
    CHECK(count_of(bytes, 0) == whole.size() - left);
    const std::string expected = "it has " + std::to_string(left) + " bytes, and had " +
                                 std::to_string(whole.size()) + " when it was opened";
    for (int again = 0; again < 2; ++again) {
      CHECK_THROWS_WITH_AS(static_cast<void>(bytes_of(*mapped)),
                           doctest::Contains(expected.c_str()), ArgumentError);
    }
  }
  path.write(whole);
  CHECK(count_of(bytes_of(*mapped), 'x') == whole.size());
  CHECK(count_of(bytes, 'x') == whole.size());
}

TEST_CASE("a loss that nobody has been told of is told once the file is whole again") {
  const Path path("foundry_mapped_file_test_told");
  path.write(std::string(4 * kPage, 'x'));
  const auto mapped = MappedFile::map(OpenFile::open(path.string()));
  const auto bytes = bytes_of(*mapped);
  path.cut(kPage);
  CHECK(count_of(bytes, 0) == 3 * kPage);
  path.write(std::string(4 * kPage, 'x'));
  CHECK_THROWS_WITH_AS(mapped->require_whole(), doctest::Contains("may be zeros"), ArgumentError);
  CHECK(count_of(bytes_of(*mapped), 'x') == 4 * kPage);
}

TEST_CASE("who writes to what the host may only read changes its own pages, not the file") {
  const Path path("foundry_mapped_file_test_written");
  path.write(std::string(2 * kPage, 'x'));
  const auto file = OpenFile::open(path.string());
  const auto mapped = MappedFile::map(file);
  auto* bytes = const_cast<std::byte*>(bytes_of(*mapped).data());
  bytes[0] = std::byte('y');
  path.cut(0);
  bytes[kPage] = std::byte('y');
  path.write(std::string(2 * kPage, 'x'));
  CHECK(count_of(file->read_all(), 'x') == 2 * kPage);
}

TEST_CASE("many files are cut while many threads read them") {
  std::vector<std::thread> threads;
  std::atomic<std::size_t> lost{0};
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&, i] {
      const Path path(("foundry_mapped_file_test_thread" + std::to_string(i)).c_str());
      for (int round = 0; round < 50; ++round) {
        path.write(std::string(8 * kPage, 'x'));
        const auto mapped = MappedFile::map(OpenFile::open(path.string()));
        const auto bytes = bytes_of(*mapped);
        std::thread other([&] { path.cut(kPage); });
        const std::size_t seen = count_of(bytes, 'x') + count_of(bytes, 'x');
        other.join();
        CHECK(count_of(bytes, 'x') == kPage);
        if (seen < 16 * kPage) ++lost;
        CHECK_THROWS_AS(mapped->require_whole(), ArgumentError);
      }
    });
  }
  for (auto& thread : threads) thread.join();
}

TEST_CASE("a bus error that is another's ends the process, or goes to the handler before") {
  const Path path("foundry_mapped_file_test_other");
  path.write(std::string(kPage, 'x'));
  const auto mapped = MappedFile::map(OpenFile::open(path.string()));
  const auto bytes = bytes_of(*mapped);
  const Path other("foundry_mapped_file_test_foreign");
  CHECK(end_of([&] { return read_what_nobody_watches(other); }) == -SIGBUS);
  path.cut(0);
  CHECK(end_of([&] { return read_what_nobody_watches(other); }) == -SIGBUS);
  path.write(std::string(kPage, 'x'));
  CHECK(end_of([] { return ::raise(SIGBUS); }) == -SIGBUS);
  // One that was installed later, reports, and raises the signal again for who was there before.
  CHECK(end_of([&] {
          static struct sigaction before;
          static int reports = 0;
          struct sigaction reporting{};
          reporting.sa_handler = [](int signal) {
            ++reports;
            ::sigaction(signal, &before, nullptr);
            ::raise(signal);
          };
          reporting.sa_flags = SA_NODEFER;
          ::sigaction(SIGBUS, &reporting, &before);
          path.cut(0);
          return count_of(bytes, 0) == kPage && reports == 1 ? 7 : 8;
        }) == 7);
}
