// What lies past the end of memory: a little of it is memory, as on a Mac, and what is not is an
// error of the command buffer. Runs under Metal's validation, which grants nothing, and without.
#include <mach/mach.h>
#include <sys/mman.h>
#include <unistd.h>

#include <string>
#include <utility>
#include <vector>

#include "host.hpp"

using host::contains;
using host::Encode;
using host::text;
using host::validated;

namespace {

constexpr const char* kSource = R"(#include <metal_stdlib>
using namespace metal;

kernel void reads_ahead(device const float* x [[buffer(0)]], device float* out [[buffer(1)]],
                        constant uint& ahead [[buffer(2)]],
                        uint i [[thread_position_in_grid]]) {
  const float read = x[i + ahead];
  if (i == 0) out[0] = read;
}

kernel void share(device uint* out [[buffer(0)]], constant uint& ahead [[buffer(1)]],
                  threadgroup uint* shared [[threadgroup(0)]],
                  threadgroup uint* other [[threadgroup(1)]],
                  uint i [[thread_index_in_threadgroup]]) {
  if (i == 64) other[0] = i;
  shared[i + ahead] = i;
  threadgroup_barrier(mem_flags::mem_threadgroup);
  out[i] = shared[i + ahead];
}
)";

// Behind a buffer's last page, and what a simdgroup reads.
constexpr size_t kSlack = 32 << 10, kRead = 32 * sizeof(float);
const size_t kPage = static_cast<size_t>(getpagesize());

struct Bench : host::Bench {
  NS::SharedPtr<MTL::ComputePipelineState> reads = pipeline("reads_ahead");
  // Large: between guards of its own, and never the nearest to an address behind another.
  NS::SharedPtr<MTL::Buffer> out = buffer(std::vector<float>(64 << 10, 9.0f));

  Bench() : host::Bench(kSource) {}

  /// The page fault that it ends with; empty if it ends well.
  std::string fault(const Encode& encode) {
    MTL::CommandBuffer* commands = run(encode);
    if (commands->status() != MTL::CommandBufferStatusError) return "";
    CHECK(commands->error()->code() == MTL::CommandBufferErrorPageFault);
    return text(commands->error());
  }
  /// Of a read so many bytes from the start of a buffer.
  std::string fault_at(MTL::Buffer* x, size_t bytes) {
    return fault([&, ahead = static_cast<uint32_t>(bytes / 4)](auto* encoder) {
      encoder->setComputePipelineState(reads.get());
      encoder->setBuffer(x, 0, 0);
      encoder->setBuffer(out.get(), 0, 1);
      encoder->setBytes(&ahead, sizeof ahead, 2);
      encoder->dispatchThreads(MTL::Size(32, 1, 1), MTL::Size(32, 1, 1));
    });
  }
  NS::SharedPtr<MTL::Buffer> borrowed(void* memory, size_t bytes) {
    return NS::TransferPtr(
        device->newBuffer(memory, bytes, MTL::ResourceStorageModeShared, nullptr));
  }
};

bool is_past_x(const std::string& fault, size_t bytes) {
  const std::string expected =
      ", " + std::to_string(bytes) + " bytes past the end of buffer 0 ('x'";
  return contains(fault, expected.c_str());
}

/// A page of the caller's, nothing behind it, and behind that a guard, as of a thread's stack.
class GuardedPage {
 public:
  explicit GuardedPage(size_t nothing) : nothing_(nothing) {
    void* const pages =
        mmap(nullptr, nothing + 2 * kPage, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    REQUIRE(pages != MAP_FAILED);
    data = static_cast<std::byte*>(pages);
    mprotect(data, kPage, PROT_READ | PROT_WRITE);
    if (nothing) munmap(data + kPage, nothing);
  }
  GuardedPage(const GuardedPage&) = delete;
  ~GuardedPage() {
    munmap(data, kPage);
    munmap(data + kPage + nothing_, kPage);
  }

  std::byte* data;

 private:
  size_t nothing_;
};

/// vm_allocate()'s, one page, a guard right behind its slack.
class GuardedRegion {
 public:
  GuardedRegion() {
    // The next lies before the last, mostly, whose page is the guard then.
    for (int tries = 0; tries < 64 && !guard_; ++tries) {
      vm_address_t at = 0;
      REQUIRE(vm_allocate(mach_task_self(), &at, kPage, VM_FLAGS_ANYWHERE) == KERN_SUCCESS);
      void* const behind = reinterpret_cast<void*>(at + kPage + kSlack);
      if (!regions_.empty() && regions_.back() == at + kPage + kSlack)
        guard_ = mprotect(behind, kPage, PROT_NONE) == 0;
      else if (mmap(behind, kPage, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1,
                    0) == behind)
        guard_ = own_guard_ = true;
      regions_.push_back(at);
    }
    REQUIRE(guard_);
  }
  GuardedRegion(const GuardedRegion&) = delete;
  ~GuardedRegion() {
    if (own_guard_) munmap(data() + kPage + kSlack, kPage);
    for (const vm_address_t at : regions_) vm_deallocate(mach_task_self(), at, kPage);
  }

