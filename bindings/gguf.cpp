// Gguf: a model file's metadata and tensors.
#include <nanobind/ndarray.h>
#include <nanobind/stl/filesystem.h>
#include <nanobind/stl/shared_ptr.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/string_view.h>

#include <filesystem>
#include <memory>
#include <span>
#include <vector>

#include "foundry/core/quoted.hpp"
#include "gguf.hpp"
#include "tensor.hpp"

namespace foundry::python {
namespace {

/// Its name is text of the file, which it therefore holds.
struct TensorInfo {
  std::shared_ptr<const GgufFile> file;
  GgufTensorInfo info;
};

/// An array of strings, decoded as they are asked for.
struct Strings {
  std::shared_ptr<const GgufFile> file;
  std::span<const std::string_view> values;
};

struct Metadata {
  std::shared_ptr<const GgufFile> file;
};

/// Text of a file need not be UTF-8 (token texts of byte-level vocabularies are).
nb::object to_python(std::string_view text) {
  return nb::steal(
      PyUnicode_DecodeUTF8(text.data(), static_cast<Py_ssize_t>(text.size()), "surrogateescape"));
}

/// A read-only numpy array over `elements`, which `owner` keeps.
template <class T, class Owner>
nb::object array_over(const void* elements, std::size_t count, std::unique_ptr<Owner> owner) {
  const nb::capsule capsule(owner.get(),
                            [](void* held) noexcept { delete static_cast<Owner*>(held); });
  (void)owner.release();
  return nb::cast(nb::ndarray<nb::numpy, const T, nb::ndim<1>>(elements, {count}, capsule));
}

/// What a value is in Python. Arrays keep the file, and of numbers share its memory: a list would
/// take up to forty times as much.
struct ToPython {
  const std::shared_ptr<const GgufFile>& file;

