// Gguf: a model file's metadata and tensors.
#include <nanobind/stl/filesystem.h>
#include <nanobind/stl/shared_ptr.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/string_view.h>

#include <filesystem>

#include "gguf.hpp"
#include "tensor.hpp"

namespace foundry::python {
namespace {

/// Its name is text of the file, which it therefore holds.
struct TensorInfo {
  std::shared_ptr<const GgufFile> file;
  GgufTensorInfo info;
};

/// Text of a file need not be UTF-8 (token texts of byte-level vocabularies are).
nb::object to_python(std::string_view text) {
  return nb::steal(
      PyUnicode_DecodeUTF8(text.data(), static_cast<Py_ssize_t>(text.size()), "surrogateescape"));
}
nb::object to_python(bool value) {
  return nb::bool_(value);
}
template <class T>
  requires std::is_arithmetic_v<T>
nb::object to_python(T value) {
  return nb::cast(value);
}
template <class T>
nb::object to_python(const std::vector<T>& values) {
  nb::list list;
  for (const auto& value : values) list.append(to_python(static_cast<T>(value)));
  return std::move(list);
}

GgufHandle open(const std::filesystem::path& path) {
  auto file = GgufFile::open(path.string());
  nb::dict metadata;
  for (const auto& [key, value] : file->metadata()) {
    metadata[to_python(key)] = std::visit([](const auto& held) { return to_python(held); }, value);
  }
  nb::dict tensors;
  for (const GgufTensorInfo& tensor : file->tensors()) {
    tensors[to_python(tensor.name)] = TensorInfo{file, tensor};
  }
  return {std::move(file), std::move(metadata), std::move(tensors)};
}

}  // namespace

void bind_gguf(nb::module_& m) {
  nb::class_<TensorInfo>(m, "GgufTensor", "One tensor of a GGUF file.")
      .def_prop_ro(
          "name", [](const TensorInfo& t) { return to_python(t.info.name); },
          nb::sig("def name(self) -> str"))
      .def_prop_ro(
          "shape",
          [](const TensorInfo& t) {
            return nb::typed<nb::tuple, int, nb::ellipsis>(to_tuple(t.info.extents.dimensions()));
          },
          "Outermost dimension first: numpy's order, the reverse of the file's.")
      .def_prop_ro("dtype", [](const TensorInfo& t) { return t.info.dtype; })
      .def_prop_ro(
          "offset", [](const TensorInfo& t) { return t.info.offset; },
          "Bytes from the file's start.")
      .def_prop_ro("nbytes", [](const TensorInfo& t) { return t.info.length; })
      .def("__repr__", [](const TensorInfo& t) {
        return concat("GgufTensor(", t.info.name, " ", to_string(t.info.extents), " ",
                      name_of(t.info.dtype), ")");
      });
  nb::class_<GgufHandle>(
      m, "Gguf", "A GGUF model file, memory-mapped and checked. GgufError for a malformed one.")
      .def(
          "__init__",
          [](GgufHandle* self, const std::filesystem::path& path) {
            new (self) GgufHandle(open(path));
          },
          nb::arg("path"), nb::sig("def __init__(self, path: str | os.PathLike[str]) -> None"))
      .def_prop_ro("path", [](const GgufHandle& f) { return f.file->path(); })
      .def_prop_ro("version", [](const GgufHandle& f) { return f.file->version(); })
      .def_prop_ro("nbytes", [](const GgufHandle& f) { return f.file->size(); })
      .def_prop_ro(
          "metadata", [](const GgufHandle& f) { return f.metadata; },
          "Values by key, in the file's order; arrays are lists.",
          nb::sig("def metadata(self) -> dict[str, typing.Any]"))
      .def_prop_ro(
          "tensors", [](const GgufHandle& f) { return f.tensors; }, "In the file's order.",
          nb::sig("def tensors(self) -> dict[str, GgufTensor]"))
      .def(
          "tensor",
          [](const GgufHandle& f, const std::shared_ptr<Runtime>& runtime, std::string_view name) {
            return TensorHandle(f.file->tensor(runtime->device(), name), runtime);
          },
          nb::arg("runtime"), nb::arg("name"),
          "The tensor on the runtime's device, without a copy: read-only, the file stays mapped. "
          "DTypeError for a format that is not there, GgufError for a missing tensor.")
      .def("__repr__", [](const GgufHandle& f) { return to_string(*f.file); });
}

}  // namespace foundry::python
