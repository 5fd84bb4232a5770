import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from gailpipe.algorithms.gail.settings import Gail
from gailpipe.demonstrations.settings import Import
from gailpipe.foundation.errors import UserError
from gailpipe.foundation.params import load_section, merge, read_params
from gailpipe.grid.sets import SECTIONS_OF_SETS
from gailpipe.pipeline.check import check_pipeline
from gailpipe.rl.on_policy.settings import Imitation
from tests.workspace import ROOT, TINY_ENVS, tiny_params, write_params

Edit = Callable[[dict[str, Any]], Any]


def written(tmp_path: Path, edit: Edit) -> Path:
    params = tiny_params()
    edit(params)
    write_params(params, tmp_path / "params.yaml")
    return tmp_path / "params.yaml"


def with_sets(tmp_path: Path, edit: Edit = lambda params: None, **sets: Any) -> Path:
    """Write a params.yaml with all algorithms, and a sets.yaml with these sets."""

    def edit_with_sets(params: dict[str, Any]) -> None:
        for learner in ("fem", "gtal"):
            params[learner] = {key: params["gail"][key] for key in Imitation.model_fields}
            for environment in params["envs"].values():
                environment[learner] = {}
        for key in ("occupancy", "theory", "import", "recordings"):
            del params[key]
        edit(params)

    write_params({section: {} for section in SECTIONS_OF_SETS} | sets, tmp_path / "sets.yaml")
    return written(tmp_path, edit_with_sets)


@pytest.mark.parametrize("path", [ROOT / "params.yaml", ROOT / "paper" / "params.yaml"])
def test_the_repositorys_own_params_are_valid(path: Path) -> None:
    assert check_pipeline(path) == list(read_params(path)["envs"])


def test_a_environments_section_overrides_the_common_one_key_by_key(tmp_path: Path) -> None:
    different = {"discriminator": {"steps": 9}, "trajs": 3}
    path = written(tmp_path, lambda params: params["envs"]["Pendulum-v1"].update(gail=different))
    own, other = (load_section(path, Gail, "gail", environment) for environment in ("Pendulum-v1", "CartPole-v1"))
    assert (own.discriminator.steps, own.trajs) == (9, 3)
    assert other.discriminator.steps != 9
    assert own.discriminator.learning_rate == other.discriminator.learning_rate


def test_merge_leaves_its_arguments_alone() -> None:
    common = {"a": {"b": 1, "c": 2}, "d": [1, 2]}
    assert merge(common, {"a": {"b": 5}, "d": [3]}) == {"a": {"b": 5, "c": 2}, "d": [3]}
    assert common == {"a": {"b": 1, "c": 2}, "d": [1, 2]}


def put(value: Any, *keys: str) -> Edit:
    def edit(params: dict[str, Any]) -> None:
        for key in keys[:-1]:
            params = params[key]
        params[keys[-1]] = value

    return edit


def remove(*keys: str) -> Edit:
    def edit(params: dict[str, Any]) -> None:
        for key in keys[:-1]:
            params = params[key]
        del params[keys[-1]]

    return edit


def recorded(entry: Any) -> Edit:
    """Give an environment a recording in place of its expert."""

    def edit(params: dict[str, Any]) -> None:
        del params["experts"]["Pendulum-v1"]
        params["recordings"]["Pendulum-v1"] = entry

    return edit


