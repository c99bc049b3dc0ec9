// Kernels described from Python: arguments, body, dispatch sizes, and a call with its values.
#include <nanobind/stl/optional.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/unique_ptr.h>
#include <nanobind/stl/vector.h>

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <variant>
#include <vector>

#include "foundry/core/error.hpp"
#include "foundry/kernel/description.hpp"
#include "foundry/kernel/dispatch_config.hpp"
#include "operation.hpp"
#include "tensor.hpp"

namespace foundry::python {
namespace {

/// A kernel whose body is MSL text. `id` tells it from every other that the process has had: an
/// address could be reused.
struct BodyKernel {
  std::uint64_t id = 0;
  KernelDescription description;
};

/// The value of one argument: a tensor, a scalar's bytes, or elements of threadgroup memory.
using Value = std::variant<TensorHandle, std::string, std::uint64_t>;

class KernelCall final : public Operation {
 public:
  KernelCall(std::shared_ptr<const BodyKernel> kernel, std::vector<Value> values,
             DispatchConfig config)
      : kernel_(std::move(kernel)), values_(std::move(values)), config_(config) {}

  void encode(Encoder& encoder) const override {
    static const char family = 0;
    const auto compiled = encoder.kernel(KernelKey(&family, {kernel_->id}),
                                         [&] { return kernel_->description; });
    std::vector<Argument> arguments;
    arguments.reserve(values_.size());
    for (const Value& value : values_) {
      if (const auto* tensor = std::get_if<TensorHandle>(&value)) {
        arguments.push_back(Argument(*tensor));
      } else if (const auto* bytes = std::get_if<std::string>(&value)) {
        arguments.push_back(Argument::bytes(std::as_bytes(std::span(*bytes))));
      } else {
        arguments.push_back(Argument::threadgroup_memory(std::get<std::uint64_t>(value)));
      }
    }
    encoder.dispatch(*compiled, arguments, config_);
  }
  Stage stage() const override { refuse(); }
  MainStage main() const override { refuse(); }

