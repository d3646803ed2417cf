import math
import re
from collections.abc import Sequence
from itertools import islice, pairwise
from unittest.mock import Mock

import numpy as np
import pytest
import torch
from sizes import V

from pipeline.base.artifacts import Row
from pipeline.language.bundle import LanguageBundle
from pipeline.networks.build import build_language_model
from pipeline.networks.cloze import ClozeModel
from pipeline.networks.evaluation import evaluation_windows, nats_of
from pipeline.tokens.vocabulary import Vocabulary
from pipeline.tokens.windows import UNK
from pipeline.training.diverged import DivergedError
from pipeline.training.fit import dropout_seed
from pipeline.training.language_modelling import LanguageModelling, final_nats
from pipeline.training.learner import one_cycle
from pipeline.training.split import Split

from .fitting import STREAM, UNITS, objective, place, split, train


def two_lines(step: int, num_steps: int) -> float:
    """The learning rate over its peak: up for 5 % of the steps, at least one of them, and down for the rest."""
    rise = max(1.0, 0.05 * (num_steps + 1) - 1)
    return float(np.interp(step, [0, rise, num_steps], [1 / 25, 1, 1 / 25e4]))


@pytest.mark.parametrize("num_steps", [2, 5, 19, 20, 57, 300])
def test_the_learning_rate_rises_and_falls_in_straight_lines(num_steps):
    """Also where 5 % of the steps are none."""
    optimizer = torch.optim.AdamW([torch.nn.Parameter(torch.zeros(1))], 0.02)
    schedule, rates = one_cycle(optimizer, 0.02, num_steps), []
    for _ in range(num_steps):
        rates.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        schedule.step()
    assert rates == pytest.approx([0.02 * two_lines(step, num_steps) for step in range(num_steps)])


@pytest.mark.parametrize("bidirectional", [False, True])
@pytest.mark.parametrize("batching", [STREAM, UNITS], ids=["stream", "units"])
def test_training_is_the_bare_loop(model, batching, bidirectional):
    """The same windows, loss, clipping, optimiser and schedule written out in plain torch end in the same weights."""
    section = model("lstm", bidirectional=bidirectional)
    network, bare = (build_language_model(section, V, seed=1) for _ in range(2))
    data = objective(**batching)
    train(network, data, num_validations=1)

    optimizer = torch.optim.AdamW(bare.parameters(), 0.02, (0.9, 0.95), weight_decay=0.1)
    cycle = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: two_lines(step, data.num_steps))
    state = None
    for inputs, targets, fresh in islice(data.batches(skip=0), data.num_steps):
        if state is None or fresh.all():
            state = None
        else:
            state = tuple(torch.where(fresh[None, :, None], 0.0, part.detach()) for part in state)
        if isinstance(bare, ClozeModel):
            logits, state = bare(inputs, targets, (targets >= 0).sum(1), state)
        else:
            logits, state = bare(inputs, state)
        log_p = torch.log_softmax(logits, -1)[targets >= 0]
        loss = -log_p[torch.arange(len(log_p)), targets[targets >= 0]].sum() / len(log_p)
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(bare.parameters(), 0.5)
        optimizer.step()
        cycle.step()
    for name, weight in bare.state_dict().items():
        torch.testing.assert_close(network.state_dict()[name], weight, rtol=1e-4, atol=1e-6)


def test_a_state_that_is_carried_changes_what_is_learned(model, monkeypatch):
    carrying, forgetting = (build_language_model(model("gru"), V, seed=1) for _ in range(2))
    train(carrying)
    monkeypatch.setattr("pipeline.training.language_modelling.carried", lambda state, fresh: None)
    train(forgetting)
    weights = "stack.rnn.weight_hh_l0"
    assert not torch.allclose(carrying.state_dict()[weights], forgetting.state_dict()[weights])


def test_the_same_seed_gives_the_same_bytes_with_dropout(model):
    first, again, other = (build_language_model(model("lstm", dropout=0.3), V, seed=1) for _ in range(3))
    one, two, three = train(first), train(again), train(other, objective(seed=2), seed=2)
    assert one == two
    assert one != three
    for name, weight in first.state_dict().items():
        assert torch.equal(again.state_dict()[name], weight)


def test_each_rank_drops_other_features():
    """torch's generator on the CPU reads the low 32 bits of a seed alone."""
    draws = []
    for seed in (1, 2):
        for rank in range(4):
            torch.manual_seed(dropout_seed(seed, rank))
            draws.append(torch.rand(20))
    assert len(torch.stack(draws).unique(dim=0)) == 8


