"""The house keeps its shape: who includes whom, where raw pointers and metal-cpp may live."""

import re

import pytest
from rooms import ARROWS, ROOT, arrows_of_the_code, circle, includes, room_of, sources

FOUNDRY = ROOT / "cpp" / "foundry"

ARROWS_OF_THE_CODE = arrows_of_the_code()


@pytest.mark.parametrize("room", sorted(ARROWS))
def test_a_room_includes_only_from_the_rooms_that_it_may(room: str) -> None:
    found = ARROWS_OF_THE_CODE[room]
    assert [line for target in found.keys() - ARROWS[room] for line in found[target]] == []


@pytest.mark.parametrize("room", sorted(ARROWS))
def test_every_arrow_that_is_allowed_is_used(room: str) -> None:
    assert ARROWS[room] - ARROWS_OF_THE_CODE[room].keys() == set()


def test_no_arrows_lead_in_a_circle() -> None:
    assert circle(ARROWS) == []


def test_every_folder_of_the_house_is_a_room() -> None:
    # Files of a folder that is no room count as those of the room around it, which has rooms in it.
    houses = {room for room in ARROWS if any(other.startswith(f"{room}/") for other in ARROWS)}
    folders = {
        path.parent.relative_to(ROOT).as_posix()
        for path in sources(FOUNDRY, ROOT / "cpp" / "anvil")
        if room_of(path) in houses
    }
    assert folders - houses == set()


def test_foundry_reaches_anvil_only_through_metal_cpp() -> None:
    wrong = [
        str(path.relative_to(ROOT))
        for path in sources(FOUNDRY, ROOT / "bindings")
        if any(name.startswith("anvil/") or "/anvil/" in name for name in includes(path))
    ]
    assert not wrong


def test_anvil_knows_nothing_of_foundry() -> None:
    wrong = [
        str(path.relative_to(ROOT))
        for path in sources(ROOT / "cpp" / "anvil")
        if any(name.startswith("foundry/") for name in includes(path))
    ]
    assert not wrong


def test_metal_cpp_is_included_by_the_device_room_only() -> None:
    apple = re.compile(r"^(Metal|Foundation|QuartzCore|objc)/")
    wrong = [
        str(path.relative_to(ROOT))
        for path in sources(FOUNDRY, ROOT / "bindings", ROOT / "examples")
        if any(apple.match(name) for name in includes(path))
        and (
            (path.suffix == ".hpp" and not path.name.startswith("metal_"))
            or "device" not in path.parts
        )
    ]
    assert not wrong


def test_reinterpret_cast_lives_in_unsafe_only() -> None:
    wrong = [
        str(path.relative_to(ROOT))
        for path in sources(FOUNDRY, ROOT / "bindings")
        if "unsafe" not in path.parts and "reinterpret_cast<" in path.read_text()
    ]
    assert not wrong


def test_unsafe_operations_state_their_invariant() -> None:
    wrong = [
        str(path.relative_to(ROOT))
        for path in sources(FOUNDRY / "unsafe")
        if "reinterpret_cast" in path.read_text() and "SAFETY:" not in path.read_text()
    ]
    assert not wrong


def test_every_header_opens_with_what_it_is_for() -> None:
    wrong = [
        str(path.relative_to(ROOT))
        for path in sources(FOUNDRY, ROOT / "bindings", ROOT / "cpp" / "anvil")
        if path.suffix == ".hpp" and not path.read_text().startswith("//")
    ]
    assert not wrong
