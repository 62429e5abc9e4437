"""What the SQL linter sees in place of dbt's adapter: a dispatched macro gives its argument.

The linter renders models without dbt; the engine's own macros are checked by dbt's parse.
"""

from collections.abc import Callable

WORDS = {"stored": "as"}  # macros that stand for a keyword, not for an expression


def dispatch(name: str, *_: object) -> Callable[..., str]:
    """Stand in for `adapter.dispatch(name)`."""

    def macro(*arguments: object) -> str:
        return WORDS.get(name) or f"({arguments[0] if arguments else name})"

    return macro
