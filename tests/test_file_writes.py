"""Files appear whole or not at all, and only regular files are opened."""

from __future__ import annotations

import os
import re
import signal
import socket
import stat
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from seqwise._files import (
    is_stream,
    move_folder,
    open_regular,
    read_whole,
    remove_leftovers,
    sha256_of,
    write_atomically,
    written_folder,
)
from seqwise.errors import SaveError


def names(folder):
    return [path.name for path in folder.iterdir()]


@pytest.fixture(params=[0o022, 0o077, 0o002])
def umask(request):
    before = os.umask(request.param)
    yield request.param
    os.umask(before)


def replaced(part):
    """Writes as the safetensors package does: a private file of its own, moved to the path it was given."""
    own = part.with_name(part.name + ".own")
    own.write_text("new")
    own.chmod(0o600)
    own.replace(part)


@pytest.mark.parametrize("write", [lambda part: part.write_text("new"), replaced], ids=["written", "replaced"])
def test_a_file_has_the_permissions_of_the_umask(tmp_path, umask, write):
    write_atomically(tmp_path / "file", write)
    assert stat.S_IMODE((tmp_path / "file").stat().st_mode) == 0o666 & ~umask


def test_a_new_folder_has_the_permissions_of_the_umask(tmp_path, umask):
    with written_folder(tmp_path, ".new-") as fresh:
        move_folder(fresh, tmp_path / "kept")
    assert stat.S_IMODE((tmp_path / "kept").stat().st_mode) == 0o777 & ~umask


def test_two_writers_of_one_file_never_mix(tmp_path):
    first_is_half, second_is_done = threading.Event(), threading.Event()

    def slowly(part):
        with part.open("w") as file:
            file.write("first " * 1000)
            file.flush()
            first_is_half.set()
            assert second_is_done.wait(20)
            file.write("first " * 1000)

    slow = threading.Thread(target=write_atomically, args=(tmp_path / "file", slowly))
    slow.start()
    assert first_is_half.wait(20)
    write_atomically(tmp_path / "file", lambda part: part.write_text("second " * 5000))
    assert (tmp_path / "file").read_text() == "second " * 5000
    second_is_done.set()
    slow.join()
    assert (tmp_path / "file").read_text() == "first " * 2000
    assert names(tmp_path) == ["file"]


KILLED = """
import sys, time
from pathlib import Path
from seqwise._files import write_atomically, written_folder
def half(part):
    part.write_text("half")
    print("half", flush=True)
    time.sleep(600)
if sys.argv[2] == "file":
    write_atomically(Path(sys.argv[1]) / "file", half)
else:
    with written_folder(Path(sys.argv[1]), ".seqwise-new-") as fresh:
        half(fresh / "data")
"""


@pytest.mark.parametrize("what", ["file", "folder"])
def test_what_a_killed_process_left_is_removed_and_what_a_living_one_writes_is_not(tmp_path, what):
    with subprocess.Popen([sys.executable, "-c", KILLED, tmp_path, what], stdout=subprocess.PIPE, text=True) as other:
        assert other.stdout.readline() == "half\n"
        remove_leftovers(tmp_path)
        assert len(names(tmp_path)) == 1
        other.send_signal(signal.SIGKILL)
    assert len(names(tmp_path)) == 1
    remove_leftovers(tmp_path)
    assert names(tmp_path) == []


def test_writing_a_file_removes_what_was_left_of_it(tmp_path):
    with subprocess.Popen([sys.executable, "-c", KILLED, tmp_path, "file"], stdout=subprocess.PIPE, text=True) as other:
        assert other.stdout.readline() == "half\n"
        other.send_signal(signal.SIGKILL)
    write_atomically(tmp_path / "file", lambda part: part.write_text("whole"))
    assert names(tmp_path) == ["file"]


def test_a_name_of_the_greatest_length_is_written(tmp_path):
    place = tmp_path / ("n" * 255)
    write_atomically(place, lambda part: part.write_text("whole"))
    assert place.read_text() == "whole"


