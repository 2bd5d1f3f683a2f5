"""Bars on a logarithmic scale as SVG: a group for each column, a bar in it for each row."""

import math
from xml.sax.saxutils import escape

# Of each result that is worth a plot: the columns, and what the bars count.
PLOTTED = {
    "durable send": (["1", "8", "64", "512"], "messages a second, by messages in flight"),
    "live delivery": (["10% p99 us", "50% p99 us", "80% p99 us"],
                      "microseconds from send to device, by share of the peak"),
    "idle connections": (["bytes a connection"], "bytes of the broker's memory"),
}
COLOURS = ("#1b4f72", "#c0392b", "#d98880", "#1e8449", "#7dcea0", "#b7950b", "#7f8c8d", "#bdc3c7")
WIDTH, HEIGHT = 760, 380
LEFT, TOP, RIGHT, BOTTOM = 70, 50, 170, 40


def decades(values):
    return math.floor(math.log10(min(values))), math.ceil(math.log10(max(values)))


def text(x, y, words, anchor="start", size=12):
    return (f'<text x="{x:.0f}" y="{y:.0f}" text-anchor="{anchor}" font-size="{size}">'
            f"{escape(words)}</text>")


def bars(title, plotted, rows):
    columns, unit = plotted
    values = [figures[column] for figures in rows.values() for column in columns
              if figures.get(column, 0) > 0]
    low, high = decades(values)
    high = max(high, low + 1)

    def height(value):
        share = (math.log10(value) - low) / (high - low)
        return (HEIGHT - TOP - BOTTOM) * max(share, 0)

    parts = [f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{HEIGHT}" '
             f'font-family="sans-serif">', '<rect width="100%" height="100%" fill="white"/>',
             text(LEFT, 22, title, size=16), text(LEFT, 40, unit)]
    for decade in range(low, high + 1):
        y = HEIGHT - BOTTOM - height(10 ** decade)
        parts += [f'<path d="M{LEFT} {y:.0f}H{WIDTH - RIGHT}" stroke="#ddd"/>',
                  text(LEFT - 6, y + 4, f"{10 ** decade:,}", "end")]
    group = (WIDTH - LEFT - RIGHT) / len(columns)
    bar = group * 0.8 / len(rows)
    for place, column in enumerate(columns):
        x = LEFT + group * (place + 0.1)
        parts.append(text(x + group * 0.4, HEIGHT - BOTTOM + 18, column, "middle"))
        for row, figures in enumerate(rows.values()):
            if figures.get(column, 0) > 0:
                tall = height(figures[column])
                parts.append(f'<rect x="{x + bar * row:.1f}" y="{HEIGHT - BOTTOM - tall:.1f}" '
                             f'width="{bar * 0.9:.1f}" height="{tall:.1f}" '
                             f'fill="{COLOURS[row % len(COLOURS)]}"/>')
    for row, name in enumerate(rows):
        y = TOP + 20 * row
        parts += [f'<rect x="{WIDTH - RIGHT + 12}" y="{y}" width="12" height="12" '
                  f'fill="{COLOURS[row % len(COLOURS)]}"/>',
                  text(WIDTH - RIGHT + 30, y + 11, name)]
    return "\n".join([*parts, "</svg>"]) + "\n"
