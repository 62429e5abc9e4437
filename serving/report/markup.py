"""The HTML that the page is made of. What comes from data goes through `text`."""

import html
from collections.abc import Sequence

from serving.report.figures import Figure, Table


def section(name: str, title: str, body: str) -> str:
    """A titled part of the page."""
    return f'<section id="{name}"><h2>{title}</h2>\n{body}\n</section>'


def row(drawn: Sequence[Figure], captions: Sequence[str] = ()) -> str:
    """Charts side by side where there is room."""
    captions = captions or [""] * len(drawn)
    charts = "".join(chart(each, said) for each, said in zip(drawn, captions, strict=True))
    return f'<div class="row">{charts}</div>'


def chart(figure: Figure, caption: str = "") -> str:
    """A chart with its caption and its table."""
    return figure_html(figure.key, figure.title, figure.label, caption, table(figure.table))


def figure_html(key: str, title: str, label: str, caption: str, numbers: str) -> str:
    """Where a chart is drawn: it takes the keyboard, and says aloud what is under the cursor."""
    heading = f"<h3>{text(title)}</h3>" if title else ""
    said = f"<figcaption>{caption}</figcaption>" if caption else ""
    return (
        f"<figure>{heading}"
        f'<div class="canvas" data-chart="{key}" tabindex="0" role="group" '
        f'aria-roledescription="chart" aria-label="{text(label)}. '
        'Arrow keys go from point to point."></div>'
        f'<p class="told" role="status"></p>{said}{numbers}</figure>'
    )


def table(shown: Table, title: str = "The numbers", is_open: bool = False) -> str:
    """A table that opens on demand; one that is open stands by itself."""

    def cell(tag: str, column: int, content: str) -> str:
        kind = ' class="n"' if column in shown.numbers else ""
        if shown.is_cards and tag == "td":
            kind += f' data-head="{text(shown.heads[column])}"'
        inner = text(content)
        if column in shown.codes and tag == "td":
            inner = f"<code>{inner}</code>"
        return f"<{tag}{kind}>{inner}</{tag}>"

    head = "".join(cell("th", column, each) for column, each in enumerate(shown.heads))
    body = "\n".join(
        "<tr>" + "".join(cell("td", column, each) for column, each in enumerate(cells)) + "</tr>"
        for cells in shown.rows
    )
    kind = ' class="cards"' if shown.is_cards else ""
    caption = text(shown.caption)
    drawn = (
        f'<div class="wide" tabindex="0" role="region" aria-label="{caption}">'
        f"<table{kind}><caption>{caption}</caption><thead><tr>{head}</tr></thead>\n"
        f"<tbody>\n{body}\n</tbody></table></div>"
    )
    return drawn if is_open else f"<details><summary>{text(title)}</summary>{drawn}</details>"


def text(value: str) -> str:
    """A value as text of the page, whatever it holds."""
    return html.escape(value, quote=True)
