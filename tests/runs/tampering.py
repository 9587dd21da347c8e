"""Ways to tamper with a run folder, each drawn by a generator of random numbers."""

from __future__ import annotations

import copy
import json
import os
import random
import re
import shutil
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch

from seqwise.runs.run_folder import RunFolder

__all__ = ["tamper"]

JSON_FILES = ("data.json", "labels.json", "vocab.json", "env.json", "metrics.json", "calibration.json", "manifest.json")
VALUES: tuple[Any, ...] = (
    *(None, True, False, 0, 1, -1, 2, 7, 2**31, 2**63, 10**30, 10**9, -(10**9), 0.5, 1e300, "", "x", "\x00", "é" * 99),
    *([], {}, [[]], [None], {"a": {}}, ["x", "x"], [1, 2, 3], list(range(1000))),
    *("label", "tags", "outputs", "multilabel", "series", "characters", "iob", "iobes", "columns", "delimited", "list"),
)
RAW = ("1e999", "NaN", "-Infinity", "9" * 5000, "[" * 3000, '{"a":' * 3000, '"\\ud800"', "", "\ufeff{}", "null", "3")
SETTINGS = (
    "10000000000",
    "-1",
    "0",
    "1e999",
    ".nan",
    "[a, b]",
    "{a: b}",
    "null",
    "yes",
    "'x'",
    "lstm",
    "rocket",
    "tfidf",
    "&a [*a]",
)


def tamper(folder: Path, draw: random.Random, others: list[Path]) -> str:
    """Changes something in the folder and says what."""
    way = draw.choice(WAYS)
    return f"{way.__name__}: {way(folder, draw, others)}"


def _file(folder: Path, draw: random.Random, names: tuple[str, ...] = ()) -> Path:
    return draw.choice(
        [path for path in sorted(folder.iterdir()) if path.is_file() and (not names or path.name in names)]
    )


def flipped_bits(folder: Path, draw: random.Random, _others: list[Path]) -> str:
    path = _file(folder, draw)
    content = bytearray(path.read_bytes())
    for _ in range(draw.choice((1, 1, 3))):
        content[draw.randrange(len(content))] ^= 1 << draw.randrange(8)
    path.write_bytes(content)
    return path.name


def cut(folder: Path, draw: random.Random, _others: list[Path]) -> str:
    path = _file(folder, draw)
    content = path.read_bytes()
    at = draw.choice((0, len(content) - 1, draw.randrange(len(content))))
    path.write_bytes(content[:at])
    return f"{path.name} at {at}"


def spoiled(folder: Path, draw: random.Random, _others: list[Path]) -> str:
    path = _file(folder, draw)
    content = bytearray(path.read_bytes())
    start = draw.randrange(len(content))
    junk = draw.choice((b"\0" * 64, b"\xff" * 64, draw.randbytes(64), b"{[\"'" * 16, b"9" * 64))
    content[start : start + draw.choice((0, len(junk)))] = junk
    path.write_bytes(content)
    return f"{path.name} at {start}"


def lost(folder: Path, draw: random.Random, _others: list[Path]) -> str:
    path = _file(folder, draw)
    path.unlink()
    return path.name


def swapped(folder: Path, draw: random.Random, _others: list[Path]) -> str:
    one, two = _file(folder, draw), _file(folder, draw)
    first, second = one.read_bytes(), two.read_bytes()
    one.write_bytes(second)
    if draw.random() < 0.5:
        two.write_bytes(first)
    return f"{one.name}, {two.name}"


def mixed(folder: Path, draw: random.Random, others: list[Path]) -> str:
    other = draw.choice(others)
    names = sorted(path.name for path in other.iterdir() if path.is_file() and path.name != "said.json")
    chosen = draw.sample(names, draw.randint(1, 4))
    for name in chosen:
        shutil.copyfile(other / name, folder / name)
    return f"{chosen} of {other.name}"


def irregular(folder: Path, draw: random.Random, _others: list[Path]) -> str:
    path = _file(folder, draw)
    content = path.read_bytes()
    path.unlink()
    kind = draw.choice(("pipe", "folder", "socket", "device", "nowhere", "circle", "parent", "proc", "link"))
    if kind == "pipe":
        os.mkfifo(path)
    elif kind == "folder":
        path.mkdir()
    elif kind == "socket":
        with socket.socket(socket.AF_UNIX) as own:
            own.bind(os.path.relpath(path))
    elif kind == "link":
        (folder / "elsewhere").write_bytes(content)
        path.symlink_to("elsewhere")
    else:
        targets = {
            "device": "/dev/zero",
            "nowhere": "none",
            "circle": path.name,
            "parent": "..",
            "proc": "/proc/self/maps",
        }
        path.symlink_to(targets[kind])
    return f"{path.name} is a {kind}"


