"""What somebody may have meant who gave a name that there is not."""

from collections.abc import Callable, Iterable
from difflib import get_close_matches


def nearest_hint(name: str, known: Iterable[str], quote: Callable[[str], str] = repr) -> str:
    """The end of a message about an unknown name: `; did you mean 'open'?`, or nothing where none is near."""
    close = get_close_matches(name, list(known), n=1)
    return f"; did you mean {quote(close[0])}?" if close else ""