  std::byte* data() const { return reinterpret_cast<std::byte*>(regions_.back()); }

 private:
  std::vector<vm_address_t> regions_;
  bool guard_ = false, own_guard_ = false;
};

}  // namespace

TEST_CASE("a little past the end of a buffer is memory, and far past it an error") {
  Bench bench;
  const std::vector<std::pair<size_t, size_t>> sizes{
      {64, 4096 - 256 + kSlack}, {1 << 10, kSlack}, {1 << 14, kSlack}, {1 << 16, kSlack}};
  for (const auto& [floats, distance] : sizes) {
    auto x = bench.buffer(std::vector<float>(floats, 1.0f));
    const std::string near = bench.fault_at(x.get(), 4 * floats);
    if (validated())
      CHECK_MESSAGE(is_past_x(near, 0), near);
    else
      CHECK((near.empty() && host::values<float>(bench.out.get())[0] == 0.0f));
    const std::string far = bench.fault_at(x.get(), 4 * floats + distance);
    CHECK_MESSAGE(is_past_x(far, distance), far);
  }
}

TEST_CASE("past memory of the caller's lies slack, where there is room for it") {
  Bench bench;
  {
    const GuardedPage page(kSlack);
    auto x = bench.borrowed(page.data, kPage);
    CHECK(bench.fault_at(x.get(), kPage).empty() == !validated());
    CHECK(bench.fault_at(x.get(), kPage + kSlack - kRead).empty() == !validated());
    const std::string far = bench.fault_at(x.get(), kPage + kSlack);
    CHECK_MESSAGE(is_past_x(far, kSlack), far);
    x = {};
    CHECK(msync(page.data + kPage, kPage, MS_ASYNC) != 0);  // no page is left there
  }
  for (const size_t nothing : {size_t{0}, kSlack - kPage}) {
    const GuardedPage page(nothing);
    auto x = bench.borrowed(page.data, kPage);
    CHECK(bench.fault_at(x.get(), kPage - kRead).empty());
    const std::string near = bench.fault_at(x.get(), kPage);
    CHECK_MESSAGE(is_past_x(near, 0), near);
  }
}

TEST_CASE("past what vm_allocate gives lies slack, whoever is behind it") {
  Bench bench;
  const GuardedRegion region;
  auto x = bench.borrowed(region.data(), kPage);
  CHECK(bench.fault_at(x.get(), kPage).empty());
  CHECK(bench.fault_at(x.get(), kPage + kSlack - kRead).empty());
  const std::string far = bench.fault_at(x.get(), kPage + kSlack);
  CHECK_MESSAGE(is_past_x(far, kSlack), far);
}

TEST_CASE("past one threadgroup argument lies the next, and far past them an error") {
  Bench bench;
  const auto share = bench.pipeline("share");
  auto out = bench.buffer(std::vector<uint32_t>(64));
  const auto ahead_by = [&](uint32_t ahead) {
    return bench.fault([&, ahead](MTL::ComputeCommandEncoder* encoder) {
      encoder->setComputePipelineState(share.get());
      encoder->setBuffer(out.get(), 0, 0);
      encoder->setBytes(&ahead, sizeof ahead, 1);
      encoder->setThreadgroupMemoryLength(1024, 0);
      encoder->setThreadgroupMemoryLength(16, 1);
      encoder->dispatchThreadgroups(MTL::Size(1, 1, 1), MTL::Size(64, 1, 1));
    });
  };
  // Behind the first argument lies the second, and behind that the end.
  CHECK(ahead_by(256).empty() == !validated());
  const std::string far = ahead_by(64 << 10 >> 2);
  CHECK_MESSAGE(contains(far,
                         "kernel 'share' (program_source:16), threadgroup (0, 0, 0): write to "
                         "memory at 0x"),
                far);
  CHECK_MESSAGE(contains(far, " bytes past the end of its 1280 bytes of threadgroup memory"), far);
  CHECK(ahead_by(0).empty());
  CHECK(host::values<uint32_t>(out.get())[63] == 63);
}
