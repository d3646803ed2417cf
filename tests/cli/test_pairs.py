"""`unroll score-pair`: the probability of a given target, and bundles that have none."""

import json

import pytest
from small_pairs import params, save_bundle


@pytest.fixture
def translator(model, tmp_path) -> str:
    folder = tmp_path / "translation-gru-1"
    folder.mkdir()
    save_bundle(params(), model("gru"), folder)
    return str(folder)


def test_each_token_has_its_log_probability(unroll, translator):
    code, said, _ = unroll("score-pair", translator, "eins zwei", "one two")
    assert code == 0
    assert [line.split("  ")[-1] for line in said.splitlines()[1:4]] == ["'one'", "'two'", "'<end of unit>'"]
    code, fields, _ = unroll("score-pair", "--json", translator, "eins zwei", "one two")
    total = json.loads(fields)["log_probability"]
    assert said.splitlines()[-1] == f"ln p(target | source) = {total:.4f} nats"
    assert total == pytest.approx(sum(token["log_probability"] for token in json.loads(fields)["tokens"]))


def test_predict_answers_with_the_likeliest(unroll, translator):
    code, said, _ = unroll("predict", "--json", translator, "eins zwei")
    best, *others = json.loads(said)["n_best"]
    assert code == 0
    assert all(best["log_probability"] >= found["log_probability"] for found in others if found["ended"])
    assert unroll("predict", translator, "eins zwei")[1] == f"{best['text']}\n"


def test_other_bundles_are_refused_in_one_sentence(unroll, bigram, translator):
    code, said, error = unroll("score-pair", bigram, "a", "b")
    assert (code, said, error.count("\n")) == (2, "", 1)
    assert "the bundle of a task" in error
    code, _, error = unroll("score-pair", translator, " ", "one")
    assert (code, error) == (2, "SOURCE: a text with a token (got ' '); write one, or delete the line\n")
