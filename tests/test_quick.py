"""What `make quick` runs is there, and has a file of every folder of tests whose room of the package can break."""

from __future__ import annotations

from pathlib import Path

ROOT = Path(__file__).parents[1]
CHOSEN = (ROOT / "tests/quick.txt").read_text(encoding="utf-8").split()


def test_what_is_quick_is_there_and_in_order():
    assert [line for line in CHOSEN if not (ROOT / line.partition("::")[0]).exists()] == []
    assert len(set(CHOSEN)) == len(CHOSEN)


def test_named_tests_are_there():
    named = [line.split("::") for line in CHOSEN if "::" in line]
    assert named
    assert [test for file, test in named if f"def {test}(" not in (ROOT / file).read_text(encoding="utf-8")] == []


def test_every_room_of_the_package_has_quick_tests():
    rooms = {path.parent.name for path in (ROOT / "src/seqwise").glob("*/__init__.py")}
    assert len(rooms) > 15
    assert {room.lstrip("_") for room in rooms} - {Path(line).parts[1] for line in CHOSEN} == set()
