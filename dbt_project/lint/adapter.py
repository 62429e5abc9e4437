"""What the SQL linter sees in place of dbt's adapter: a dispatched macro gives its argument.

The linter renders models without dbt; the engine's own macros are checked by dbt's parse.
"""

from collections.abc import Callable

# Macros that stand for words, not for an expression.
WORDS = {"stored": "as", "time_zones": "zones"}


def dispatch(name: str, *_: object) -> Callable[..., str]:
    """Stand in for `adapter.dispatch(name)`."""

    def macro(*arguments: object) -> str:
        return WORDS.get(name) or f"({arguments[0] if arguments else name})"

    return macro
