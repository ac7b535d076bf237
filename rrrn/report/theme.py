"""How figures look: colours that differ in grey as well, with shapes and dashes, on light and dark pages."""

from typing import Any

# by turns dark and light, so that neighbours differ in grey; the second row is shown instead on a dark page
COLOURS = ("#0b5c8c", "#d87234", "#602772", "#30874f", "#684407", "#d25996", "#676915", "#ae2636", "#0c95cb", "#6f64b9")
ON_DARK = ("#58a9da", "#ffc4a3", "#af77be", "#81cd96", "#b88e58", "#feb1d3", "#b3b165", "#fe7e7e", "#97d6ff", "#baabfe")
SHAPES = ("circle", "square", "triangle-up", "diamond", "cross", "triangle-down", "triangle-left", "triangle-right")
DASHES = ([1, 0], [6, 3], [2, 2], [8, 3, 2, 3], [4, 1], [1, 3], [10, 4], [3, 3, 1, 3])
INK, HALO = "#1d1d1d", "#fdfdfd"  # letters upon lines, and what is about them; a dark page has them the other way
GREY, BAR = "#555555", "#d4d4d4"  # marks and lines of no colour, and bars beneath them
# what a dark page has in place of a colour
ON_DARK_PAGES = dict(zip(COLOURS, ON_DARK, strict=True)) | {
    INK: "#f4f4f4",
    HALO: "#1e2328",
    GREY: "#b8bec6",
    BAR: "#5f6872",
}
FAINT = "#888888"  # the same on light and dark pages, and seen on both
CELLS = ("#f4f8fb", COLOURS[0])  # of cells, from least to most; numbers stand upon them, on dark pages too
CHANGE = ("#b35806", "#f7f7f7", "#542788")  # of cells, from less to more
WIDTH = 225  # pixels of a panel's inside: with its axes it fits a telephone
DARK = 0.72  # share of a scale of shades from which on letters are white
FONT = "system-ui, 'Segoe UI', Helvetica, Arial, sans-serif"


def spread(options: tuple[Any, ...], number: int) -> list[Any]:
    """Return as many of some options, from the first on, over and over."""
    return [options[index % len(options)] for index in range(number)]


def config() -> dict[str, Any]:
    """Return the configuration of all charts, as Vega-Lite takes it."""
    return {
        "background": "white",
        "font": FONT,
        "view": {"stroke": "#c8c8c8"},
        "axis": {
            "labelFontSize": 11,
            "titleFontSize": 11,
            "titleFontWeight": "normal",
            "gridColor": "#e4e4e4",
            "domainColor": "#888888",
            "tickColor": "#888888",
            "labelLimit": 150,
        },
        "legend": {
            "orient": "bottom",
            "labelFontSize": 11,
            "titleFontSize": 11,
            "columns": 2,
            "labelLimit": 120,
            "symbolStrokeWidth": 0,
        },
        "title": {"fontSize": 12, "anchor": "start", "fontWeight": 600, "subtitleFontSize": 11},
    }
