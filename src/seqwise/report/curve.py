"""A training curve as SVG that sits inside a page and takes the page's colours and font."""

from __future__ import annotations

import io
import re
import threading
from collections.abc import Mapping, Sequence
from typing import Any

__all__ = ["curve_svg"]

# Colours that the page's own replace, so that one drawing serves light and dark.
_COLOURS = {
    "#000001": "var(--soft)",
    "#000002": "var(--line)",
    "#000003": "var(--accent)",
    "#000004": "var(--second)",
}
_SETTINGS = threading.Lock()  # those of matplotlib belong to the process: one thread changes them at a time
_SOFT, _LINE, *_CURVES = _COLOURS
_NAMES = 'xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink"'


def curve_svg(
    title: str, epochs: Sequence[int], curves: Mapping[str, Sequence[float | None]], best_epoch: int | None
) -> str:
    """One panel with up to two curves over epochs, as an `<svg>` element.

    Args:
        title: what the panel shows, for readers who cannot see it.
        epochs: (n,) numbers of the epochs.
        curves: name -> (n,) values; None leaves a gap.
        best_epoch: marked by a vertical line when given.

    Returns:
        The element, with nothing that refers to anything outside of it.
    """
    import matplotlib as mpl  # takes half a second, and only a report needs it
    from matplotlib.figure import Figure

    with _SETTINGS, mpl.rc_context({"svg.fonttype": "none", "svg.hashsalt": title, "font.size": 9}):
        figure = Figure(figsize=(4.6, 2.5), layout="constrained")
        axes = figure.add_subplot()
        for colour, (name, values) in zip(_CURVES, curves.items(), strict=False):
            known = [float("nan") if value is None else value for value in values]
            axes.plot(epochs, known, color=colour, label=name, linewidth=1.6, marker="o", markersize=2.6)
        if best_epoch is not None:
            axes.axvline(best_epoch, color=_SOFT, linewidth=0.9, linestyle=(0, (3, 3)), label=f"best: {best_epoch}")
        _plain_axes(axes)
        buffer = io.StringIO()
        figure.savefig(buffer, format="svg", transparent=True, metadata={"Date": None, "Creator": None})
    return _embedded(buffer.getvalue(), title)


def _plain_axes(axes: Any) -> None:
    """Whole epochs, a light grid, no frame, a legend without a box."""
    axes.xaxis.get_major_locator().set_params(integer=True)
    axes.set_xlabel("epoch", color=_SOFT)
    axes.tick_params(colors=_SOFT, length=0)
    axes.grid(color=_LINE, linewidth=0.7)
    axes.set_axisbelow(True)
    axes.margins(x=0.03, y=0.08)
    for spine in axes.spines.values():
        spine.set_visible(False)
    axes.legend(frameon=False, labelcolor=_SOFT)


def _embedded(document: str, title: str) -> str:
    """The svg element of a document, in the page's colours, without ids that would clash."""
    from markupsafe import escape

    element = document[document.index("<svg") :]
    element = re.sub(r"<metadata>.*?</metadata>|<style[^>]*>.*?</style>", "", element, flags=re.DOTALL)
    element = re.sub(r'(<g) id="[^"]*"', r"\1", element)
    element = re.sub(r"font-family: [^;]*;", "font-family: inherit;", element)
    for drawn, shown in _COLOURS.items():
        element = element.replace(drawn, shown)
    view_box = re.search(r'viewBox="[^"]*"', element)
    assert view_box is not None, "matplotlib writes a viewBox"
    opening = f'<svg {view_box.group()} role="img" aria-label="{escape(title)}" {_NAMES}>'
    return opening + element[element.index(">") + 1 :]