  nb::object operator()(std::string_view text) const { return to_python(text); }
  nb::object operator()(bool value) const { return nb::bool_(value); }
  template <class T>
    requires std::is_arithmetic_v<T>
  nb::object operator()(T value) const {
    return nb::cast(value);
  }
  nb::object operator()(const std::vector<std::string_view>& values) const {
    return nb::cast(Strings{file, values});
  }
  nb::object operator()(const std::vector<bool>& values) const {
    auto copy = std::make_unique<std::vector<std::uint8_t>>(values.begin(), values.end());
    const auto* elements = copy->data();
    return array_over<std::uint8_t>(elements, values.size(), std::move(copy)).attr("view")("bool");
  }
  template <class T>
  nb::object operator()(const std::vector<T>& values) const {
    using Owner = std::shared_ptr<const GgufFile>;
    return array_over<T>(values.data(), values.size(), std::make_unique<Owner>(file));
  }
};

nb::object to_python(const Metadata& metadata, const GgufValue& value) {
  return std::visit(ToPython{metadata.file}, value);
}

/// nullptr for a key that is no text, or is not there.
const GgufValue* find(const Metadata& metadata, nb::handle key) {
  nb::str text;
  if (!nb::try_cast(key, text)) return nullptr;
  Py_ssize_t length = 0;
  const char* bytes = PyUnicode_AsUTF8AndSize(text.ptr(), &length);
  if (!bytes) {
    PyErr_Clear();  // a lone surrogate: keys are UTF-8
    return nullptr;
  }
  return metadata.file->find({bytes, static_cast<std::size_t>(length)});
}

nb::list keys_of(const Metadata& metadata) {
  nb::list keys;
  for (const auto& [key, value] : metadata.file->metadata()) keys.append(to_python(key));
  return keys;
}

nb::list decoded(const Strings& strings) {
  nb::list list;
  for (const std::string_view text : strings.values) list.append(to_python(text));
  return list;
}

nb::object item_of(const Strings& strings, nb::handle index) {
  if (nb::isinstance<nb::slice>(index)) {
    const auto [start, stop, step, length] =
        nb::borrow<nb::slice>(index).compute(strings.values.size());
    nb::list list;
    for (std::size_t i = 0; i < length; ++i) {
      const auto at = static_cast<Py_ssize_t>(start) + static_cast<Py_ssize_t>(i) * step;
      list.append(to_python(strings.values[static_cast<std::size_t>(at)]));
    }
    return list;
  }
  if (!PyIndex_Check(index.ptr())) {
    throw ArgumentTypeError(
        concat("an array of strings is indexed by an integer or a slice, not by ",
               Py_TYPE(index.ptr())->tp_name));
  }
  const auto size = static_cast<Py_ssize_t>(strings.values.size());
  // Without an exception to raise, what does not fit becomes the largest or smallest that does.
  const Py_ssize_t given = PyNumber_AsSsize_t(index.ptr(), nullptr);
  if (given == -1 && PyErr_Occurred()) throw nb::python_error();
  const Py_ssize_t at = given < 0 ? given + size : given;
  if (at < 0 || at >= size) {
    throw TensorIndexError(concat("index ", given, " of an array of ", size, " strings"));
  }
  return to_python(strings.values[static_cast<std::size_t>(at)]);
}

/// `name` of collections.abc, for a class that has its protocol.
nb::object abstract(const char* name) {
  return nb::module_::import_("collections.abc").attr(name);
}

void bind_metadata(nb::module_& m) {
  const auto strings =
      nb::class_<Strings>(
          m, "GgufStrings", nb::sig("class GgufStrings(collections.abc.Sequence[str])"),
          "An array of strings in a GGUF file, decoded as they are asked for. Bytes that are not "
          "UTF-8 are lone surrogates (PEP 383).")
          .def("__len__", [](const Strings& s) { return s.values.size(); })
          .def("__getitem__", &item_of, nb::arg("index").none(),
               nb::sig("def __getitem__(self, index: int, /) -> str"))
          .def("__getitem__", &item_of, nb::arg("index").none(),
               nb::sig("def __getitem__(self, index: slice, /) -> list[str]"))
          .def(
              "__iter__", [](const Strings& s) { return nb::iter(decoded(s)); },
              nb::sig("def __iter__(self) -> collections.abc.Iterator[str]"))
          .def(
              "__eq__",
              [](const Strings& s, nb::handle other) -> nb::object {
                if (!nb::isinstance(other, abstract("Sequence")) ||
                    nb::isinstance<nb::str>(other)) {
                  return nb::not_implemented();
                }
                return nb::bool_(decoded(s).equal(nb::list(other)));
              },
              nb::arg("other").none(), nb::sig("def __eq__(self, other: object, /) -> bool"))
          .def(
              "index",
              [](const Strings& s, const nb::args& args) {
                return decoded(s).attr("index")(*args);
              },
              nb::sig("def index(self, value: typing.Any, start: int = 0, stop: int = ...) -> int"))
          .def(
              "count",
              [](const Strings& s, nb::handle value) { return decoded(s).attr("count")(value); },
              nb::arg("value").none(), nb::sig("def count(self, value: typing.Any) -> int"))
          .def("__repr__", [](const Strings& s) {
            return concat("GgufStrings(", s.values.size(), " strings)");
          });
  const auto metadata =
      nb::class_<Metadata>(m, "GgufMetadata",
                           nb::sig("class GgufMetadata(collections.abc.Mapping[str, typing.Any])"),
                           "Values by key, in the file's order, made as they are asked for.")
          .def("__len__", [](const Metadata& d) { return d.file->metadata().size(); })
          .def(
              "__iter__", [](const Metadata& d) { return nb::iter(keys_of(d)); },
              nb::sig("def __iter__(self) -> collections.abc.Iterator[str]"))
          .def(
              "__contains__",
              [](const Metadata& d, nb::handle key) { return find(d, key) != nullptr; },
              nb::arg("key").none(), nb::sig("def __contains__(self, key: object, /) -> bool"))
          .def(
              "__getitem__",
              [](const Metadata& d, nb::handle key) {
                if (const GgufValue* value = find(d, key)) return to_python(d, *value);
                PyErr_SetObject(PyExc_KeyError, key.ptr());
                throw nb::python_error();
              },
              nb::arg("key").none(), nb::sig("def __getitem__(self, key: str, /) -> typing.Any"))
          .def(
              "get",
              [](const Metadata& d, nb::handle key, nb::handle otherwise) {
                const GgufValue* value = find(d, key);
                return value ? to_python(d, *value) : nb::borrow(otherwise);
              },
              nb::arg("key").none(), nb::arg("default").none() = nb::none(),
              nb::sig("def get(self, key: str, default: typing.Any = None, /) -> typing.Any"))
          .def(
              "keys", [](nb::handle self) { return abstract("KeysView")(self); },
              nb::sig("def keys(self) -> collections.abc.KeysView[str]"))
          .def(
              "values", [](nb::handle self) { return abstract("ValuesView")(self); },
              nb::sig("def values(self) -> collections.abc.ValuesView[typing.Any]"))
          .def(
              "items", [](nb::handle self) { return abstract("ItemsView")(self); },
              nb::sig("def items(self) -> collections.abc.ItemsView[str, typing.Any]"))
          .def("__repr__", [](const Metadata& d) {
            return concat("GgufMetadata(", d.file->metadata().size(), " keys)");
          });
  abstract("Sequence").attr("register")(strings);
  abstract("Mapping").attr("register")(metadata);
}

GgufHandle open(const std::filesystem::path& path) {
  std::shared_ptr<const GgufFile> file;
  {
    const nb::gil_scoped_release waiting;
    file = GgufFile::open(path.string());
  }
  nb::dict tensors;
  for (const GgufTensorInfo& tensor : file->tensors()) {
    tensors[to_python(tensor.name)] = TensorInfo{file, tensor};
  }
  return {std::move(file), std::move(tensors)};
}

}  // namespace

void bind_gguf(nb::module_& m) {
  bind_metadata(m);
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
          "Bytes from the start of its part.")
      .def_prop_ro(
          "part", [](const TensorInfo& t) { return t.info.part; },
          "Of a split file: which of `paths` has it.")
      .def_prop_ro("nbytes", [](const TensorInfo& t) { return t.info.length; })
      .def("__repr__", [](const TensorInfo& t) {
        return concat("GgufTensor(", Quoted{t.info.name}, " ", to_string(t.info.extents), " ",
                      name_of(t.info.dtype), ")");
      });
  nb::class_<GgufHandle>(m, "Gguf",
                         "A GGUF model file, memory-mapped and checked; a split one by its first "
                         "part. GgufError for a "
                         "malformed one, and for a part that is missing.")
      .def(
          "__init__",
          [](GgufHandle* self, const std::filesystem::path& path) {
            new (self) GgufHandle(open(path));
          },
          nb::arg("path"), nb::sig("def __init__(self, path: str | os.PathLike[str]) -> None"))
      .def_prop_ro("path", [](const GgufHandle& f) { return f.file->path(); })
      .def_prop_ro(
          "paths",
          [](const GgufHandle& f) {
            nb::list paths;
            for (const std::string& path : f.file->paths()) paths.append(path);
            return nb::typed<nb::tuple, std::string, nb::ellipsis>(nb::tuple(paths));
          },
          "Of a split file every part's, `path` first.")
      .def_prop_ro("version", [](const GgufHandle& f) { return f.file->version(); })
      .def_prop_ro("nbytes", [](const GgufHandle& f) { return f.file->size(); })
      .def_prop_ro(
          "metadata", [](const GgufHandle& f) { return Metadata{f.file}; },
          "Values by key, in the file's order: numbers, bools and texts as Python has them, arrays "
          "of numbers as read-only numpy arrays over the file's own memory, arrays of texts as "
          "GgufStrings.",
          nb::sig("def metadata(self) -> GgufMetadata"))
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
          "DTypeError for an unsupported format, GgufError for a missing tensor.")
      .def(
          "read",
          [](const GgufHandle& f, std::string_view name) {
            auto bytes = std::make_unique<std::vector<std::byte>>();
            {
              const nb::gil_scoped_release waiting;
              *bytes = f.file->read_tensor(f.file->tensor_info(name));
            }
            const auto* elements = bytes->data();
            const std::size_t count = bytes->size();
            return array_over<std::uint8_t>(elements, count, std::move(bytes));
          },
          nb::arg("name"),
          "The tensor's bytes as the file has them, copied: uint8 (nbytes,). GgufError for a "
          "missing "
          "tensor, and for a file that was cut since it was opened.",
          nb::sig("def read(self, name: str) -> numpy.typing.NDArray[numpy.uint8]"))
      .def(
          "require_whole", [](const GgufHandle& f) { f.file->require_whole(); },
          "GgufError with both sizes if the file, or a part of it, is shorter than when it was "
          "opened.")
      .def("__repr__", [](const GgufHandle& f) { return to_string(*f.file); });
}

}  // namespace foundry::python