def edited_json(folder: Path, draw: random.Random, _others: list[Path]) -> str:
    path = _file(folder, draw, JSON_FILES)
    content = json.loads(path.read_text())
    said = path.name
    for _ in range(draw.choice((1, 1, 1, 3))):
        holder, key = _place(content, draw)
        if holder is None:
            content = copy.deepcopy(draw.choice(VALUES))
            break
        said += f" {key}"
        _edit(holder, key, draw)
    path.write_text(json.dumps(content, ensure_ascii=False), errors="surrogatepass")
    return said


def _place(content: Any, draw: random.Random) -> tuple[Any, Any]:
    """A list or object somewhere inside, and a place in it."""
    holder, key = None, None
    while isinstance(content, (list, dict)) and content and (holder is None or draw.random() < 0.8):
        holder = content
        key = draw.choice(sorted(content)) if isinstance(content, dict) else draw.randrange(len(content))
        content = content[key]
    return holder, key


def _edit(holder: Any, key: Any, draw: random.Random) -> None:
    how = draw.randrange(6)
    if how == 0:
        del holder[key]
    elif how == 1 and isinstance(holder, list):
        holder.insert(key, copy.deepcopy(holder[key]))
    elif how == 2 and isinstance(holder, list):
        other = draw.randrange(len(holder))
        holder[key], holder[other] = holder[other], holder[key]
    elif how == 3 and isinstance(holder, dict):
        holder[draw.choice(("x", "kind", "name", ""))] = holder.pop(key)
    elif how == 4 and isinstance(holder[key], (int, float)):
        holder[key] = draw.choice((holder[key] + 1, -holder[key], holder[key] * 10**9, str(holder[key])))
    else:
        holder[key] = copy.deepcopy(draw.choice(VALUES))


def raw_json(folder: Path, draw: random.Random, _others: list[Path]) -> str:
    path = _file(folder, draw, JSON_FILES)
    text, raw = path.read_text(), draw.choice(RAW)
    values = list(re.finditer(r"(?<=[\[:, ])(-?[0-9.]+|\"[^\"]*\"|null|true|false)(?=[,\]}\n])", text))
    chosen = draw.choice(values) if values and draw.random() < 0.8 else None
    written = raw if chosen is None else text[: chosen.start()] + raw + text[chosen.end() :]
    path.write_bytes(written.encode("utf-8", "surrogatepass"))
    return f"{path.name} {raw[:12]}"


def edited_config(folder: Path, draw: random.Random, _others: list[Path]) -> str:
    path = folder / "config.yaml"
    lines = path.read_text().splitlines()
    at = draw.choice([number for number, line in enumerate(lines) if line.startswith("  ")])
    key, value = lines[at].partition(":")[0], draw.choice(SETTINGS)
    lines[at] = draw.choice((f"{key}: {value}", f"{key}x: {value}", lines[at] + "\n" + lines[at], ""))
    path.write_text("\n".join(lines))
    return lines[at]


def edited_tensors(folder: Path, draw: random.Random, _others: list[Path]) -> str:
    own = RunFolder(folder)
    tensors, metadata = own.read_tensors(folder / "model.safetensors")
    name = draw.choice(sorted(tensors))
    how, change = draw.choice(sorted(TENSORS.items()))
    change(tensors, name, draw)
    own.write_tensors(folder / "model.safetensors", tensors, metadata)
    return f"{name} {how}"


def _value(value: float) -> Callable[[dict[str, torch.Tensor], str, random.Random], None]:
    def change(tensors: dict[str, torch.Tensor], name: str, draw: random.Random) -> None:
        changed = tensors[name].clone().reshape(-1)
        changed[draw.randrange(len(changed))] = value
        tensors[name] = changed.reshape(tensors[name].shape)

    return change


TENSORS: dict[str, Callable[[dict[str, torch.Tensor], str, random.Random], Any]] = {
    "nan": _value(float("nan")),
    "infinite": _value(float("inf")),
    "huge": _value(3e38),
    "all huge": lambda tensors, name, draw: tensors.update({name: torch.full_like(tensors[name], -3e38)}),
    "renamed": lambda tensors, name, draw: tensors.update({name + "x": tensors.pop(name)}),
    "lost": lambda tensors, name, draw: tensors.pop(name),
    "copied": lambda tensors, name, draw: tensors.update({name + "x": tensors[name].clone()}),
    "double": lambda tensors, name, draw: tensors.update({name: tensors[name].double()}),
    "whole numbers": lambda tensors, name, draw: tensors.update({name: tensors[name].long()}),
    "half": lambda tensors, name, draw: tensors.update({name: tensors[name].half()}),
    "flat": lambda tensors, name, draw: tensors.update({name: tensors[name].reshape(1, -1).clone()}),
    "shorter": lambda tensors, name, draw: tensors.update({name: tensors[name][:-1].clone()}),
    "turned": lambda tensors, name, draw: tensors.update(
        {name: tensors[name].T.contiguous() if tensors[name].ndim == 2 else tensors[name]}
    ),
    "empty": lambda tensors, name, draw: tensors.update({name: tensors[name][:0].clone()}),
}
WAYS = (
    *(flipped_bits, cut, spoiled, lost, swapped, mixed, irregular, edited_json, edited_json, edited_json, raw_json),
    *(edited_config, edited_tensors),
)
