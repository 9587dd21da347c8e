"""The report of a run: one HTML file that needs nothing else, opens offline and runs no scripts."""

from __future__ import annotations

from seqwise.evaluation.summary import count_text, percent_text
from seqwise.report.page_values import page_values
from seqwise.report.report_data import ReportData
from seqwise.targets import label_text

__all__ = ["render_report"]


def _capital(sentence: str) -> str:
    return sentence[:1].upper() + sentence[1:]


def render_report(data: ReportData) -> str:
    """The report as one HTML page; every text that comes from data is escaped.

    Examples:
        >>> scores = {"accuracy": {"value": 0.75, "count": 4}, "count": 4}
        >>> page = render_report(ReportData("a<b", "", "", (), {}, {}, {}, {"test": {"intent": scores}}))
        >>> "<title>a&lt;b" in page, "75.0%" in page
        (True, True)
    """
    from jinja2 import Environment, PackageLoader, StrictUndefined  # only reports need it

    pages = Environment(
        loader=PackageLoader("seqwise.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    pages.filters.update(share=percent_text, count=count_text, label=label_text, capital=_capital)
    return pages.get_template("report.html.j2").render(page_values(data))
