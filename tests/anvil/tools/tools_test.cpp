// xcrun, metal, metallib, metal-ar and metal-nm as build systems call them.
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include "../host/host.hpp"

namespace fs = std::filesystem;
using host::contains;
using host::text;

namespace {

std::string read(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream contents;
  contents << file.rdbuf();
  return contents.str();
}

struct Result {
  int status;
  std::string output;  ///< standard output and error
};

/// A folder with the sources of two translation units, whose names collide.
struct Project {
  fs::path folder = fs::temp_directory_path() / ("anvil-tools-" + std::to_string(getpid()));

  Project() {
    fs::create_directories(folder / "include");
    write("include/scale.h",
          "#pragma once\nstruct Scale { float by; };\n#define TWICE(x) (2 * (x))\n");
    write("a.metal",
          "#include <metal_stdlib>\n#include \"scale.h\"\n#include <scale.h>\nusing namespace "
          "metal;\nstatic float helper(float x) { return TWICE(x) + OFFSET; }\n"
          "kernel void a(device float* y, constant Scale& s, uint i "
          "[[thread_position_in_grid]]) { y[i] = helper(y[i]) * s.by; }\n");
    write("b.metal",
          "#include <metal_stdlib>\nusing namespace metal;\nstruct Scale { int by[2]; };\n"
          "constant int added [[function_constant(7)]];\n"
          "static float helper(float x) { return x * x + added; }\n"
          "kernel void b(device float* y, uint i [[thread_position_in_grid]]) {\n"
          "  y[i] = helper(y[i]) + sizeof(Scale);\n}\n");
  }
  ~Project() { fs::remove_all(folder); }
  Project(const Project&) = delete;

  void write(const std::string& name, const std::string& contents) const {
    std::ofstream(folder / name, std::ios::binary) << contents;
  }
  /// In the folder, with the tools in front of PATH.
  Result run(const std::string& command) const {
    const std::string log = (folder / "log").string();
    const int status = std::system(("cd '" + folder.string() + "' && PATH='" TOOLS "':$PATH && { " +
                                    command + "; } > '" + log + "' 2>&1")
                                       .c_str());
    return {WEXITSTATUS(status), read(log)};
  }
  void succeed(const std::string& command) const {
    const Result result = run(command);
    REQUIRE_MESSAGE(result.status == 0, command, "\n", result.output);
    CHECK(result.output == "");
  }
};

/// Runs a kernel over {1, 2, 3}.
std::vector<float> results(host::Setup& s, MTL::Library* library, const char* name) {
  NS::Error* error = nullptr;
  auto constants = NS::TransferPtr(MTL::FunctionConstantValues::alloc()->init());
  const int added = 100;
  constants->setConstantValue(&added, MTL::DataTypeInt, NS::UInteger{7});
  auto function =
      NS::TransferPtr(library->newFunction(host::string(name), constants.get(), &error));
  REQUIRE_MESSAGE(function, text(error));
  auto pipeline = NS::TransferPtr(s.device->newComputePipelineState(function.get(), &error));
  REQUIRE_MESSAGE(pipeline, text(error));
  const float by = 10;
  auto y = s.buffer(std::vector<float>{1, 2, 3});
  MTL::CommandBuffer* buffer = s.queue->commandBuffer();
  MTL::ComputeCommandEncoder* encoder = buffer->computeCommandEncoder();
  encoder->setComputePipelineState(pipeline.get());
  encoder->setBuffer(y.get(), 0, 0);
  if (*name == 'a') encoder->setBytes(&by, sizeof by, 1);
  encoder->dispatchThreads(MTL::Size(3, 1, 1), MTL::Size(3, 1, 1));
  encoder->endEncoding();
  buffer->commit();
  buffer->waitUntilCompleted();
  CHECK(text(buffer->error()) == "(no error)");
  return host::values<float>(y.get());
}

void check_library(const fs::path& path) {
  host::Setup s;
  NS::Error* error = nullptr;
  auto library = NS::TransferPtr(
      s.device->newLibrary(NS::URL::fileURLWithPath(host::string(path.c_str())), &error));
  REQUIRE_MESSAGE(library, text(error));
  REQUIRE(library->functionNames()->count() == 2);
  CHECK(results(s, library.get(), "a") == std::vector<float>{70, 90, 110});
  CHECK(results(s, library.get(), "b") == std::vector<float>{109, 112, 117});
}

}  // namespace

