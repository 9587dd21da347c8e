"""The page of the documentation shows what the doctor says, and every bug it knows."""

from __future__ import annotations

from pages import DOCS, blocks
from seqwise.doctor import BUGS, doctor

PAGE = DOCS / "doctor.md"


def test_the_report_on_the_page_is_that_of_its_loss(tmp_path):
    code, report = (next(one for one in blocks(PAGE) if one.language == kind).text for kind in ("python", "text"))
    file = tmp_path / "losses.py"
    file.write_text(code, encoding="utf-8")
    said = str(doctor(f"{file}:token_loss"))
    assert said.startswith(report.rstrip("\n"))


def test_every_bug_stands_in_the_table_with_its_fix():
    rows = [line for line in PAGE.read_text(encoding="utf-8").splitlines() if line.startswith("| `")]
    table = [row for row in rows if row.split("`")[1] in BUGS]
    assert table == [f"| `{name}` | {bug.is_that} | {bug.fix} |" for name, bug in BUGS.items()]
