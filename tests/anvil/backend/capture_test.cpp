// $ANVIL_CAPTURE over a device whose memory the host does not see.
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "program.hpp"

namespace fs = std::filesystem;

namespace {

std::string contents(const fs::path& path) {
  std::ostringstream text;
  text << std::ifstream(path, std::ios::binary).rdbuf();
  return std::move(text).str();
}

}  // namespace

TEST_CASE("a capture is a call before the dispatch, which reads through the device") {
  const fs::path folder = fs::path(std::getenv("FOUNDRY_CACHE_DIR")) / "capture";
  setenv("ANVIL_CAPTURE", folder.c_str(), 1);
  Program p;
  auto x = p.buffer(512, MTL::ResourceStorageModePrivate), y = p.buffer(512);
  const auto run = [&](uint32_t n) {
    MTL::CommandBuffer* commands = p.queue->commandBuffer();
    MTL::ComputeCommandEncoder* encoder =
        commands->computeCommandEncoder(MTL::DispatchTypeConcurrent);
    p.encode(encoder, x.get(), y.get(), n);
    p.encode(encoder, x.get(), y.get(), n);
    encoder->endEncoding();
    commands->commit();
    p.recorder.complete();
    commands->waitUntilCompleted();
    CHECK(commands->status() == MTL::CommandBufferStatusCompleted);
  };
  p.recorder.requests();
  run(64);
  const std::string dispatch =
      "  axpy(x: #1 512, y: #2+64 448, params: 8 bytes from 64) 2x1x1 threadgroups, 64x1x1 threads "
      "by 32x1x1";
  CHECK(p.recorder.requests() == Requests{"submit", "  call", dispatch, "  call", dispatch,
                                          "read 512 from #1", "read 448 from #2+64"});
  run(96);  // larger: the smallest is kept
  CHECK(p.recorder.requests().size() == 5);

  REQUIRE(std::distance(fs::directory_iterator(folder), {}) == 1);
  const fs::path kept = fs::directory_iterator(folder)->path();
  CHECK(contents(kept / "source.metal") == "kernels");
  CHECK(contents(kept / "0") == std::string(512, '\0'));
  CHECK(contents(kept / "2").substr(0, 4) == std::string("\x40\0\0\0", 4));
  CHECK(contains(contents(kept / "case.json"), "\"function\": \"axpy\""));
}
