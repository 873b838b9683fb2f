"""Whether the environment of evaluations can be acted in by a policy that was trained in another."""

from tuner.errors import EnvironmentUnusable
from tuner.records import EnvironmentRef
from tuner.training.making import close, make_bare


def refuse_other_spaces(trained: EnvironmentRef, evaluated: EnvironmentRef) -> None:
    """Refuses arguments in evaluations that change the action or observation space.

    Raises:
        EnvironmentUnusable: where they do, or one of the environments cannot be made.
    """
    spaces = []
    for ref in (trained, evaluated):
        env = make_bare(ref)
        spaces.append({"actions": env.action_space, "observations": env.observation_space})
        close(env)
    for what, space in spaces[0].items():
        if spaces[1][what] != space:
            raise EnvironmentUnusable(
                f"evaluation.environment: {what} of {spaces[1][what]} in evaluations, of {space} in training; give "
                "arguments that leave the spaces as they are"
            )
