"""Figures of a run on one page."""

from __future__ import annotations

from seqwise.report.page import render_report
from seqwise.report.report_data import ReportData

__all__ = ["ReportData", "render_report"]
