"""The results of `make bench` as a picture: how long each stage took, a bar a stage."""

from collections.abc import Mapping, Sequence
from typing import Any
from xml.sax.saxutils import escape

from tests.benchmarks.table import EXTENTS, taken

LEFT, WIDTH, BAR, GAP = 190, 720, 16, 6
YARDSTICKS = ("sorted copy", "limit", "pandas", "dlt")
# a Tableau blue for the product's stages, grey for what they are held against
COLOURS = {True: "#9aa0a6", False: "#4e79a7"}


def svg(entries: Sequence[Mapping[str, Any]]) -> str:
    """One block of bars a run; yardsticks are grey."""
    drawn: list[str] = []
    y = 24
    for entry in entries:
        drawn.append(
            text(8, y, f"{entry['interactions'] / 1e6:g} million rows: {EXTENTS[entry['only']]}")
        )
        longest = max(taken(step) for step in entry["steps"])
        for step in entry["steps"]:
            y += BAR + GAP
            length = (WIDTH - LEFT - 90) * taken(step) / longest
            colour = COLOURS[step["stage"] in YARDSTICKS]
            drawn.append(text(8, y, step["stage"]))
            drawn.append(
                f'<rect x="{LEFT}" y="{y - 12}" width="{length:.1f}" height="{BAR}" '
                f'fill="{colour}"/>'
            )
            drawn.append(text(LEFT + length + 6, y, f"{taken(step):,.1f} s"))
        y += 2 * (BAR + GAP)
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{y}" '
            'font-family="sans-serif" font-size="12">',
            *drawn,
            "</svg>\n",
        ]
    )


def text(x: float, y: float, said: str) -> str:
    """A line of text."""
    return f'<text x="{x:.1f}" y="{y}">{escape(said)}</text>'
