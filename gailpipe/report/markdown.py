"""Tables in Markdown."""

from collections.abc import Mapping, Sequence


def table(rows: Sequence[Mapping[str, str]], labels: int) -> str:
    """Return a table of rows with the same columns, all but the first columns, its labels, aligned to the right."""
    lines = [f"| {' | '.join(cells)} |" for cells in (rows[0], *(row.values() for row in rows))]
    return "\n".join([lines[0], f"|{'---|' * labels}{'--:|' * (len(rows[0]) - labels)}", *lines[1:]])
