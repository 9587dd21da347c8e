"""What is in the zoo: every member with the bug that its docstring begins with, found without running the file."""

from __future__ import annotations

import ast
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

ZOO = Path(__file__).parent / "zoo"

_EXAMINE = """
import json, sys
from seqwise.doctor import doctor
path, *names = sys.argv[1:]
reports = {name: doctor(f"{path}:{name}") for name in names}
print(json.dumps({name: [one.bugs, one.holds, len(one.findings)] for name, one in reports.items()}))
"""


class Member(NamedTuple):
    file: str
    name: str
    bug: str | None
    source: str

    @property
    def place(self) -> str:
        return f"{ZOO / self.file}:{self.name}"


def members(file: str) -> list[Member]:
    """The public functions, classes and objects of a file; in the files of right ones they have no bug."""
    found = []
    for node in ast.parse((ZOO / file).read_text()).body:
        text = ast.get_docstring(node) if isinstance(node, ast.FunctionDef | ast.ClassDef) else None
        bug, _, source = (text or "").partition(": ")
        name = node.targets[0].id if isinstance(node, ast.Assign) else getattr(node, "name", "_")
        is_wrong = not file.startswith("right")
        if not name.startswith("_") and (bool(source) or not is_wrong):
            found.append(Member(file, name, bug if is_wrong else None, source))
    return found


class Sampled(NamedTuple):
    file: str
    name: str
    is_right: bool

    @property
    def place(self) -> str:
        return f"{ZOO / self.file}:{self.name}"


def sampled() -> list[Sampled]:
    """The sample of public kinds of code, file by file, with the verdict at the head of each docstring.

    An object's docstring is the string behind its assignment.
    """
    found = []
    for path in sorted(ZOO.glob("sample_*.py")):
        body = ast.parse(path.read_text()).body
        for node, after in zip(body, [*body[1:], None], strict=True):
            if isinstance(node, ast.FunctionDef | ast.ClassDef) and not node.name.startswith("_"):
                name, text = node.name, ast.get_docstring(node)
            elif isinstance(node, ast.Assign):
                name, text = node.targets[0].id, after.value.value
            else:
                continue
            verdict = text.split(":")[0]
            assert verdict in ("right", "wrong"), (path.name, name)
            found.append(Sampled(path.name, name, verdict == "right"))
    return found


def examined_apart(file: str, names: list[str], backend: str) -> dict[str, list]:
    """Bugs, whether all holds, and the number of laws tested, by name, from a process of its own."""
    done = subprocess.run(
        [sys.executable, "-c", _EXAMINE, str(ZOO / file), *names],
        env={**os.environ, "KERAS_BACKEND": backend, "TF_CPP_MIN_LOG_LEVEL": "3", "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return json.loads(done.stdout.splitlines()[-1])
