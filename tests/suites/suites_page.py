"""The page docs/reference/suites.md, made of the table of suites and the results of a run."""

from collections.abc import Iterator, Mapping
from typing import Any

from suite_steps import HEADLESS, STEPS
from suite_table import ABSENT, FOLDER, SUITES

PAGE = FOLDER.parent.parent / "docs" / "reference" / "suites.md"

HEAD = """\
# Suites: environments of other packages

<!-- output: make suites -->

`make suites` installs the environment packages below from PyPI into `.venv-suites`, at the versions in
`tests/suites/requirements.txt`, runs each study of `tests/suites/studies/` as a user would, and writes this page. The
studies are tiny: they show that every step works, not that something is learned. They are a start for studies of
your own.

One suite alone: `.venv-suites/bin/python tests/suites/run_suites.py panda_reach --keep DIR`.

| step | what runs |
|---|---|
| check | `tuner check` with the study's environment, its arguments, wrappers (at their defaults) and success |
| run, show | `tuner run` for four trials, then `tuner show` |
| confirm | `tuner confirm` with two test seeds |
| export, rl_zoo3 | `tuner export`, then the command of rl_zoo3 that the file names, for fewer steps |
| script | the export as a script for Stable-Baselines3, run |
| play, report | `tuner play` into a video, and `tuner report` |
"""

WORTH_KNOWING = """\
## What learning takes

The suites train a few hundred steps. These studies learn their task with their one baseline, by
`.venv-suites/bin/python -m tuner run tests/suites/learned/NAME.yaml --workers 1`, one run each:

| study | algorithm | found |
|---|---|---|
| `panda_reach` | TQC, HER, `VecNormalize` | success 40 % after 4,000 steps, 100 % at every evaluation from 6,000 to 20,000 (50 episodes at the last three) |
| `minigrid_empty` | PPO, `CnnPolicy` on 56 by 56 pixels | a return of 0.955 at the last three of ten evaluations within 40,960 steps; 0 at some before, since the best actions are played |
| `fetch_reach` | TQC, HER, `VecNormalize` | success 30 % after 4,000 steps, 100 % at every evaluation from 6,000 to 20,000 |

## Worth knowing

- Meta-World draws the goal before it looks at the seed of `reset`, so no episode repeats: `tuner check` calls that
  wrong and `tuner run` stops. The wrapper in `tests/suites/studies/metaworld_seeds.py` seeds it; `seed` among the
  environment's arguments fixes the fifty goals.
- MiniGrid observes a text, `mission`, besides its picture, which no policy takes: `ImgObsWrapper` leaves it out. Its
  picture of 7 by 7 is too small for a `CnnPolicy`; `RGBImgPartialObsWrapper` makes one of 56 by 56.
- PyFlyt 0.21, which pip takes beside NumPy 2, has a `FlattenWaypointEnv` that returns more numbers than it declares.
- One entry of Fetch's actions is the gripper's, which reaching keeps shut: the warning `action effect` is right there.
- panda-gym's cubes lie on a table, and PyBullet keeps contacts over a reset: an episode of PandaPush begins as its seed
  says and then differs a little each time. `tuner check` warns of it (`determinism`); scores are noisier for it.
- A confirmation tests each run on 100 episodes. Where steps are slow (PyFlyt, highway-env) or episodes long
  (Meta-World), that takes longer than the tiny trials here.
"""  # noqa: E501

HEADLESS_TEXT = """\
## Without a display

{settings} are set for every step. MuJoCo needs one of `MUJOCO_GL=egl` (Debian: `apt-get install libegl1
libgl1-mesa-dri`) and `MUJOCO_GL=osmesa` (`libosmesa6`); without, its environments can be trained in, and `tuner play`
cannot film them. What draws by pygame (Gymnasium's classic control and Box2D, MiniGrid, highway-env) may need
`SDL_VIDEODRIVER=dummy`. PyBullet (panda-gym, PyFlyt) needs nothing.
"""


def page(results: Mapping[str, Any]) -> str:
    """The page.

    Args:
        results: By suite, as `run_suites.py` writes them.
    """
    parts = [HEAD, "\n".join(_table(results)), "\n".join(_success())]
    if failures := list(_failures(results)):
        parts.append("\n".join(["## What failed", "", *failures, ""]))
    parts += ["\n".join(_warnings(results)), WORTH_KNOWING, _headless(), "\n".join(_versions(results)).rstrip() + "\n"]
    return "\n".join(parts)


def _table(results: Mapping[str, Any]) -> Iterator[str]:
    yield f"| suite | algorithm | {' | '.join(STEPS)} |"
    yield "|---" * (2 + len(STEPS)) + "|"
    for suite in SUITES:
        steps = results.get(suite.name, {}).get("steps", {})
        marks = [_mark(steps.get(step)) for step in STEPS]
        yield f"| `{suite.name}` | {suite.algorithm} | {' | '.join(marks)} |"
    yield ""


def _mark(step: Mapping[str, Any] | None) -> str:
    if step is None:
        return "-"
    return "ok" if step["ok"] else "**no**"


def _success() -> Iterator[str]:
    yield from ("## How success is told", "", "| suite | environment | success |", "|---|---|---|")
    for suite in SUITES:
        yield f"| `{suite.name}` | `{suite.study['environment']['id']}` | {suite.note} |"
    yield ""


def _failures(results: Mapping[str, Any]) -> Iterator[str]:
    for suite in SUITES:
        for name, step in results.get(suite.name, {}).get("steps", {}).items():
            if not step["ok"]:
                yield f"- `{suite.name}`, {name}: {_plain(step['said'])}"


def _warnings(results: Mapping[str, Any]) -> Iterator[str]:
    yield from ("## What `tuner check` warns of", "", "| suite | warnings |", "|---|---|")
    for suite in SUITES:
        step = results.get(suite.name, {}).get("steps", {}).get("check")
        if step is not None and step["ok"]:
            yield f"| `{suite.name}` | {step['said'] or 'none'} |"
    yield ""


def _versions(results: Mapping[str, Any]) -> Iterator[str]:
    found: dict[str, str] = {}
    for result in results.values():
        found |= result["versions"]
    listed = ", ".join(f"{name} {version}" for name, version in sorted(found.items()))
    yield from ("## Versions", "", f"{listed}.", "")
    yield "metaworld pins MuJoCo's version. PyFlyt's metadata ask for NumPy 1 from version 0.22 on; it runs with 2, and"
    yield "is installed by `pip install --no-deps`. Not installed, with pip's reason:"
    yield ""
    yield from (f"- {name}: {why}" for name, why in ABSENT.items())
    yield ""


def _headless() -> str:
    return HEADLESS_TEXT.format(settings=" and ".join(f"`{name}={value}`" for name, value in HEADLESS.items()))


def _plain(text: str) -> str:
    """Text that Markdown shows as it is."""
    return f"`` {text.replace('`', chr(39))} ``"
