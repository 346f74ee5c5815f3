"""Every configuration is either a resolved run or an error that names a key: never a traceback, a
hang or a memory full of aliases."""

import resource

import pytest
from hostile_configurations import BASE, FILES, VALUES, WORDS, corpus, outcome
from hypothesis import HealthCheck, given, settings
from random_configurations import texts, words

CALM = settings(
    derandomize=True, database=None, deadline=None, suppress_health_check=list(HealthCheck)
)


def _peak_mib() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


@pytest.mark.parametrize("text", FILES, ids=range(len(FILES)))
def test_a_hostile_file_is_a_run_or_is_refused(text):
    outcome(text)


@pytest.mark.parametrize("value", VALUES, ids=range(len(VALUES)))
def test_a_hostile_value_is_a_run_or_is_refused(value):
    outcome(f"{BASE}snr_db: {value}\n")
    outcome(BASE, (f"attack.bound={value}",))


@pytest.mark.parametrize("assignments", WORDS, ids=range(len(WORDS)))
def test_hostile_words_are_a_run_or_are_refused(assignments):
    outcome(BASE, assignments)


@settings(CALM, max_examples=60)
@given(texts(), words)
def test_a_random_configuration_is_a_run_or_is_refused(text, assignments):
    outcome(text, assignments)


@pytest.mark.slow
@settings(CALM, max_examples=2400)
@given(texts(), words)
def test_2400_random_configurations_are_runs_or_are_refused(text, assignments):
    outcome(text, assignments)


@pytest.mark.slow
def test_the_whole_corpus_is_refused_or_a_run_within_little_memory():
    outcome(BASE)
    before = _peak_mib()
    found = [outcome(text, assignments) for text, assignments in corpus()]
    assert {"accepted", "refused"} == set(found)
    assert _peak_mib() - before < 100