def test_a_link_stays_and_what_it_names_is_replaced(tmp_path):
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "file").write_text("old")
    (tmp_path / "link").symlink_to("elsewhere/file")
    write_atomically(tmp_path / "link", lambda part: part.write_text("new"))
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "elsewhere" / "file").read_text() == "new"


def test_a_device_is_written_to_and_not_replaced(tmp_path):
    device = tmp_path.joinpath("/dev/full")
    before = device.stat()
    with pytest.raises(SaveError, match=r"^cannot save /dev/full: No space left on device\.$"):
        write_atomically(device, lambda path: path.write_text("x"))
    assert (device.stat().st_rdev, device.stat().st_ino) == (before.st_rdev, before.st_ino)


def test_a_pipe_is_written_to(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    assert is_stream(tmp_path / "pipe")
    reader = os.open(tmp_path / "pipe", os.O_RDONLY | os.O_NONBLOCK)
    write_atomically(tmp_path / "pipe", lambda path: path.write_text("through"))
    assert os.read(reader, 100) == b"through"
    os.close(reader)


def test_a_folder_that_cannot_be_written_in_is_told(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(SaveError, match=r"^cannot save .*file/x: Not a directory\.$"):
        write_atomically(tmp_path / "file" / "x", lambda part: part.write_text("x"))
    with pytest.raises(SaveError, match=r"^cannot save .*none/x: No such file or directory\.$"):
        write_atomically(tmp_path / "none" / "x", lambda part: part.write_text("x"))


def test_what_is_written_is_on_the_disk_before_it_has_its_name_and_the_name_thereafter(tmp_path, monkeypatch):
    done = []
    real_sync, real_replace = os.fsync, type(tmp_path).replace

    def sync(file):
        done.append(("sync", str(Path(f"/proc/self/fd/{file}").readlink())))
        real_sync(file)

    def replace(path, target):
        done.append(("move", str(target)))
        return real_replace(path, target)

    monkeypatch.setattr(os, "fsync", sync)
    monkeypatch.setattr(type(tmp_path), "replace", replace)
    write_atomically(tmp_path / "file", lambda part: part.write_text("x"))
    assert [name for name, _ in done] == ["sync", "move", "sync"]
    assert done[0][1].endswith(".part")
    assert done[2][1] == str(tmp_path)


def make_socket(path):
    with socket.socket(socket.AF_UNIX) as own:
        own.bind(str(path))


IRREGULAR = {
    "a named pipe": os.mkfifo,
    "a folder": os.mkdir,
    "a socket": make_socket,
    "a device": lambda path: path.symlink_to("/dev/zero"),
}


@pytest.mark.parametrize("what", IRREGULAR)
@pytest.mark.parametrize("read", [open_regular, sha256_of, lambda path: read_whole(path, 100)])
def test_only_a_regular_file_is_opened(tmp_path, monkeypatch, what, read):
    monkeypatch.chdir(tmp_path)
    path = tmp_path.joinpath("x").relative_to(tmp_path)
    IRREGULAR[what](path)
    with pytest.raises(OSError, match=f"^it is {what}, not a regular file$"):
        read(path)


def test_a_link_that_leads_nowhere_or_in_a_circle_is_told(tmp_path):
    (tmp_path / "none").symlink_to("nowhere")
    (tmp_path / "circle").symlink_to("circle")
    for name in ("none", "circle"):
        with pytest.raises(OSError, match="No such file|Too many levels"):
            open_regular(tmp_path / name)


def test_a_file_is_read_whole_or_refused(tmp_path):
    (tmp_path / "file").write_text("four")
    assert read_whole(tmp_path / "file", 4) == b"four"
    with pytest.raises(OSError, match=re.escape("it has 4 bytes, expected at most 3")):
        read_whole(tmp_path / "file", 3)
