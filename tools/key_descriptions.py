"""What the keys within the parts of study and space files mean, for their JSON schemas.

The keys of a study file itself are described in the table of `studies/README.md`.
"""

_WHEN = "Searched only where each of the named parameters has one of these values."
_TARGET = "Whose argument it is: the algorithm's, or the environment's constructor's."
_EARLY = "Evaluation episodes of an early checkpoint."
_LATE = "Evaluation episodes of each of the last three checkpoints."
_LOW, _HIGH = "The lowest value of the range, included.", "The highest value of the range, included."

KEYS: dict[str, dict[str, str]] = {
    "EnvironmentSpec": {
        "id": "`module:Id`, `module:Class`, `path/to/file.py:Class` or an id that Gymnasium knows.",
        "kwargs": "Arguments of the environment's constructor.",
        "wrappers": "In rl_zoo3's notation of `env_wrapper`: paths, or mappings of one path to its arguments.",
        "vec_wrappers": "Of the vector environment, in rl_zoo3's notation of `vec_env_wrapper`.",
        "max_episode_steps": "Steps after which an episode is cut off; null: as the environment is registered.",
        "n_envs": "How many environments are stepped together.",
        "vec_env": "`subproc` gives each environment a process of its own.",
        "on_error": "`end_episode`: an error in a step ends its episode, not the trial.",
        "frame_stack": "How many observations the policy sees at once, the last ones.",
        "folder": "Where its module or file is, if not in the current folder.",
    },
    "Goals": {"early": _EARLY, "late": _LATE, "longest": "Steps after which an evaluation episode is cut off."},
    "ObjectiveSpec": {
        "metric": "What is maximised; `info:NAME` is that number of `info` at an episode's end.",
        "direction": "`minimize` for an `info:NAME` that is better the lower it is.",
        "quantile": "Of the episodes' scores, in place of their mean: that share is worse.",
        "checkpoints": "Whose mean score is a trial's: of the last three evaluations, or of all.",
    },
    "SuccessSpec": {
        "key": "The entry of `info` that tells success.",
        "when": "At an episode's end, or at any of its steps.",
        "at_least": "From where on a number is a success.",
    },
    "EvaluationKeys": {
        "deterministic": "false: evaluations draw the policy's actions.",
        "episodes": "A number, or `early` and `late`, in place of those of `goals`.",
        "environment": "Arguments of the environment in evaluations alone.",
    },
    "EpisodeCounts": {"early": _EARLY, "late": _LATE},
    "CurriculumSpec": {
        "start": "The difficulty at which training begins: 0.1, 0.2 and so on up to 1.",
        "threshold": "The share of the window's episodes from which on it gets a tenth harder.",
        "window": "How many episodes since the last raise are looked at.",
        "signal": "The flag of `info` at an episode's end that counts.",
    },
    "NormalizeSpec": {
        "norm_obs": "Whether observations are scaled.",
        "norm_reward": "Whether rewards are scaled.",
        "clip_obs": "Where scaled observations are clipped.",
        "clip_reward": "Where scaled rewards are clipped.",
    },
    "Stage": {
        "parameters": "What this stage searches, as in a space.",
        "trials": "Finished trials of this stage; null: as many as the study's.",
    },
    "FloatParameter": {
        "type": "A real number between two bounds.",
        "low": _LOW,
        "high": _HIGH,
        "scale": "`log` where factors count, as for learning rates.",
        "when": _WHEN,
        "target": _TARGET,
    },
    "IntParameter": {
        "type": "A whole number between two bounds.",
        "low": _LOW,
        "high": _HIGH,
        "scale": "`power_of_two`: powers of two alone, each as likely as the others.",
        "below": "A parameter, or a fixed value, that it stays below.",
        "when": _WHEN,
        "target": _TARGET,
    },
    "ChoiceParameter": {
        "type": "One of a list of values.",
        "choices": "The values: numbers, text, true, false, null.",
        "when": _WHEN,
        "target": _TARGET,
    },
    "SpaceSpec": {
        "description": "A text that `tuner list spaces` shows.",
        "algorithm": "Whose arguments are searched and fixed.",
        "parameters": "What is searched, by the arguments' names.",
        "fixed": "Values that every trial shares.",
    },
}
