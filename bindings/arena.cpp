// Arena: an arena of a runtime, its accounts and who holds what; scopes as context managers.
#include "foundry/memory/arena.hpp"

#include <nanobind/stl/optional.h>
#include <nanobind/stl/shared_ptr.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/unique_ptr.h>
#include <nanobind/stl/vector.h>

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "foundry/core/error.hpp"
#include "foundry/core/release_queue.hpp"
#include "tensor.hpp"

namespace foundry::python {
namespace {

std::vector<ArenaHolder> holders(const ArenaHandle& arena) {
  drain_released();
  return arena.arena->holders();
}

ArenaStatistics statistics(const ArenaHandle& arena) {
  drain_released();
  return arena.arena->statistics();
}

/// The shape of what is held; of raw bytes, their number.
nb::tuple shape_of(const ArenaHolder& holder) {
  return to_tuple(holder.label.dimensions);
}

const char* kind_of(const ArenaHolder& holder) {
  switch (holder.holder.kind) {
    case Holder::Kind::tensor:
      return "tensor";
    case Holder::Kind::view:
      return "view";
    case Holder::Kind::array:
      return "array";
    case Holder::Kind::capsule:
      return "capsule";
    case Holder::Kind::program:
      return "program";
    case Holder::Kind::command_buffer:
      break;
  }
  return "command_buffer";
}

void bind_statistics(nb::module_& m) {
  using S = ArenaStatistics;
  nb::class_<S>(m, "ArenaStatistics",
                "A moment's accounts of an arena, in bytes: reserved = leased + alignment + "
                "stranded + available.")
      .def_ro("reserved_bytes", &S::reserved_bytes, "In chunks.")
      .def_ro("leased_bytes", &S::leased_bytes,
              "In use: in ranges that anyone but command buffers holds.")
      .def_ro("peak_leased_bytes", &S::peak_leased_bytes, "The high water of leased_bytes.")
      .def_ro("alignment_bytes", &S::alignment_bytes, "That pad leased ranges.")
      .def_ro("stranded_bytes", &S::stranded_bytes,
              "Passed by and leased no longer: free at a rewind or reset.")
      .def_ro("available_bytes", &S::available_bytes, "Free now, without another chunk.")
      .def_prop_ro("waste_bytes", &S::waste_bytes, "alignment_bytes + stranded_bytes.")
      .def_ro("retired_bytes", &S::retired_bytes, "Of the leased ones, left behind by a scope.")
      .def_ro("cap_bytes", &S::cap_bytes, "0: none.")
      .def_ro("allocations", &S::allocations)
      .def_ro("chunks", &S::chunks)
      .def_ro("leases", &S::leases, "Ranges that anyone but command buffers holds.")
      .def_ro("retired", &S::retired, "Of these, left behind by a scope.")
      .def("__repr__", [](const S& s) {
        return concat("ArenaStatistics(leased_bytes=", s.leased_bytes,
                      ", peak_leased_bytes=", s.peak_leased_bytes,
                      ", waste_bytes=", s.waste_bytes(), ", available_bytes=", s.available_bytes,
                      ", retired_bytes=", s.retired_bytes, ", reserved_bytes=", s.reserved_bytes,
                      ", cap_bytes=", s.cap_bytes, ", leases=", s.leases, ", retired=", s.retired,
                      ", chunks=", s.chunks, ", allocations=", s.allocations, ")");
      });

  nb::class_<ArenaHolder>(m, "ArenaHolder", "Who holds what: one kind of holder of one range.")
      .def_prop_ro(
          "name", [](const ArenaHolder& h) { return h.label.name; }, "Of the tensor; may be empty.")
      .def_prop_ro(
          "shape",
          [](const ArenaHolder& h) { return nb::typed<nb::tuple, int, nb::ellipsis>(shape_of(h)); },
          "Of the tensor; of raw bytes, their number.")
      .def_prop_ro(
          "dtype",
          [](const ArenaHolder& h) {
            return h.label.type_name ? find_dtype(h.label.type_name) : std::nullopt;
          },
          "Of the tensor; None for raw bytes.")
      .def_ro("nbytes", &ArenaHolder::bytes, "Of the range.")
      .def_prop_ro("kind", &kind_of,
                   "\"tensor\", \"view\", \"array\", \"capsule\", \"program\" or "
                   "\"command_buffer\".")
      .def_prop_ro(
          "command_buffer",
          [](const ArenaHolder& h) {
            const bool is_one = h.holder.kind == Holder::Kind::command_buffer;
            return is_one ? std::optional(h.holder.number) : std::nullopt;
          },
          "The number of the command buffer, of the last if there are several; else None.")
      .def_ro("claims", &ArenaHolder::claims, "How many of this kind hold it.")
      .def_ro("allocation", &ArenaHolder::allocation, "The range's number, in order of allocation.")
      .def_ro("is_retired", &ArenaHolder::is_retired, "Left behind by a scope.")
      .def("__repr__", [](const ArenaHolder& h) { return concat("<", to_string(h), ">"); });
}

}  // namespace

ArenaScopeHandle& ArenaScopeHandle::enter() {
  if (scope_) {
    throw ArgumentError(concat("scope of arena '", arena_.arena->name(), "' is entered already"));
  }
  scope_.emplace(*arena_.arena);
  return *this;
}

void ArenaScopeHandle::leave() {
  drain_released();
  scope_.reset();
}

void bind_arena(nb::module_& m) {
  bind_statistics(m);

  nb::class_<ArenaMark>(m, "ArenaMark", "A position of an arena to return to, until its reset.")
      .def("__repr__", [](const ArenaMark& mark) {
        return concat("ArenaMark(chunk=", mark.chunk, ", offset=", mark.offset, ")");
      });

  nb::class_<ArenaScopeHandle>(m, "ArenaScope", "What is allocated inside is retired at the end.")
      .def("__enter__", &ArenaScopeHandle::enter, nb::rv_policy::reference_internal)
      .def(
          "__exit__", [](ArenaScopeHandle& scope, const nb::args&) { scope.leave(); },
          nb::sig("def __exit__(self, *args: object) -> None"))
      .def("__repr__", [](const ArenaScopeHandle& scope) {
        return concat("<scope of arena '", scope.arena_name(), "'",
                      scope.is_entered() ? ", entered" : "", ">");
      });

  nb::class_<ArenaHandle>(m, "Arena",
                          "Bump allocation in growable chunks, never reused under a live lease. "
                          "Made by Foundry.arena() and Foundry.make_arena().")
      .def_prop_ro("name", [](const ArenaHandle& a) { return a.arena->name(); })
      .def_prop_ro(
          "mode", [](const ArenaHandle& a) { return std::string(name_of(a.arena->mode())); },
          "\"shared\" or \"private\".")
      .def("alloc", &alloc, nb::arg("shape"), nb::arg("dtype"), nb::arg("init") = nb::none(),
           nb::kw_only(), nb::arg("name") = "",
           nb::sig("def alloc(self, shape: int | collections.abc.Sequence[int], dtype: DType | "
                   "numpy.typing.DTypeLike, init: numpy.typing.ArrayLike | None = None, *, name: "
                   "str = '') -> Tensor"),
           "A tensor, uninitialised or with the values of `init`. OutOfMemoryError past the cap.")
      .def(
          "scope", [](const ArenaHandle& a) { return std::make_unique<ArenaScopeHandle>(a); },
          "A context manager: what is allocated inside is retired when it ends.")
      .def(
          "mark", [](const ArenaHandle& a) { return a.arena->mark(); },
          "Where the next allocation goes, to return to with rewind().")
      .def(
          "rewind",
          [](const ArenaHandle& a, const ArenaMark& mark) {
            drain_released();
            a.arena->rewind(mark);
          },
          nb::arg("mark"),
          "Frees what was allocated since `mark`; what is still held is retired until it is let "
          "go. Never waits. A mark from before a reset changes nothing.")
      .def(
          "reset",
          [](const ArenaHandle& a) {
            drain_released();
            a.runtime->reset(a.arena->name());
          },
          "Waits for the device, then makes everything free. ArenaInUseError names the holders.")
      .def(
          "trim",
          [](const ArenaHandle& a) {
            drain_released();
            a.arena->trim();
          },
          "Gives chunks that nobody holds back to the device, except the first and the current "
          "one.")
      .def_prop_ro("statistics", &statistics)
      .def("holders", &holders,
           "Who holds what now, in order of allocation: one entry for each kind of holder of each "
           "range.")
      .def("__repr__", [](const ArenaHandle& a) { return concat("<", to_string(*a.arena), ">"); });
}

}  // namespace foundry::python