@pytest.mark.parametrize(
    ("edit", "message"),
    [
        (put(60, "gail", "trajs"), "gail.trajs: 60, but sample.trajs keeps only 5 trajectories for CartPole-v1"),
        (put(6, "envs", "Pendulum-v1", "bc", "trajs"), "bc.trajs: 6, but sample.trajs keeps only 5 .* Pendulum-v1"),
        (put(0, "gail", "trajs"), "gail.trajs: 0: input should be greater than 0"),
        (put("4", "gail", "trajs"), "gail.trajs: '4': input should be a valid integer"),
        (put(2.5, "gail", "trajs"), "gail.trajs: 2.5: input should be a valid integer"),
        (put(True, "bc", "seeds"), "bc.seeds: True: input should be a valid integer"),
        (put(1.5, "gail", "discount"), "gail.discount: 1.5: input should be less than or equal to 1"),
        (put(float("nan"), "expert", "max_kl"), "expert.max_kl: nan: "),
        (put(float("inf"), "gail", "initial_log_std"), "gail.initial_log_std: inf: "),
        (put([], "expert", "hidden_sizes"), r"expert.hidden_sizes: \[\]: .*at least 1"),
        (put([8, 0], "expert", "hidden_sizes"), "expert.hidden_sizes.1: 0: input should be greater than 0"),
        (put(1, "gail", "trajectories"), "gail.trajectories: is no known key"),
        (put(1, "gail", "gamma"), "gail.gamma: is no known key"),
        (put(1, "gail", "discriminator", "step"), r"gail.discriminator.step: is no known key; did you mean steps\?$"),
        (put(1, "gial"), "gial: is no known key; did you mean gail?"),
        (put(-1, "envs", "Pendulum-v1", "gail", "max_kl"), "envs.Pendulum-v1.gail.max_kl: -1: "),
        (put(3, "envs", "Pendulum-v1", "gail", "discriminator"), "envs.Pendulum-v1.gail.discriminator: 3: "),
        (put({}, "envs", "Pendulum-v1", "evaluate"), "envs.Pendulum-v1.evaluate: is no known key"),
        (remove("envs", "Pendulum-v1", "bc"), "envs.Pendulum-v1.bc: is missing; write {} where nothing differs"),
        (put(None, "envs", "Pendulum-v1"), "envs.Pendulum-v1: None: must be a mapping of bc, gail"),
        (put({}, "envs"), "envs: names no environment"),
        (remove("gail", "discriminator", "steps"), "gail.discriminator.steps: is missing"),
        (remove("evaluate"), "evaluate: is missing"),
        (put([1], "report"), r"report: \[1\]: must be a mapping"),
        (put(1.0, "theory", "discount"), "theory.discount: 1.0: input should be less than 1$"),
        (put(2, "theory", "grid"), "theory.grid: 2: input should be greater than or equal to 3"),
        (put(-3, "seed"), "seed: -3: must be an integer from 0"),
        (put("zero", "seed"), "seed: 'zero': must be an integer from 0"),
        (
            put({"env_steps": 5}, "experts", "Pendulum-v1", "expert"),
            "experts.Pendulum-v1.expert: env_steps is 5, but one rollout alone takes",
        ),
        (put({}, "envs", "pkg/Env-v0"), "envs.pkg/Env-v0: must be a name of letters, digits, - and _; its `id` may be"),
        (put({4: {}}, "envs"), "envs.4: must be a name of letters"),
        (put({}, "envs", "Pendulum-v1", "expert"), r"envs.Pendulum-v1.expert: belongs in experts.Pendulum-v1.expert$"),
        (put({}, "envs", "Pendulum-v1", "sample"), r"envs.Pendulum-v1.sample: belongs in experts.Pendulum-v1.sample$"),
        (put("a", "envs", "Pendulum-v1", "path"), r"envs.Pendulum-v1.path: belongs in recordings.Pendulum-v1.path$"),
        (
            put("a.npz", "envs", "Pendulum-v1", "demonstrations"),
            "envs.Pendulum-v1.demonstrations: are named elsewhere: add Pendulum-v1 to experts, or to recordings with",
        ),
        (put(0, "envs", "Pendulum-v1", "max_episode_steps"), "envs.Pendulum-v1.max_episode_steps: 0: input should be"),
        (put("", "envs", "Pendulum-v1", "id"), "envs.Pendulum-v1.id: '': string should have at least 1 character"),
        (
            put([], "envs", "Pendulum-v1", "kwargs"),
            r"envs.Pendulum-v1.kwargs: \[\]: input should be a valid dict",
        ),
        (
            remove("experts", "Pendulum-v1"),
            r"envs.Pendulum-v1: has no demonstrations; add Pendulum-v1 to experts, or to recordings$",
        ),
        (put([], "experts"), r"experts: \[\]: must be a mapping"),
        (put(None, "experts", "Pendulum-v1"), "experts.Pendulum-v1: None: must be a mapping"),
        (put({}, "experts", "Pendulum-v1", "bc"), "experts.Pendulum-v1.bc: is no known key"),
        (remove("experts", "Pendulum-v1", "sample"), "experts.Pendulum-v1.sample: is missing; write {}"),
        (
            put({"expert": {}, "sample": {}}, "experts", "Ant-v5"),
            "experts.Ant-v5: is no key of envs; add Ant-v5 to envs, or remove it here",
        ),
        (put({"path": "a"}, "recordings", "Ant-v5"), "recordings.Ant-v5: is no key of envs"),
        (
            put({"path": "a"}, "recordings", "Pendulum-v1"),
            "recordings.Pendulum-v1: is in experts, too; remove it from one of them",
        ),
        (recorded({}), "recordings.Pendulum-v1.path: is missing; name the file"),
        (recorded("a.npz"), "recordings.Pendulum-v1: 'a.npz': must be a mapping"),
        (recorded({"path": ""}), "recordings.Pendulum-v1.path: '': string should have at least 1 character"),
        (recorded({"path": "a", "clip": 1}), "recordings.Pendulum-v1.clip: 1: input should be a valid boolean"),
        (recorded({"path": "a", "clop": True}), r"recordings.Pendulum-v1.clop: is no known key; did you mean clip\?$"),
        (put("a", "import", "path"), "import.path: is no known key"),
        (remove("import", "clip"), "import.clip: is missing"),
        (remove("recordings"), "recordings: is missing"),
        (put(0, "bc", "steps"), "bc.steps: 0: input should be greater than 0"),
        (put(-0.1, "bc", "weight_decay"), "bc.weight_decay: -0.1: input should be greater than or equal to 0"),
        (put(1.0, "bc", "dropout"), "bc.dropout: 1.0: input should be less than 1"),
        (put(-0.1, "gail", "cloning", "dropout"), "gail.cloning.dropout: -0.1: input should be greater than or equal"),
        (remove("gail", "cloning", "weight_decay"), "gail.cloning.weight_decay: is missing"),
        (put(1, "gail", "num_steps"), "gail.num_steps: 1: input should be greater than or equal to 2"),
        (put(100, "expert", "env_steps"), "expert: env_steps is 100, but one rollout alone takes .* = 256"),
        (put(64, "dac", "env_steps"), "dac: env_steps is 64, but first_steps = 64 come before any update"),
        (put(6, "envs", "Pendulum-v1", "dac", "trajs"), "dac.trajs: 6, but sample.trajs keeps only 5 .* Pendulum-v1"),
        (put("states", "dac", "discriminator", "form"), "dac.discriminator.form: 'states': input should be 'pairs'"),
        (remove("envs", "Pendulum-v1", "dac"), "envs.Pendulum-v1.dac: is missing; write {} where nothing differs"),
    ],
)
def test_a_wrong_parameter_is_named_with_its_key(tmp_path: Path, edit: Edit, message: str) -> None:
    with pytest.raises(UserError, match=rf"^{tmp_path}/params\.yaml: {message}"):
        check_pipeline(written(tmp_path, edit))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a: [1", "is not valid YAML"),
        ("seed: 1\nseed: 2", "is not valid YAML"),
        ("- 1", "must be a mapping"),
        ("", "must be a mapping"),
        ("\x00", "is not valid YAML"),
    ],
)
def test_what_is_no_params_file_is_refused(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "params.yaml").write_text(text)
    with pytest.raises(UserError, match=f"params.yaml: {message}"):
        check_pipeline(tmp_path / "params.yaml")
    with pytest.raises(UserError, match="can't be read"):
        check_pipeline(tmp_path / "none.yaml")