 private:
  [[noreturn]] void refuse() const {
    throw ArgumentError(concat(kernel_->description.name,
                               " is a whole kernel, not a stage of a fused one"));
  }
  std::shared_ptr<const BodyKernel> kernel_;
  std::vector<Value> values_;
  DispatchConfig config_;
};

/// What Python holds: nanobind's own reference on top of one that calls share.
struct KernelHandle {
  std::shared_ptr<const BodyKernel> kernel;
};

KernelHandle describe(std::string name, std::vector<ArgumentDescription> arguments,
                      std::string body, std::string file, unsigned first_line) {
  static std::atomic<std::uint64_t> next{1};
  auto kernel = std::make_shared<BodyKernel>();
  kernel->id = next.fetch_add(1, std::memory_order_relaxed);
  KernelDescription& description = kernel->description;
  description.name = std::move(name);
  description.arguments = std::move(arguments);
  description.form = KernelDescription::Form::body;
  description.source = {std::move(file), std::move(body), first_line};
  static_cast<void>(description.msl());  // names and indices are checked here, not at the first run
  return {std::move(kernel)};
}

Value to_value(nb::handle value) {
  if (nb::isinstance<TensorHandle>(value)) return nb::cast<const TensorHandle&>(value);
  if (nb::isinstance<nb::bytes>(value)) {
    const auto bytes = nb::borrow<nb::bytes>(value);
    return std::string(bytes.c_str(), bytes.size());
  }
  return nb::cast<std::uint64_t>(value);
}

}  // namespace

void bind_kernel(nb::module_& m) {
  nb::enum_<Access>(m, "Access", "What a kernel does with a tensor.")
      .value("read", Access::read)
      .value("write", Access::write)
      .value("read_write", Access::read_write);

  nb::class_<ThreadgroupSize>(m, "ThreadgroupSize", "Threads of one threadgroup.")
      .def("__init__",
           [](ThreadgroupSize* self, std::uint64_t x, std::uint64_t y, std::uint64_t z) {
             new (self) ThreadgroupSize(ThreadgroupSize::d3(x, y, z));
           },
           nb::arg("x"), nb::arg("y") = 1, nb::arg("z") = 1)
      .def_ro("x", &ThreadgroupSize::x)
      .def_ro("y", &ThreadgroupSize::y)
      .def_ro("z", &ThreadgroupSize::z)
      .def("__repr__", [](const ThreadgroupSize& s) { return "ThreadgroupSize" + to_string(s); });

  nb::class_<GridSize>(m, "GridSize", "What a dispatch covers, in threads or whole threadgroups.")
      .def_static("threads", &GridSize::threads, nb::arg("x"), nb::arg("y") = 1, nb::arg("z") = 1)
      .def_static("threadgroups", &GridSize::threadgroups, nb::arg("x"), nb::arg("y") = 1,
                  nb::arg("z") = 1)
      .def_ro("x", &GridSize::x)
      .def_ro("y", &GridSize::y)
      .def_ro("z", &GridSize::z)
      .def("__repr__", [](const GridSize& s) { return "GridSize " + to_string(s); });

  nb::class_<DispatchConfig>(m, "DispatchConfig", "The grid and the threadgroup of a dispatch.")
      .def("__init__",
           [](DispatchConfig* self, const GridSize& grid, const ThreadgroupSize& threadgroup) {
             new (self) DispatchConfig{grid, threadgroup};
           },
           nb::arg("grid"), nb::arg("threadgroup"))
      .def_static("per_element", &per_element, nb::arg("elements"), "One thread per element.")
      .def_ro("grid", &DispatchConfig::grid)
      .def_ro("threadgroup", &DispatchConfig::threadgroup)
      .def("__repr__", [](const DispatchConfig& c) {
        return concat("DispatchConfig(", to_string(c.grid), " by ", to_string(c.threadgroup), ")");
      });

  nb::class_<ArgumentDescription>(m, "ArgumentDescription", "One argument of a kernel's signature.")
      .def_static("buffer", &ArgumentDescription::buffer, nb::arg("name"), nb::arg("access"),
                  nb::arg("dtype"))
      .def_static("value",
                  [](std::string name, DType dtype) {
                    return ArgumentDescription::value(std::move(name), dtype);
                  },
                  nb::arg("name"), nb::arg("dtype"))
      .def_static("threadgroup_memory", &ArgumentDescription::threadgroup_memory, nb::arg("name"),
                  nb::arg("dtype"))
      .def_ro("name", &ArgumentDescription::name)
      .def_ro("dtype", &ArgumentDescription::dtype);

  nb::class_<Operation>(m, "Operation", "What Foundry.run() takes.");
  nb::class_<KernelCall, Operation>(m, "KernelCall", "A kernel with its values, ready to run.");

  nb::class_<KernelHandle>(m, "BodyKernel", "A kernel from a signature and an MSL body.")
      .def("__init__",
           [](KernelHandle* self, std::string name, std::vector<ArgumentDescription> arguments,
              std::string body, std::string file, unsigned first_line) {
             new (self) KernelHandle(describe(std::move(name), std::move(arguments),
                                              std::move(body), std::move(file), first_line));
           },
           nb::arg("name"), nb::arg("arguments"), nb::arg("body"), nb::arg("file"),
           nb::arg("first_line") = 1)
      .def_prop_ro("source", [](const KernelHandle& k) { return k.kernel->description.msl(); },
                   "The whole MSL, signature included.")
      .def("call",
           [](const KernelHandle& k, const nb::list& values, const DispatchConfig& config) {
             std::vector<Value> held;
             held.reserve(values.size());
             for (nb::handle value : values) held.push_back(to_value(value));
             return std::make_unique<KernelCall>(k.kernel, std::move(held), config);
           },
           nb::arg("values"), nb::arg("config"),
           nb::sig("def call(self, values: list[Tensor | bytes | int], config: DispatchConfig) -> "
                   "KernelCall"));
}

}  // namespace foundry::python