@pytest.mark.slow
def test_a_text_without_surprise_is_learned(model):
    """Units 1 2 3 4 over and over: a network that sees its inputs pays next to nothing for them."""
    ids = np.tile(np.array([1, 2, 3, 4, 0], np.uint8), 80)
    text = Split(ids, len(ids), 0.0)
    network = build_language_model(model("gru"), V, seed=1)
    train(network, objective(text, budget_tokens=3000), max_grad_norm=5.0)
    assert final_nats(network, text, "stream", 3).mean() < 0.2 < math.log(V)


@pytest.mark.slow
def test_the_best_weights_are_kept_not_the_last(model):
    """Learning by heart what is random: validation gets worse, and an early step is the best."""
    network = build_language_model(model("lstm"), V, seed=1)
    trained = train(network, objective(budget_tokens=6000), num_validations=10, max_grad_norm=5.0)
    curve = {
        row.step: row.metrics["validation/nats_per_token"]
        for row in trained.history
        if "validation/nats_per_token" in row.metrics
    }
    assert len(curve) == 10
    assert trained.best_step == min(curve, key=curve.__getitem__) < max(curve)
    nats, tokens = nats_of(network, evaluation_windows(split(2).ids, V, "stream", 3))
    assert nats / tokens == pytest.approx(curve[trained.best_step], rel=1e-6)


def test_rows_are_means_since_the_row_before_and_are_shown_at_once(model):
    shown: list[Row] = []
    trained = train(build_language_model(model("rnn"), V, seed=1), live=shown.extend)
    assert [row for row in shown if "time/seconds" not in row.metrics] == list(trained.history)
    rows = [row for row in shown if "train/nats_per_token" in row.metrics]
    assert [row.step for row in rows] == [4, 8, 12, 16, 20]
    assert rows[-1].metrics["train/tokens"] == trained.targets_seen
    assert rows[0].metrics["train/nats_per_token"] == pytest.approx(math.log(V), rel=0.3)
    bits = rows[0].metrics["train/nats_per_token"] / math.log(2) / 2  # two characters a token
    assert rows[0].metrics["train/bits_per_char"] == pytest.approx(bits, rel=0.05)


def test_the_norm_is_logged_before_clipping(model):
    shown: list[Row] = []
    train(build_language_model(model("rnn"), V, seed=1), live=shown.extend, max_grad_norm=1e-6)
    norms = [row.metrics["train/grad_norm"] for row in shown if "train/grad_norm" in row.metrics]
    assert min(norms) > 0.01


def test_the_final_score_counts_every_token_and_all_characters(model):
    text = Split(split(3).ids, characters=1000, spelling_nats=50.0)
    nats = final_nats(build_language_model(model("gru"), V, seed=1), text, "stream", 3)
    score = text.score(nats)
    assert score.nats == pytest.approx(nats.sum())
    assert score.unknown_nats == pytest.approx(nats[text.ids == UNK].sum())
    assert (score.tokens, score.characters, score.spelling_nats) == (400, 1000, 50.0)
    assert 0 < score.unknown_nats < score.nats


def test_windows_of_a_lane_follow_each_other(model):
    windows = list(islice(objective().batches(skip=0), 40))
    for (_, targets, _), (inputs, _, fresh) in pairwise(windows):
        for lane in range(3):
            if not fresh[lane] and inputs[lane, 0] != V:
                assert inputs[lane, 0] == targets[lane, -1]


def test_the_logits_of_both_kinds_come_one_way(model):
    inputs = torch.tensor([[V, 1, 2]])
    targets = torch.tensor([[1, 2, 0]])
    for bidirectional in (False, True):
        network = build_language_model(model("gru", bidirectional=bidirectional), V, seed=1)
        logits, _ = network.window_logits(inputs, targets)
        assert logits.shape == (1, 3, V)


def test_no_time_goes_into_filling_new_tensors(model, monkeypatch):
    """Deterministic algorithms fill what nobody reads, unless told not to."""
    monkeypatch.setattr(torch.utils.deterministic, "fill_uninitialized_memory", True)
    train(build_language_model(model("rnn"), V, seed=1))
    assert torch.are_deterministic_algorithms_enabled()
    assert not torch.utils.deterministic.fill_uninitialized_memory  # pyright: ignore[reportAttributeAccessIssue]


@pytest.mark.parametrize("cell", ["rnn", "lstm"])
def test_the_norms_of_groups_are_those_of_autograd_before_clipping(model, cell):
    """One step by hand in plain torch, from the same weights; a limit so small that all is clipped."""
    shown: list[Row] = []
    network, bare = (build_language_model(model(cell), V, seed=1) for _ in range(2))
    train(network, log_every_steps=1, num_validations=1, live=shown.extend, max_grad_norm=1e-3)
    inputs, targets, _ = next(objective().batches(skip=0))
    logits, _ = bare(inputs)
    loss = torch.nn.functional.cross_entropy(logits.flatten(0, 1), targets.flatten())
    names, parameters = zip(*bare.named_parameters(), strict=True)
    gradients = dict(zip(names, torch.autograd.grad(loss, parameters), strict=True))
    parts = {"embedding": "embed", "input": "weight_ih", "recurrent": "weight_hh", "readout": "readout.weight"}
    for group, part in parts.items():
        (gradient,) = (gradient for name, gradient in gradients.items() if part in name)
        assert shown[0].metrics[f"train/grad_norm_{group}"] == pytest.approx(float(gradient.norm()), rel=1e-4)
    biases = torch.cat([gradient for name, gradient in gradients.items() if "bias" in name])
    assert shown[0].metrics["train/grad_norm_bias"] == pytest.approx(float(biases.norm()), rel=1e-4)