def test_numbers_are_those_of_yaml_1_2_as_dvc_reads_them(tmp_path: Path) -> None:
    path = written(tmp_path, lambda _: None)
    path.write_text(path.read_text().replace("max_kl: 0.02", "max_kl: 2e-2"))
    assert load_section(path, Gail, "gail", "CartPole-v1").max_kl == 0.02


def test_a_recordings_entry_overrides_the_import_of_all(tmp_path: Path) -> None:
    path = written(tmp_path, recorded({"path": "a.npz"}))
    assert check_pipeline(path) == list(TINY_ENVS)
    assert load_section(path, Import, "import", "Pendulum-v1") == Import(path="a.npz", clip=False)
    path = written(tmp_path, recorded({"path": "a.npz", "clip": True}))
    assert load_section(path, Import, "import", "Pendulum-v1").clip


def test_where_nothing_is_sampled_learners_may_ask_for_any_number_of_trajectories(tmp_path: Path) -> None:
    def edit(params: dict[str, Any]) -> None:
        recorded({"path": "a.npz"})(params)
        params["envs"]["Pendulum-v1"]["gail"] = {"trajs": 1000}

    assert check_pipeline(written(tmp_path, edit))


def test_without_any_expert_their_common_settings_are_checked_all_the_same(tmp_path: Path) -> None:
    def edit(params: dict[str, Any]) -> None:
        params |= {"experts": {}, "recordings": {environment: {"path": "a.npz"} for environment in TINY_ENVS}}
        params["sample"]["every"] = 0

    with pytest.raises(UserError, match=r"sample\.every: 0: "):
        check_pipeline(written(tmp_path, edit))


