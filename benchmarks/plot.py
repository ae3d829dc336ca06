"""The plot of a run: bars of ratios, as an SVG that needs no program to be drawn."""

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from typing import Final

from benchmarks.figures import Results, Spread
from benchmarks.table import WORKS, number

_WIDTH: Final = 760
_NAMES: Final = 190  # the room for the names, left of the bars
_VALUES: Final = 60  # the room for the values, right of them
_ROW: Final = 22
_STYLE: Final = """
text { font: 13px system-ui, sans-serif; fill: #1f2328 }
.title { font-size: 16px; font-weight: 600 }
.panel { font-weight: 600 }
.gesmock { fill: #0969da } .limit { fill: #8c959f } .peer { fill: #bc4c00 }
.spread { stroke: #1f2328; stroke-width: 1.5 } .axis { stroke: #8c959f }
@media (prefers-color-scheme: dark) {
text { fill: #e6edf3 }
.gesmock { fill: #4493f8 } .limit { fill: #7d8590 } .peer { fill: #f0883e }
.spread { stroke: #e6edf3 } .axis { stroke: #7d8590 }
}
"""


@dataclass(frozen=True, slots=True)
class Bar:
    """How fast a target is; *kind* gives it its colour."""

    name: str
    kind: str
    speed: Spread


@dataclass(frozen=True, slots=True)
class Panel:
    """The bars of one work."""

    title: str
    bars: Sequence[Bar]

    @property
    def height(self) -> int:
        return _ROW * len(self.bars) + 40


def panels(results: Results) -> list[Panel]:
    """A panel for each work at which its base was measured; the fastest target comes first."""
    drawn = []
    for work, title, base in WORKS:
        bars = [
            Bar(name, str(target["kind"]), spread)
            for name, target in results.targets.items()
            if (spread := results.ratio(work, name, base))
        ]
        if bars:
            bars.sort(key=lambda bar: -bar.speed.median)
            drawn.append(Panel(f"{title} (to {base})", bars))
    return drawn


def svg(drawn: Sequence[Panel]) -> str:
    """*drawn*, one below the other."""
    height = 56 + sum(panel.height for panel in drawn)
    summary = "; ".join(f"{panel.title}: {_summary(panel)}" for panel in drawn)
    size = f'viewBox="0 0 {_WIDTH} {height}" width="{_WIDTH}" height="{height}"'
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" {size} role="img" aria-labelledby="title desc">',
        '<title id="title">Speed of gesmock and its peers, as ratios to nginx or gesmock</title>',
        f'<desc id="desc">{escape(summary)}</desc>',
        f"<style>{_STYLE}</style>",
        '<text class="title" x="0" y="18">Speed as a ratio</text>',
        '<text x="0" y="38">longer is faster; the thin line is the spread of the rounds</text>',
    ]
    top = 56
    for panel in drawn:
        parts += _panel(panel, top)
        top += panel.height
    return "\n".join([*parts, "</svg>", ""])


def _summary(panel: Panel) -> str:
    return ", ".join(f"{bar.name} {number(bar.speed.median)}" for bar in panel.bars)


def _panel(panel: Panel, top: int) -> list[str]:
    longest = max(bar.speed.most for bar in panel.bars)
    scale = (_WIDTH - _NAMES - _VALUES) / longest
    parts = [f'<text class="panel" x="0" y="{top + 14}">{escape(panel.title)}</text>']
    for row, bar in enumerate(panel.bars):
        y = top + 24 + row * _ROW
        length, least, most = (
            round(value * scale, 1) for value in (bar.speed.median, bar.speed.least, bar.speed.most)
        )
        middle = y + 8
        parts += [
            f'<text x="{_NAMES - 8}" y="{y + 13}" text-anchor="end">{escape(bar.name)}</text>',
            f'<rect class="{bar.kind}" x="{_NAMES}" y="{y}" width="{max(length, 1)}" height="16"/>',
            f'<path class="spread" d="M{_NAMES + least} {middle}H{_NAMES + most}"/>',
            f'<text x="{_NAMES + max(most, 1) + 6}" y="{y + 13}">{number(bar.speed.median)}</text>',
        ]
    foot = top + 24 + len(panel.bars) * _ROW
    return [*parts, f'<path class="axis" d="M{_NAMES} {top + 20}V{foot}"/>']
