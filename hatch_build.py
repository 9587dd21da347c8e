"""Compiles the C of `src/seqwise/_native` when a wheel is made or seqwise is installed, if a C compiler is there."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface
from packaging.tags import sys_tags

SOURCES = Path(__file__).parent / "src" / "seqwise" / "_native"


class NativeBuildHook(BuildHookInterface):
    """Adds the compiled libraries to the wheel, which then is for this platform; without them it is for all."""

    PLUGIN_NAME = "custom"

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:  # noqa: ARG002
        """Compiles before files are gathered; in place, so that an editable installation (a `version`) has them too."""
        made = _compile_module().compiled(SOURCES)
        if not made:  # which was said, with the reason
            return
        build_data["artifacts"] += [path.relative_to(self.root).as_posix() for path in made]
        build_data["pure_python"] = False
        build_data["tag"] = f"py3-none-{_platform()}"


def _platform() -> str:
    """This platform by the name that wheels have; not manylinux, which promises that any Linux will do."""
    return next(tag.platform for tag in sys_tags() if "many" not in tag.platform and "musl" not in tag.platform)


def _compile_module() -> Any:
    """`seqwise._native._compile`, without importing seqwise."""
    spec = importlib.util.spec_from_file_location("_compile", SOURCES / "_compile.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
