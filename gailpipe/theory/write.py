"""What the theory leaves: its numbers as JSON, and its figure as SVG."""

import json
from pathlib import Path

from gailpipe.foundation.files import write_file
from gailpipe.report.style import apply_style, save_svg
from gailpipe.theory.figure import theory_figure
from gailpipe.theory.metrics import metrics
from gailpipe.theory.results import compute
from gailpipe.theory.settings import Theory
from gailpipe.training.compute import use_one_thread


def write_theory(settings: Theory, seed: int, out: Path, figure: Path) -> None:
    """Compute the theory, and write `out`, in JSON, and `figure`, in SVG.

    Raises:
        UserError: They can't be written.
    """
    use_one_thread()
    results = compute(settings, seed)
    write_file(out, f"{json.dumps(metrics(results, settings), indent=2)}\n".encode())
    apply_style()
    save_svg(theory_figure(results, settings), figure)
