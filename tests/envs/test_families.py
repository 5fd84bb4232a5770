"""EnvPool loaded in part."""

import subprocess
import sys

from tests.workspace import ROOT


def test_what_agrees_is_loaded_and_nothing_that_draws() -> None:
    code = (
        "import sys; from gailpipe.envs.agreement import AGREEING; from gailpipe.envs.families import envpool; "
        "assert AGREEING.keys() <= set(envpool.list_all_envs()); assert 'matplotlib' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True)


def test_who_wants_the_other_families_gets_them() -> None:
    code = (
        "from gailpipe.envs.families import envpool; import envpool.entry; assert 'Pong-v5' in envpool.list_all_envs()"
    )
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True)
    code = (
        "import envpool; from gailpipe.envs.families import envpool as ours; "
        "assert ours is envpool; assert 'Pong-v5' in envpool.list_all_envs()"
    )
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True)
