"""Figures of a run on one page."""

from __future__ import annotations

from seqwise.report.page import ReportData, render_report

__all__ = ["ReportData", "render_report"]