def test_what_the_optimiser_met_is_counted_over_all_steps(model):
    trained = train(build_language_model(model("rnn"), V, seed=1))
    norms = np.array(trained.grad_norms)
    assert len(norms) == 20
    limit = float(np.sort(norms)[14]) + 1e-9
    metrics = trained.norm_metrics(limit)
    assert metrics["grad_norm/share_clipped"] == 5 / 20
    assert metrics["grad_norm/max"] == norms.max() >= metrics["grad_norm/p99"] > metrics["grad_norm/median"]
    assert metrics["grad_norm/mean"] == pytest.approx(norms.mean())
    assert trained.norm_metrics(None)["grad_norm/share_clipped"] == 0


@pytest.mark.slow
def test_without_a_limit_nothing_is_clipped(model):
    """The same weights as with a limit that no gradient reaches, and others than with one that each does."""
    free, wide, tight = (build_language_model(model("gru"), V, seed=1) for _ in range(3))
    train(free, max_grad_norm=None)
    train(wide, max_grad_norm=1e6)
    train(tight, max_grad_norm=1e-3)
    name = "stack.rnn.weight_hh_l0"
    assert torch.equal(free.state_dict()[name], wide.state_dict()[name])
    assert not torch.allclose(free.state_dict()[name], tight.state_dict()[name])


def test_a_loss_that_is_no_number_stops_the_training_and_says_whose(model, tmp_path):
    """Relu and recurrent weights of 1e20: the states overflow within the first window."""
    shown: list[Row] = []
    network = build_language_model(model("rnn", nonlinearity="relu", recurrent_gain=1e20), V, seed=1)
    with pytest.raises(
        DivergedError, match=r"training step 1: loss and gradient stay finite .*recurrent.*; lower"
    ) as e:
        train(network, live=shown.extend, max_grad_norm=None, resume=place(tmp_path))
    assert e.value.step == 1
    assert shown[-2] == Row(1, {"train/nonfinite_steps": 1.0})
    assert all(weight.isfinite().all() for weight in network.state_dict().values())


def test_the_weights_at_each_validation_are_kept(model, tmp_path):
    network = build_language_model(model("gru"), V, seed=1)
    trained = train(network, resume=place(tmp_path))
    bundle = LanguageBundle(network, Mock(Vocabulary, size=V), model("gru"), "char", 1)
    kept = dict(bundle.checkpoints(tmp_path / "files"))
    assert list(kept) == [10, 20]
    for name, weight in network.state_dict().items():
        assert torch.equal(kept[trained.best_step].state_dict()[name], weight)
    assert not torch.equal(kept[10].state_dict()["readout.weight"], kept[20].state_dict()["readout.weight"])


def test_a_validation_that_is_no_number_stops_the_training(model, monkeypatch):
    monkeypatch.setattr("pipeline.training.language_modelling.nats_of", lambda network, windows: (math.nan, 400))
    with pytest.raises(DivergedError, match=r"training step 10: loss and gradient stay finite \(got loss nan\); lower"):
        train(build_language_model(model("rnn"), V, seed=1))


def test_the_time_of_the_steps_is_said_and_goes_into_no_row(model, capsys):
    trained = train(build_language_model(model("gru"), V, seed=1))
    assert re.search(
        rf"^{objective().num_steps - 1} steps took \d+\.\d{{3}} s of CPU$", capsys.readouterr().err, re.MULTILINE
    )
    assert not [key for row in trained.history for key in row.metrics if "seconds" in key or "time" in key]


def test_a_stop_iteration_after_a_step_is_an_error(model):
    """Lightning would take it for the end of the training."""

    def stop(rows: Sequence[Row]) -> None:
        raise StopIteration

    with pytest.raises(RuntimeError, match="StopIteration in a step, with 16 steps left"):
        train(build_language_model(model("rnn"), V, seed=1), live=stop)


def test_batches_that_end_too_soon_are_an_error(model, monkeypatch):
    batches = LanguageModelling.batches
    monkeypatch.setattr(LanguageModelling, "batches", lambda self, skip: islice(batches(self, skip), 3))
    with pytest.raises(RuntimeError, match="StopIteration in a step, with 17 steps left"):
        train(build_language_model(model("rnn"), V, seed=1))
