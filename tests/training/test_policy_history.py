"""The policies at shares of a training, and models made of them."""

import io
import zipfile

import pytest
import seen_toys
import torch
from conftest import make_job

from tuner.errors import ModelUnusable
from tuner.records import Decision, Evaluation, TrialJob, TrialOutcome
from tuner.training import policy_history
from tuner.training.load_model import load_actor
from tuner.training.model_files import earlier_models
from tuner.trial import run_trial

SCALED = {"n_steps": 32, "batch_size": 8, "n_epochs": 1, "norm_obs": True}


def trained(job: TrialJob, *, keep: bool = True, keep_small: bool = False) -> TrialOutcome:
    def report(_: Evaluation) -> Decision:
        return Decision(go_on=True, keep=keep, keep_small=keep_small)

    return run_trial(job, report)


@pytest.fixture(scope="module")
def outcome(toys: None) -> TrialOutcome:
    return trained(make_job(params=SCALED))


def test_a_kept_trial_brings_its_policies_at_shares_of_its_training(outcome: TrialOutcome) -> None:
    assert outcome.model is not None
    assert outcome.earlier is not None
    models = earlier_models(outcome.model, outcome.earlier, "trial 0")
    assert [one.share for one in models] == [0, 25, 50]
    env = seen_toys.SeenLine()
    seen = [(one.model, one.statistics) for one in models] + [(outcome.model, outcome.statistics)]
    actions = [float(load_actor(model, "it", env, scaling)(env.reset(seed=1)[0]).item()) for model, scaling in seen]
    assert len(set(actions)) == 4
    assert abs(actions[0]) < 0.1  # an untrained policy hardly acts


def test_a_trial_that_is_not_kept_brings_none() -> None:
    outcome = trained(make_job(), keep=False)
    assert (outcome.model, outcome.earlier) == (None, None)


@pytest.mark.parametrize(("most", "kept"), [(400_000, True), (100, False)])
def test_a_small_model_is_kept_without_earlier_ones(most: int, kept: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tuner.trial.SMALL_POLICY", most)
    outcome = trained(make_job(params=SCALED), keep=False, keep_small=True)
    assert (outcome.model is not None, outcome.statistics is not None) == (kept, kept)
    assert outcome.earlier is None


def test_the_copies_change_nothing(outcome: TrialOutcome, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(policy_history, "LARGEST", 100)
    without = trained(make_job(params=SCALED))
    assert without.earlier is None  # too large
    found, before = parameters(without), parameters(outcome)
    assert found.keys() == before.keys()
    assert all(torch.equal(found[name], before[name]) for name in before)


def parameters(outcome: TrialOutcome) -> dict[str, torch.Tensor]:
    assert outcome.model is not None
    with zipfile.ZipFile(io.BytesIO(outcome.model)) as archive:
        found: dict[str, torch.Tensor] = torch.load(io.BytesIO(archive.read("policy.pth")), weights_only=True)
    return found


def test_damaged_policies_are_refused(outcome: TrialOutcome) -> None:
    assert outcome.model is not None
    with pytest.raises(ModelUnusable, match="trial 7: its earlier policies are damaged"):
        earlier_models(outcome.model, b"no tar", "trial 7")
