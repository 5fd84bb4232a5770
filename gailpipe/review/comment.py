"""The comment itself."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gailpipe.grid.scores import TEST_LEVEL, Score
from gailpipe.report.tables import table
from gailpipe.review.scores import DIGITS, Change, scale

COMMENT = Path(__file__).with_name("comment.md")
PICTURES = """
### Figures
| before | after |
|---|---|
{rows}
"""


@dataclass(frozen=True)
class Version:
    """What a commit holds."""

    commit: str
    metrics: Mapping[str, Any]  # of each environment, and of each demonstration set of the paper's pipeline
    stages: Mapping[str, Any]  # of dvc.lock, of both pipelines
    figures: Sequence[str]  # paths of both reports' pictures


def comment(
    before: Version,
    after: Version,
    scores: Sequence[Change],
    parameters: str,
    stale: Mapping[str, Sequence[str]],
    url: str | None,
) -> str:
    """Return the comment in Markdown.

    Args:
        before: What is compared with.
        after: What has changed.
        scores: `changes` of their metrics.
        parameters: A table of what changed in params.yaml and sets.yaml; empty where nothing did.
        stale: Stages that are out of date, and why.
        url: Of the repository's web pages, which show figures of each commit.
    """
    tested = sum(change.p_value is not None and change.verdict != "same" for change in scores)
    return COMMENT.read_text().format(
        summary=_summary(scores, stale),
        parameters=parameters.strip() or "None changed.",
        scores=_scores(scores),
        scales=_scales(before.metrics, after.metrics),
        level=TEST_LEVEL,
        chance=f" (of {tested} tested, {TEST_LEVEL * tested:.2g} would be so if nothing had changed)" if tested else "",
        ran=_ran(before.stages, after.stages),
        stale=_grouped({stage: ", ".join(reasons) for stage, reasons in stale.items()}),
        figures="" if url is None else _figures(before, after, url),
    )


def _summary(scores: Sequence[Change], stale: Mapping[str, Sequence[str]]) -> str:
    verdicts = [change.verdict for change in scores]
    counts = ", ".join(f"{verdicts.count(verdict)} {verdict}" for verdict in dict.fromkeys(verdicts))
    stages = "1 stage is" if len(stale) == 1 else f"{len(stale)} stages are"
    warning = f" **{stages} out of date.**" if stale else ""
    return f"Scores: {counts or 'none'}.{warning}"


def _scores(scores: Sequence[Change]) -> str:
    changed = [change for change in scores if change.verdict != "same"]
    if not changed:
        return "None changed."
    rows = [
        {
            "environment": change.environment,
            "learner": change.learner,
            "before": _shown(change.before),
            "after": _shown(change.after),
            "verdict": change.verdict,
            "p": "" if change.p_value is None else f"{change.p_value:.3f}",
        }
        for change in changed
    ]
    return table(rows, labels=2)


def _scales(before: Mapping[str, Any], after: Mapping[str, Any]) -> str:
    """Return a paragraph on each environment whose 0 or 1 has moved."""
    scales = {env: (scale(before.get(env, {})), scale(entry)) for env, entry in after.items()}
    return "".join(
        f"The scale of {environment} has moved, from {_range(old)} to {_range(new)}; "
        "both columns are measured by the new one.\n\n"
        for environment, (old, new) in scales.items()
        if old and new and old != new
    )


def _range(ends: Sequence[float]) -> str:
    random_return, expert_return = ends
    return f"{random_return:,.1f} (random) … {expert_return:,.1f} (the demonstrations)"


def _shown(score: Score | None) -> str:
    if score is None:
        return "—"
    value, *interval = (f"{value:.{DIGITS}f}" for value in (score.value, *(score.ci95 or ())))
    return value + (f" ({' … '.join(interval)})" if interval else "")


def _ran(before: Mapping[str, Any], after: Mapping[str, Any]) -> str:
    """Return which stages have another entry in dvc.lock, and whether they made something else."""
    ran: dict[str, str] = {}
    for stage in dict.fromkeys([*after, *before]):
        old, new = before.get(stage), after.get(stage)
        if old is None or new is None:
            ran[stage] = "new" if old is None else "gone"
        elif old != new:
            ran[stage] = "the same bytes as before" if old.get("outs") == new.get("outs") else "other results"
    return _grouped(ran)


def _grouped(stages: Mapping[str, str]) -> str:
    """Return a list in Markdown of all stages for which the same is to be said."""
    of_each: dict[tuple[str, str], list[str]] = {}
    for stage, what in stages.items():
        kind, _, key = stage.partition("@")
        of_each.setdefault((kind, what), []).append(key)
    lines = [f"- **{kind}**{' ' * any(keys)}{', '.join(keys)}: {what}" for (kind, what), keys in of_each.items()]
    return "\n".join(lines) or "None."


def _figures(before: Version, after: Version, url: str) -> str:
    rows = []
    for path in dict.fromkeys([*after.figures, *before.figures]):
        old, new = (
            f"![{path}]({url}/raw/{version.commit}/{path})" if path in version.figures else "—"
            for version in (before, after)
        )
        rows.append(f"| {old} | {new} |")
    return PICTURES.format(rows="\n".join(rows))