TEST_CASE("two sources become a library by way of xcrun, and its kernels run") {
  const Project project;
  project.succeed(
      "xcrun -sdk macosx metal -c a.metal -Iinclude -D OFFSET=5 -std=metal3.1 -fno-fast-math "
      "-gline-tables-only -frecord-sources -Wall -O2 -mmacosx-version-min=14.0 -o a.air && "
      "xcrun -sdk macosx metal -c b.metal && "
      "xcrun --sdk macosx metallib a.air b.air -o default.metallib");
  check_library(project.folder / "default.metallib");
  const Result names = project.run("metal-nm default.metallib");
  CHECK(names.output == "---------------- T a (kernel)\n---------------- T b (kernel)\n");
}

TEST_CASE("a library is made in one step, through pipes, and of an archive") {
  const Project project;
  project.succeed("metal a.metal b.metal -I include -DOFFSET=5 -o one.metallib");
  check_library(project.folder / "one.metallib");
  project.succeed(
      "cat b.metal | xcrun -sdk macosx metal -x metal -c - -o - > b.air && "
      "metal -c a.metal -I include -DOFFSET=5 -o - | metal-ar rcs all.metalar b.air && "
      "metal -c a.metal -I include -DOFFSET=4 -o a.air && metal-ar r all.metalar a.air && "
      "metal -c a.metal -I include -DOFFSET=5 -o a.air && metal-ar r all.metalar a.air && "
      "cat all.metalar | metallib - -o piped.metallib");
  check_library(project.folder / "piped.metallib");
  CHECK(project.run("metal-ar t all.metalar").output == "<stdin>\na.metal\n");
}

TEST_CASE("errors are the source's, with the file and line that they are in") {
  const Project project;
  project.write("include/bad.h", "\nfloat wrong() { return 1 +; }\n");
  project.write("c.metal",
                "#include \"include/bad.h\"\nkernel void c(device float* y) { y[0] = 1; }\n");
  const Result bad = project.run("metal -c c.metal -o c.air");
  CHECK(bad.status == 1);
  CHECK_MESSAGE(contains(bad.output, "include/bad.h:2:27: error: expected expression"), bad.output);
  CHECK_FALSE(fs::exists(project.folder / "c.air"));
  project.write("c.metal", "#include \"nowhere.h\"\n");
  const Result missing = project.run("metal -c c.metal");
  CHECK(missing.status == 1);
  CHECK_MESSAGE(contains(missing.output, "c.metal:1:10: fatal error: 'nowhere.h' file not found"),
                missing.output);
}

TEST_CASE("what is not supported is named") {
  const Project project;
  const auto error = [&](const std::string& command) {
    const Result result = project.run(command);
    CHECK(result.status == 1);
    return result.output;
  };
  CHECK(contains(error("metal -c a.metal -fcikernel"),
                 "metal: error: unsupported option '-fcikernel'; supported: -c, -E, "));
  CHECK(error("metal") == "metal: error: no input files\n");
  CHECK(error("metal -c a.metal b.metal -o x") ==
        "metal: error: option '-o' names one file, and there are 2 inputs\n");
  CHECK(error("metal -x c++ -c a.metal") ==
        "metal: error: unsupported language 'c++'; supported: metal\n");
  CHECK(contains(error("metal -std=metal9 -c b.metal"), "--std 'metal9' is not one of metal2.0"));
  CHECK(contains(error("metallib -split-module b.air"), "unsupported option '-split-module'"));
  project.write("apple.metallib", "MTLB....");
  CHECK(contains(error("metallib apple.metallib"),
                 "apple.metallib: unsupported input, which Apple's compiler wrote"));
  project.succeed("metal -c b.metal -o b.air && cp b.air again.air");
  CHECK(contains(error("metallib b.air again.air"),
                 "metallib: function 'b' is in 'b.metal' and in 'b.metal'"));
  CHECK(contains(error("metallib missing.air"), "missing.air: No such file or directory"));
  CHECK(contains(error("xcrun -sdk macosx swiftest"), "unable to run 'swiftest'"));
  CHECK(contains(error("xcrun -find swiftest"), "unable to find utility 'swiftest'"));
  CHECK(contains(error("xcrun --show-sdk-platform-path"),
                 "unsupported option '--show-sdk-platform-path'; supported: -sdk"));
}

TEST_CASE("build systems learn versions, places and dependencies") {
  const Project project;
  CHECK(project.run("echo __METAL_VERSION__ | xcrun -sdk macosx metal -E -x metal -P -").output ==
        "310\n");
  CHECK(project.run("xcrun -sdk macosx --show-sdk-version").output == "26.0\n");
  CHECK(project.run("xcrun -sdk macosx --find metal").output == TOOLS "/metal\n");
  project.succeed("metal -c a.metal -I include -DOFFSET=0 -MMD -MF a.d -MT out.air -o a.air");
  CHECK(read(project.folder / "a.d") == "out.air: \\\n  a.metal \\\n  include/scale.h\n");
}
