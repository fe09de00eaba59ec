"""Small drawings for the page, made of numbers only."""

from __future__ import annotations

from collections.abc import Sequence

from labdata.compare.model import Histogram

_WIDTH, _HEIGHT = 168, 40  # units of the drawing


def histogram(counts: Histogram) -> str:
    """Return a histogram as SVG: after as bars, before as a line over them; shares, so that both can be compared."""
    sides = [_shares(counts.before), _shares(counts.after)]
    top = max((*sides[0], *sides[1]), default=0.0) or 1.0
    step = _WIDTH / max(len(counts.labels), 1)
    bars, steps = [], [f"M0,{_HEIGHT}"]
    for number, (before, after) in enumerate(zip(*sides, strict=True)):
        left, height, level = number * step, after / top * (_HEIGHT - 2), _HEIGHT - before / top * (_HEIGHT - 2)
        size = f'width="{max(step - 0.6, 0.5):.1f}" height="{height:.1f}"'
        bars.append(f'<rect x="{left:.1f}" y="{_HEIGHT - height:.1f}" {size}/>')
        steps.append(f"V{level:.1f}H{left + step:.1f}")
    line = f"{''.join(steps)}V{_HEIGHT}"
    return (
        f'<svg class="histogram" viewBox="0 0 {_WIDTH} {_HEIGHT}" width="{_WIDTH}" height="{_HEIGHT}" '
        f'aria-hidden="true"><g>{"".join(bars)}</g><path d="{line}"/></svg>'
    )


def _shares(counts: Sequence[int]) -> list[float]:
    numbers = [float(count) for count in counts]
    total = sum(numbers) or 1.0
    return [number / total for number in numbers]