def test_assignments_go_before_the_file(tmp_path: Path) -> None:
    path = ROOT / "params.yaml"
    before = load_section(path, Gail, "gail", "Hopper-v5")
    assigned = load_section(path, Gail, "gail", "Hopper-v5", ["trajs=7", "cloning.steps=5", "hidden_sizes=[3]"])
    cloning = before.cloning.model_copy(update={"steps": 5})
    assert assigned == before.model_copy(update={"trajs": 7, "cloning": cloning, "hidden_sizes": [3]})


@pytest.mark.parametrize(
    ("assignment", "message"),
    [
        ("trajs", "--set trajs: must be KEY=VALUE"),
        ("=3", "--set =3: must be KEY=VALUE"),
        ("trajs=-1", "--set trajs: -1: "),
        ("trajz=1", "--set trajz: is no known key; did you mean trajs?"),
        ("cloning.steps=many", "--set cloning.steps: 'many': "),
        ("trajs=[", "--set trajs=[: is not valid YAML"),
        ("hidden_sizes=[0]", "--set hidden_sizes.0: 0: "),
        ("cloning=3", "--set cloning: 3: "),
        ("env_steps=5", "params.yaml: gail: env_steps is 5, but one rollout alone takes"),
    ],
)
def test_wrong_assignments_are_named(assignment: str, message: str) -> None:
    with pytest.raises(UserError, match=re.escape(message)):
        load_section(ROOT / "params.yaml", Gail, "gail", "Hopper-v5", [assignment])


def test_fem_and_gtal_are_checked_where_they_are_set(tmp_path: Path) -> None:
    imitation = {key: tiny_params()["gail"][key] for key in Imitation.model_fields}

    def edit(params: dict[str, Any]) -> None:
        params["fem"] = imitation
        for environment in params["envs"].values():
            environment["fem"] = {}

    assert check_pipeline(written(tmp_path, edit))

    def ask_for_too_many(params: dict[str, Any]) -> None:
        edit(params)
        params["envs"]["Pendulum-v1"]["fem"] = {"trajs": 6}

    with pytest.raises(UserError, match=re.escape("fem.trajs: 6, but sample.trajs keeps only 5")):
        check_pipeline(written(tmp_path, ask_for_too_many))
    with pytest.raises(UserError, match=re.escape("params.yaml: fem: is missing")):
        check_pipeline(written(tmp_path, lambda params: params["envs"]["Pendulum-v1"].update(fem={})))


@pytest.mark.parametrize(
    ("section", "entry", "message"),
    [
        ("sets", {"env": "Hopper-v4"}, "sets.one.env: Hopper-v4: is no key of envs"),
        ("sets", {"demonstrations": "Pendulum-v1"}, "Pendulum-v1: must be CartPole-v1, or CartPole-v1-full"),
        ("sets", {"trajs": 6}, "sets.one.trajs: 6, but only 5 trajectories are kept"),
        ("cloned_sets", {"trajs": 0}, "cloned_sets.one.trajs: 0: input should be greater than 0"),
        ("sets", {"size": 1}, "sets.one.size: is no known key"),
        ("off_policy_sets", {"trajs": 6}, "off_policy_sets.one.trajs: 6, but only 5 trajectories are kept"),
        ("off_policy_sets", {"cloning_steps": 5}, "off_policy_sets.one.cloning_steps: is no known key"),
        (
            "filmed_sets",
            {},
            "filmed_sets.one: must have env, demonstrations, trajs as sets.one, whose policies are filmed",
        ),
        (
            "cloned_sets",
            {"cloning_steps": 5, "seeds": 1},
            "cloned_sets.one: must have env, demonstrations, trajs as sets",
        ),
        ("entropy_sets", {}, "entropy_sets.one.causal_entropy: is missing"),
        ("entropy_sets", {"causal_entropy": 0}, "entropy_sets.one.causal_entropy: 0: input should be greater than 0"),
        (
            "entropy_sets",
            {"causal_entropy": 0.1},
            "entropy_sets.one: must have env, demonstrations, trajs of one of `sets`, where λ is 0",
        ),
        ("full", {"trajs": "all"}, "full.one.trajs: 'all': input should be a valid integer"),
    ],
)
def test_wrong_sets_are_named(tmp_path: Path, section: str, entry: dict[str, Any], message: str) -> None:
    one = {"env": "CartPole-v1", "demonstrations": "CartPole-v1", "trajs": 1} | entry
    with pytest.raises(UserError, match=re.escape(message)):
        check_pipeline(with_sets(tmp_path, lambda params: None, **{section: {"one": one}}))


