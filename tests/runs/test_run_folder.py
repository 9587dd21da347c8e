from __future__ import annotations

import json
import re
import resource
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
import torch

from seqwise._files import write_atomically
from seqwise.errors import RunFolderError, SaveError
from seqwise.runs.run_folder import RunFolder, new_run_folder, next_run_folder


def test_the_first_free_number_names_a_run(tmp_path):
    (tmp_path / "news-1").mkdir()
    (tmp_path / "news-2").mkdir()
    (tmp_path / "news-3").symlink_to("gone")
    assert next_run_folder("news", tmp_path).name == "news-4"


def at_once(count, call):
    """What so many threads get that call together, errors included."""
    barrier = Barrier(count)

    def one():
        barrier.wait()
        try:
            return call()
        except RunFolderError as error:
            return error

    with ThreadPoolExecutor(count) as pool:
        return [job.result() for job in [pool.submit(one) for _ in range(count)]]


def test_runs_that_start_at_once_get_numbers_of_their_own(tmp_path):
    folders = at_once(8, lambda: new_run_folder("news", tmp_path))
    assert sorted(folder.path.name for folder in folders) == [f"news-{number}" for number in range(1, 9)]
    assert all(folder.path.is_dir() for folder in folders)


@pytest.mark.parametrize("exists", [False, True])
def test_of_runs_that_start_at_once_in_one_folder_one_starts(tmp_path, exists):
    if exists:
        (tmp_path / "run").mkdir()
    found = at_once(8, RunFolder(tmp_path / "run").create)
    assert sum(outcome is None for outcome in found) == 1
    assert sum("already exists and is never overwritten" in str(outcome) for outcome in found) == 7


def test_a_run_folder_is_never_overwritten(tmp_path):
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "mine.txt").write_text("keep")
    with pytest.raises(
        RunFolderError, match=r"run already exists and is never overwritten\n  Choose another with --run DIR$"
    ):
        RunFolder(tmp_path / "run").create()
    assert (tmp_path / "run" / "mine.txt").read_text() == "keep"


def test_a_run_folder_that_holds_a_run_may_be_gone_on_with(tmp_path):
    run = tmp_path / "my run"
    run.mkdir()
    (run / "config.yaml").write_text("")
    with pytest.raises(
        RunFolderError,
        match=f"--run DIR, or resume it: seqwise train --run '{run}' --resume$",
    ):
        RunFolder(run).check_free()


def test_a_run_is_trained_by_one_process_at_a_time(tmp_path):
    folder = RunFolder(tmp_path / "run")
    folder.create()
    folder.check_idle()
    message = (
        f"the run {folder.path} is being trained by another process\n"
        f"  Wait for it to end, or stop it and resume with: seqwise train --run {folder.path} --resume"
    )
    with folder.held():
        for other in (folder.held().__enter__, folder.check_idle):
            with pytest.raises(RunFolderError, match=f"^{re.escape(message)}$"):
                other()
    folder.check_idle()


HOLD = """
import sys, time
from pathlib import Path
from seqwise.runs.run_folder import RunFolder
with RunFolder(Path(sys.argv[1])).held():
    print("held", flush=True)
    time.sleep(600)
"""


def test_a_process_that_is_killed_holds_no_run(tmp_path):
    folder = RunFolder(tmp_path / "run")
    folder.create()
    with subprocess.Popen([sys.executable, "-c", HOLD, str(folder.path)], stdout=subprocess.PIPE, text=True) as other:
        assert other.stdout.readline() == "held\n"
        with pytest.raises(RunFolderError, match="is being trained by another process"):
            folder.check_idle()
        other.kill()
    folder.check_idle()


def test_a_folder_that_cannot_be_locked_is_named(tmp_path):
    folder = RunFolder(tmp_path / "run")
    folder.create()
    (folder.path / "checkpoints" / "lock").mkdir()
    with pytest.raises(SaveError, match="cannot lock the run folder .*run: "):
        folder.check_idle()


RESUMABLE = [
    ([], None),
    (["checkpoints/last/", "checkpoints/lock", "config.yaml.part"], None),
    (["config.yaml", "thesis.txt"], None),
    (
        ["checkpoints/last/state.safetensors"],
        "the run folder {run} has lost its config.yaml, so the run cannot be resumed\n"
        "  Restore the file from a copy, or train again into another folder: --run DIR",
    ),
    (
        ["data.json"],
        "the run folder {run} has lost its config.yaml, so the run cannot be resumed\n"
        "  Restore the file from a copy, or train again into another folder: --run DIR",
    ),
    (
        ["thesis.txt"],
        "the folder {run} holds files, but no run that can be resumed\n  Choose another with --run DIR.",
    ),
]


