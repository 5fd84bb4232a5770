"""What other rooms must know of those who act: of each learner, the expert and the random policy, as data."""

from dataclasses import dataclass

from gailpipe.algorithms.bc.settings import Bc
from gailpipe.algorithms.dac.settings import Dac
from gailpipe.algorithms.gail.settings import Gail
from gailpipe.rl.on_policy.settings import Imitation
from gailpipe.training.settings import Imitator


@dataclass(frozen=True)
class Actor:
    """How a policy's results are shown."""

    label: str
    color: str
    marker: str


@dataclass(frozen=True)
class Learner(Actor):
    """Whoever learns from demonstrations."""

    section: str
    """Of params.yaml; variants of one algorithm share it."""
    settings: type[Imitator]
    """Of that section."""
    optional: bool = False
    """Whether a pipeline may do without it."""
    sets: str | None = "sets"
    """Which sets of demonstrations it learns from, where a pipeline has several for an environment; None: none."""
    varied: str | None = None
    """What its sets set in its section, and all other learners leave at 0."""
    assigned: tuple[str, ...] = ()
    """What its stage sets in its section, as the command line says it."""
    algorithm: str | None = None
    """Under which name its results stand, if not its own: a study of one setting belongs to the algorithm."""


LEARNERS = {
    "bc": Learner("BC", "#de8f05", "s", "bc", Bc),
    "bc-plain": Learner(
        "BC, unregularised",
        "#8c510a",
        "P",
        "bc",
        Bc,
        optional=True,
        sets=None,
        assigned=("weight_decay=0", "dropout=0"),
    ),
    "fem": Learner("FEM", "#029e73", "^", "fem", Imitation, optional=True),
    "gtal": Learner("GTAL", "#cc78bc", "v", "gtal", Imitation, optional=True),
    "gail": Learner("GAIL", "#0173b2", "o", "gail", Gail),
    "gail-bc": Learner(
        "GAIL, cloned first", "#d55e00", "D", "gail", Gail, optional=True, sets="cloned_sets", varied="cloning.steps"
    ),
    "dac": Learner("DAC", "#56b4e9", "X", "dac", Dac, optional=True, sets="off_policy_sets"),
    "dac-states": Learner(
        "DAC, observations only",
        "#ca9161",
        "p",
        "dac",
        Dac,
        optional=True,
        sets=None,
        assigned=("observations_only=true", "env_steps=20000"),
    ),
    "gail-entropy": Learner(
        "GAIL", "#0173b2", "o", "gail", Gail, True, "entropy_sets", varied="causal_entropy", algorithm="gail"
    ),
}
"""By name, which is that of their policies in evaluations, and of their folder; in the order of tables and figures."""
HEADLINE, BASELINE, CLONED_FIRST, OFF_POLICY = "gail", "bc", "gail-bc", "dac"
"""Whom reports lead with, and whom they compare it with: who clones, the variant that does so first, who replays."""
UNREGULARIZED = "bc-plain"
"""The baseline without what keeps it from learning its pairs by heart."""
EXPERT, RANDOM = Actor("Expert", "#404040", "*"), Actor("Random", "#999999", "")


def actor(name: str) -> Actor:
    """Return how the policies of `name` are shown: of a learner, the expert or the random policy."""
    return {"expert": EXPERT, "random": RANDOM}.get(name) or LEARNERS[name]


def sections(optional: bool) -> dict[str, type[Imitator]]:
    """Return the models of the learners' sections in params.yaml, of those that are optional or of the others."""
    own = {name: learner for name, learner in LEARNERS.items() if name == learner.section}
    return {name: learner.settings for name, learner in own.items() if learner.optional == optional}
