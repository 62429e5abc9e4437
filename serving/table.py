"""Lays rows out as columns of text for a terminal."""

from collections.abc import Sequence


def table(
    heads: Sequence[str], rows: Sequence[Sequence[str]], right: Sequence[int] = ()
) -> list[str]:
    """Lines with aligned columns; the column numbers in `right` are flush right."""
    cells = [[printable(cell) for cell in row] for row in (heads, *rows)]
    widths = [max(len(row[number]) for row in cells) for number in range(len(heads))]
    return [
        "  ".join(
            cell.rjust(widths[number]) if number in right else cell.ljust(widths[number])
            for number, cell in enumerate(row)
        ).rstrip()
        for row in cells
    ]


def printable(text: str) -> str:
    """`text` without characters that would steer a terminal: it may come from an export."""
    return "".join(character if character.isprintable() else "?" for character in text)
