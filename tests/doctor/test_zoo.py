"""Every wrong loss and model of the zoo is named rightly, and no right one is blamed."""

from __future__ import annotations

import re

import pytest
from test_sample import NAMED
from zoo_members import ZOO, examined_apart, members, sampled

from seqwise.doctor import BUGS, doctor

HERE = [one for file in ("torch_losses.py", "torch_models.py", "numpy_losses.py") for one in members(file)]
EVERYDAY = [one for file in ("everyday_losses.py", "everyday_models.py") for one in members(file)]
IN_JAX = members("jax_losses.py")
IN_KERAS = members("keras_things.py")
RIGHT = [one for file in ("right_torch.py", "right_numpy.py", "right_everyday.py") for one in members(file)]


def name_of(member):
    return f"{member.file.removesuffix('.py')}-{member.name}"


@pytest.mark.parametrize("member", [*HERE, *EVERYDAY], ids=name_of)
def test_a_wrong_one_gets_the_name_of_its_bug(member):
    report = doctor(member.place)
    assert report.bugs == [member.bug], str(report)


@pytest.mark.parametrize("member", IN_JAX, ids=name_of)
def test_a_wrong_one_in_jax_gets_the_name_of_its_bug(member):
    pytest.importorskip("jax")
    assert doctor(member.place).bugs == [member.bug]


@pytest.mark.parametrize("backend", ["torch", "tensorflow"])
def test_wrong_ones_in_keras_get_the_names_of_their_bugs(backend):
    pytest.importorskip("keras")
    pytest.importorskip(backend)
    # The other members say nothing new about TensorFlow, and each of its calls takes long.
    few = ("translation_tutorial", "softmax_before_logits", "AttentionOverAll", "MaskLost")
    wanted = [one for one in IN_KERAS if backend == "torch" or one.name in few]
    found = examined_apart("keras_things.py", [one.name for one in wanted], backend)
    assert {name: bugs for name, (bugs, _, _) in found.items()} == {one.name: [one.bug] for one in wanted}


@pytest.mark.parametrize("member", RIGHT, ids=name_of)
def test_a_right_one_is_not_blamed(member):
    report = doctor(member.place)
    assert report.bugs == [], str(report)
    assert report.holds
    assert len(report.findings) >= 4


@pytest.mark.parametrize("member", members("right_jax.py"), ids=name_of)
def test_a_right_one_in_jax_is_not_blamed(member):
    pytest.importorskip("optax")
    report = doctor(member.place)
    assert report.holds, str(report)
    assert len(report.findings) >= 4


@pytest.mark.parametrize("backend", ["torch", "tensorflow"])
def test_right_ones_in_keras_are_not_blamed(backend):
    pytest.importorskip("keras")
    pytest.importorskip(backend)
    few = ("SparseCategoricalCrossentropy", "Mine", "zero_is_padding", "both_directions")
    names = [one.name for one in members("right_keras.py") if backend == "torch" or one.name in few]
    found = examined_apart("right_keras.py", names, backend)
    assert {name: (bugs, holds) for name, (bugs, holds, _) in found.items()} == {name: ([], True) for name in names}
    assert min(count for _, _, count in found.values()) >= 4


def test_the_zoo_has_every_bug():
    shown = {one.bug for one in (*HERE, *IN_JAX, *IN_KERAS)} | set(NAMED.values())
    assert set(BUGS) - shown == {"no-lowest-value", "softmax-of-answers"}  # shown in test_plausible
    assert shown <= BUGS.keys()


def test_every_wrong_one_that_is_not_everyday_names_where_the_bug_was_published():
    places = re.compile(r"[\w.-]+/[\w.-]+#\d+|discuss\.pytorch\.org \d+|torchtune")
    assert [one for one in (*HERE, *IN_JAX, *IN_KERAS) if not places.search(one.source)] == []


def test_every_file_of_the_zoo_is_looked_at():
    read = {one.file for one in (*HERE, *EVERYDAY, *IN_JAX, *IN_KERAS, *RIGHT)} | {"right_jax.py", "right_keras.py"}
    assert read | {one.file for one in sampled()} == {path.name for path in ZOO.glob("*.py")}