@pytest.mark.parametrize(("names", "message"), RESUMABLE)
def test_a_run_goes_on_where_its_settings_stand_or_nothing_does(tmp_path, names, message):
    folder = RunFolder(tmp_path / "run")
    for name in names:
        (folder.path / name).parent.mkdir(parents=True, exist_ok=True)
        if not name.endswith("/"):
            (folder.path / name).write_text("")
    if message is None:
        folder.check_resumable()
        return
    with pytest.raises(RunFolderError, match=f"^{re.escape(message.format(run=folder.path))}$"):
        folder.check_resumable()


def test_a_run_cannot_go_on_in_a_file(tmp_path):
    (tmp_path / "run").write_text("")
    with pytest.raises(RunFolderError, match="run is a file, not a run folder\n  Choose another with --run DIR.$"):
        RunFolder(tmp_path / "run").check_resumable()


def test_an_empty_folder_may_become_a_run(tmp_path):
    (tmp_path / "run").mkdir()
    RunFolder(tmp_path / "run").create()
    assert (tmp_path / "run" / "checkpoints" / "last").is_dir()


def test_a_run_folder_that_cannot_be_made_is_named(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(SaveError, match="cannot create the run folder .*file/run: Not a directory"):
        RunFolder(tmp_path / "file" / "run").create()


def test_tensors_and_text_survive(tmp_path):
    folder = RunFolder(tmp_path)
    folder.write_tensors(tmp_path / "t", {"a": torch.arange(6).reshape(2, 3).T}, {"note": "é"})
    tensors, metadata = folder.read_tensors(tmp_path / "t")
    assert tensors["a"].tolist() == [[0, 3], [1, 4], [2, 5]]
    assert metadata == {"note": "é"}


def test_a_write_that_fails_leaves_what_stood_there(tmp_path):
    target = tmp_path / "file"
    target.write_text("old")

    def fail(part):
        part.write_text("half")
        raise OSError(28, "No space left on device")

    with pytest.raises(SaveError, match=r"cannot save .*file: No space left on device. The previous file is untouched"):
        write_atomically(target, fail)
    assert [path.name for path in tmp_path.iterdir()] == ["file"]
    assert target.read_text() == "old"


def test_the_old_checkpoint_survives_a_full_disk(tmp_path):
    """The operating system refuses the write itself, as a full disk does: files may grow to 64 KiB only."""
    folder = RunFolder(tmp_path / "run")
    folder.create()
    folder.write_tensors(folder.checkpoint, {"weights": torch.ones(10)}, {})
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 16, before[1]))
    try:
        with pytest.raises(SaveError, match=r"cannot save .*state.safetensors: .* The previous file is untouched"):
            folder.write_tensors(folder.checkpoint, {"weights": torch.zeros(1 << 18)}, {})
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, handler)
    assert folder.read_tensors(folder.checkpoint)[0]["weights"].tolist() == [1.0] * 10
    assert [path.name for path in folder.checkpoint.parent.iterdir()] == ["state.safetensors"]


NEEDED = ["config.yaml", "data.json", "labels.json", "vocab.json", "model.safetensors", "metrics.json", "env.json"]


def run_with(tmp_path, *names, version=1):
    for name in names:
        (tmp_path / name).write_text(json.dumps({"format_version": version}))
    return RunFolder(tmp_path)


def test_a_finished_run_passes(tmp_path):
    run_with(tmp_path, *NEEDED).check_finished()


def test_a_missing_run_is_named(tmp_path):
    with pytest.raises(RunFolderError, match="there is no run folder .*none"):
        RunFolder(tmp_path / "none").check_finished()


def test_another_folder_is_no_run(tmp_path):
    with pytest.raises(RunFolderError, match="is not a run folder: it has none of config.yaml"):
        RunFolder(tmp_path).check_finished()


def test_a_half_written_run_is_named_with_what_is_missing(tmp_path):
    with pytest.raises(RunFolderError, match=r"is incomplete: model.safetensors, metrics.json missing\n  Training did"):
        run_with(tmp_path, *(set(NEEDED) - {"model.safetensors", "metrics.json"})).check_finished()


def test_a_run_of_another_version_is_named(tmp_path):
    with pytest.raises(RunFolderError, match="has format 2, this version of seqwise reads format 1"):
        run_with(tmp_path, *NEEDED, version=2).check_finished()


@pytest.mark.parametrize("content", [b"", b"torn", b"\x08\x00\x00\x00\x00\x00\x00\x00{}"])
def test_torn_tensors_are_named(tmp_path, content):
    (tmp_path / "t").write_bytes(content)
    with pytest.raises(RunFolderError, match="t cannot be read"):
        RunFolder(tmp_path).read_tensors(tmp_path / "t")


def test_torn_json_is_named(tmp_path):
    (tmp_path / "env.json").write_text('{"format')
    with pytest.raises(RunFolderError, match="env.json cannot be read"):
        RunFolder(tmp_path).read_json("env.json")