def test_the_causal_entropy_is_studied_on_one_environment_and_nowhere_else(tmp_path: Path) -> None:
    sets = {environment: {"env": environment, "demonstrations": environment, "trajs": 1} for environment in TINY_ENVS}
    of_each = {environment: one | {"causal_entropy": 0.1} for environment, one in sets.items()}
    assert check_pipeline(with_sets(tmp_path, sets=sets, entropy_sets={"one": of_each["CartPole-v1"]}))
    with pytest.raises(
        UserError, match="entropy_sets: are of CartPole-v1, Pendulum-v1; λ is studied on one environment"
    ):
        check_pipeline(with_sets(tmp_path, sets=sets, entropy_sets=of_each))


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        (
            {"causal_entropy": 0.1},
            "gail.causal_entropy: 0.1 for Pendulum-v1: must be 0; entropy_sets alone have another",
        ),
        ({"cloning": {"steps": 5}}, "gail.cloning.steps: 5 for Pendulum-v1: must be 0; cloned_sets alone have another"),
    ],
)
def test_a_set_learns_from_a_random_policy_without_causal_entropy(
    tmp_path: Path, settings: dict[str, Any], message: str
) -> None:
    def edit(params: dict[str, Any]) -> None:
        params["envs"]["Pendulum-v1"]["gail"] |= settings

    assert check_pipeline(written(tmp_path, edit))
    with pytest.raises(UserError, match=re.escape(message)):
        check_pipeline(with_sets(tmp_path, edit))


@pytest.mark.parametrize("name", ["a/b", "a.parquet", "a b", "a;b", "", 4])
def test_the_name_of_a_set_names_a_folder(tmp_path: Path, name: Any) -> None:
    one = {"env": "CartPole-v1", "demonstrations": "CartPole-v1", "trajs": 1}
    with pytest.raises(UserError, match=re.escape(f"sets.{name}: must be a name of letters, digits, - and _")):
        check_pipeline(with_sets(tmp_path, sets={name: one}))


def test_a_set_has_one_name(tmp_path: Path) -> None:
    one = {"env": "CartPole-v1", "demonstrations": "CartPole-v1", "trajs": 1}
    with pytest.raises(UserError, match=r"sets\.b: is the same set as a$"):
        check_pipeline(with_sets(tmp_path, sets={"a": one, "b": one}))


def test_a_set_may_learn_from_whole_trajectories(tmp_path: Path) -> None:
    whole = {"CartPole-v1": {"trajs": 9}}
    one = {"env": "CartPole-v1", "demonstrations": "CartPole-v1-full", "trajs": 9}
    assert check_pipeline(with_sets(tmp_path, full=whole, sets={"one": one}))
    studied = one | {"causal_entropy": 0.1}
    with pytest.raises(UserError, match=r"entropy_sets\.one\.demonstrations: CartPole-v1-full: must be CartPole-v1"):
        check_pipeline(with_sets(tmp_path, full=whole, sets={"one": one}, entropy_sets={"one": studied}))
    with pytest.raises(UserError, match=r"full\.Hopper-v5: Hopper-v5: is no key of envs"):
        check_pipeline(with_sets(tmp_path, full={"Hopper-v5": whole["CartPole-v1"]}))


def test_where_sets_are_every_algorithm_is_and_nothing_looks_at_occupancy(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"/params\.yaml: fem: is missing"):
        check_pipeline(with_sets(tmp_path, lambda params: params.pop("fem")))
    with pytest.raises(UserError, match=r"recordings: belongs to pipelines without sets\.yaml; remove it"):
        check_pipeline(written(tmp_path, lambda params: None))
    with pytest.raises(UserError, match=r"occupancy: belongs to pipelines without sets\.yaml; remove it"):
        check_pipeline(with_sets(tmp_path, put({}, "occupancy")))
    with pytest.raises(UserError, match=r"theory: belongs to pipelines without sets\.yaml; remove it"):
        check_pipeline(with_sets(tmp_path, put({}, "theory")))


def test_sets_stand_in_a_file_of_their_own_which_has_all_their_sections(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"/sets\.yaml: seed: is no known key"):
        check_pipeline(with_sets(tmp_path, seed={}))
    for section in SECTIONS_OF_SETS:
        params = with_sets(tmp_path)
        write_params({other: {} for other in SECTIONS_OF_SETS if other != section}, tmp_path / "sets.yaml")
        with pytest.raises(UserError, match=rf"/sets\.yaml: {section}: is missing"):
            check_pipeline(params)
    with pytest.raises(UserError, match=r"/params\.yaml: sets: is no known key"):
        check_pipeline(with_sets(tmp_path, lambda params: params.update(sets={})))
