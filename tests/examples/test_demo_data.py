from __future__ import annotations

import csv
import gzip
import hashlib
import importlib.util
import io
import json
import re
import sys
import tarfile
import zipfile
from collections import Counter
from pathlib import Path

import pytest

FOLDER = Path(__file__).parents[2] / "examples" / "data"


@pytest.fixture(scope="module")
def make():
    """The script, which is in no package."""
    spec = importlib.util.spec_from_file_location("make_demo_data", FOLDER / "make.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules["make_demo_data"] = module
    spec.loader.exec_module(module)
    yield module
    del sys.modules["make_demo_data"]


def passages(split):
    content = gzip.decompress((FOLDER / "union-addresses" / f"{split}.csv.gz").read_bytes()).decode()
    return list(csv.DictReader(io.StringIO(content, newline="")))


def sentences(split):
    content = gzip.decompress((FOLDER / "turkish-web-treebank" / f"{split}.conllu.gz").read_bytes()).decode()
    return [
        [line.split("\t") for line in block.split("\n") if not line.startswith("#")]
        for block in content.removesuffix("\n\n").split("\n\n")
    ]


def told_digests(name):
    """What the README of a data set says of its files."""
    rows = re.findall(
        r"^\| (\S+\.gz) \|.* (\d+) \| ([0-9a-f]{64}) \|$", (FOLDER / name / "README.md").read_text(), re.M
    )
    return {file: (int(size), digest) for file, size, digest in rows}


@pytest.mark.parametrize("name", ["japanese-vowels", "turkish-web-treebank", "union-addresses"])
def test_the_readme_tells_size_and_digest_of_every_file(name):
    contents = {file.name: gzip.decompress(file.read_bytes()) for file in (FOLDER / name).glob("*.gz")}
    found = {file: (len(content), hashlib.sha256(content).hexdigest()) for file, content in contents.items()}
    assert told_digests(name) == found


@pytest.mark.parametrize("name", ["japanese-vowels", "turkish-web-treebank", "union-addresses"])
def test_every_data_set_has_its_licence_beside_it_and_is_small(name):
    files = list((FOLDER / name).iterdir())
    assert any(file.name.startswith("LICENSE") for file in files)
    assert sum(file.stat().st_size for file in files) < 1_000_000


@pytest.mark.parametrize(("split", "per_label"), [("train", 1500), ("dev", 150), ("test", 300)])
def test_periods_are_equally_frequent(split, per_label):
    periods = ("1790-1840", "1880-1930", "1970-2021")
    assert Counter(row["label"] for row in passages(split)) == dict.fromkeys(periods, per_label)


def test_no_passage_occurs_twice_in_any_file():
    texts = [row["text"] for split in ("train", "dev", "test") for row in passages(split)]
    assert len(texts) == len(set(texts)) == 5850


def test_passages_have_20_to_60_words():
    lengths = [len(row["text"].split()) for split in ("train", "dev", "test") for row in passages(split)]
    assert (min(lengths), max(lengths)) == (20, 60)


@pytest.mark.parametrize(("split", "count", "steps"), [("train", 2033, 25906), ("dev", 254, 3260), ("test", 254, 3256)])
def test_the_treebank_has_the_sentences_of_its_readme(split, count, steps):
    blocks = sentences(split)
    assert (len(blocks), sum(map(len, blocks))) == (count, steps)
    assert {len(token) for block in blocks for token in block} == {10}


def test_a_passage_ends_with_the_sentence_that_brings_it_to_20_words(make):
    twelve, eight, seventy = "Word" + " word" * 11 + ".", "Then" + " seven" * 7 + "?", "Long" + " word" * 69 + "."
    text = f"{twelve} {eight} {seventy}\n{twelve}  {twelve} Too short."
    assert list(make._passages_of(text)) == [f"{twelve} {eight}", f"{twelve} {twelve}"]


def test_addresses_are_split_as_wholes(make):
    texts = [f"Address {number}" + " word" * 18 + ". Next" + " word" * 19 + "." for number in range(12)]
    numbers = {
        split: [int(text.split()[1]) for text in make._passages(texts, split) if text.startswith("Address")]
        for split in ("train", "dev", "test")
    }
    assert numbers == {"train": [2, 3, 4, 5, 6, 7, 8, 9], "dev": [1, 11], "test": [0, 10]}


def test_of_ten_sentences_of_the_treebank_the_ninth_is_dev_and_the_tenth_test(make, tmp_path):
    package = tmp_path / "package.whl"
    with zipfile.ZipFile(package, "w") as archive:
        archive.writestr("data/web.conllu", "".join(f"# sent_id = {n}\n1\tx\n\n" for n in range(1, 21)))
        archive.writestr("turkish_treebanks-1.0.0.dist-info/LICENSE", "licence")
    files = make.turkish_web_treebank(package)
    told = {
        name: re.findall(r"sent_id = (\d+)", content.decode()) for name, content in files.items() if name != "LICENSE"
    }
    assert (told["dev.conllu.gz"], told["test.conllu.gz"]) == (["9", "19"], ["10", "20"])
    assert told["train.conllu.gz"] == [str(n) for n in range(1, 21) if n % 10 not in (9, 0)]


def test_addresses_outside_the_periods_are_left_out(make, tmp_path, monkeypatch):
    package = tmp_path / "package.tgz"
    with tarfile.open(package, "w:gz") as archive:
        for year in (1790, 1839, 1840, 1850, 1880, 1881, 1882, 1970, 2020, 2021):
            content = json.dumps({"year": year, "text": f"{year}" + " word" * 20 + "."}).encode()
            member = tarfile.TarInfo(f"package/data/{year}_name_d.json")
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    monkeypatch.setattr(make, "_PASSAGES_PER_PERIOD", {"train": 1, "dev": 1, "test": 1})
    told = [content.decode().split("\n")[1:-1] for content in make.union_addresses(package).values()]
    assert [[row[:4] for row in rows] for rows in told] == [
        ["1840", "1882", "2021"],
        ["1839", "1881", "2020"],
        ["1790", "1880", "1970"],
    ]


def test_other_packages_are_refused(make, tmp_path):
    with pytest.raises(SystemExit, match=r"other\.whl: not one of aeon-1\.6\.0-py3-none-any\.whl"):
        make.write_data_set(tmp_path / "other.whl", tmp_path)


def test_other_bytes_under_the_name_of_a_package_are_refused(make, tmp_path):
    package = tmp_path / "aeon-1.6.0-py3-none-any.whl"
    package.write_bytes(b"")
    empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    with pytest.raises(SystemExit, match=f"sha256 is {empty}, expected"):
        make.write_data_set(package, tmp_path)


def test_a_package_is_written_into_its_folder_and_compressed_without_a_time(make, tmp_path, monkeypatch):
    package = tmp_path / "some.whl"
    package.write_bytes(b"package")
    made = make.Package(
        hashlib.sha256(b"package").hexdigest(), "set", lambda file: {"a.gz": file.read_bytes(), "L": b"l"}
    )
    monkeypatch.setitem(make.PACKAGES, "some.whl", made)
    folder = make.write_data_set(package, tmp_path / "out")
    assert gzip.decompress((folder / "a.gz").read_bytes()) == b"package"
    assert (folder / "a.gz").read_bytes()[4:8] == bytes(4)
    assert (folder / "L").read_bytes() == b"l"
