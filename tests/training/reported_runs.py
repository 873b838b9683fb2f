"""A training run with all that it reports."""

from tuner.records import Decision, Evaluation, TrialJob, TrialOutcome
from tuner.trial import run_trial

KEEP = Decision(go_on=True, keep=True)


def run(job: TrialJob, decision: Decision = KEEP) -> tuple[TrialOutcome, list[Evaluation]]:
    """The outcome and the evaluations, each of which is answered by the decision."""
    seen: list[Evaluation] = []

    def report(evaluation: Evaluation) -> Decision:
        seen.append(evaluation)
        return decision

    return run_trial(job, report), seen
