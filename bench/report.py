"""Writes the results of a run into docs/performance.md: a table between each pair of marks

    <!-- results: durable send -->
    <!-- end -->

and the plots beside it. What stands outside the marks is prose, and nobody's but its author's.
"""

import re
from pathlib import Path

import plot

ROOT = Path(__file__).resolve().parent.parent
DOCUMENT = ROOT / "docs" / "performance.md"
PLOTS = ROOT / "docs" / "performance"
MARKS = re.compile(r"(<!-- results: ([^>]+) -->\n).*?(<!-- end -->)", re.DOTALL)


def spelled(value):
    """Three digits are all that such a figure holds. Words are said as they are."""
    if isinstance(value, str):
        return value
    if value >= 1000:
        digits = len(str(int(value))) - 3
        return f"{round(value, -digits):,.0f}"
    return f"{value:.3g}"


def table(rows):
    columns = list(dict.fromkeys(column for figures in rows.values() for column in figures))
    lines = ["| | " + " | ".join(columns) + " |", "|---|" + "---:|" * len(columns)]
    for name, figures in rows.items():
        cells = [spelled(figures[column]) if column in figures else "" for column in columns]
        lines.append(f"| {name} | " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


def write(results):
    def replaced(match):
        rows = results.get(match[2])
        return match[0] if rows is None else f"{match[1]}{table(rows)}{match[3]}"
    DOCUMENT.write_text(MARKS.sub(replaced, DOCUMENT.read_text(encoding="utf-8")),
                        encoding="utf-8")
    PLOTS.mkdir(exist_ok=True)
    for name, rows in results.items():
        if name in plot.PLOTTED:
            path = PLOTS / f"{name.replace(' ', '-')}.svg"
            path.write_text(plot.bars(name, plot.PLOTTED[name], rows), encoding="utf-8")
