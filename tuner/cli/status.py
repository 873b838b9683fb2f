"""`tuner status`: where a study stands."""

import json
import sys

from tuner.cli.options import DEFAULT_STUDY, JsonOption, StorageOption, StudyArgument


def status(study: StudyArgument = DEFAULT_STUDY, *, storage: StorageOption = None, as_json: JsonOption = False) -> None:
    """Show where a study stands: trials by state, the best, the baselines."""
    from tuner.cli.resolve import open_study  # noqa: PLC0415 - heavy
    from tuner.cli.tables import print_summary  # noqa: PLC0415
    from tuner.reporting.summary import summarise  # noqa: PLC0415

    summary = summarise(*open_study(study, storage))
    if as_json:
        sys.stdout.write(json.dumps(summary.data(), indent=2) + "\n")
    else:
        print_summary(summary)
