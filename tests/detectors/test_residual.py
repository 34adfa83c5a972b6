"""What every learned detector has to keep to."""

import numpy as np

from opsmith_detectors.residual import Residual


def learned(channels: int, n: int = 500, seed: int = 3) -> Residual:
    rng = np.random.default_rng(seed)
    detector = Residual(channels)
    for _ in range(n):
        detector.learn_one(detector.score_one(rng.normal(50.0, 1.0, channels)))
    return detector


def test_scoring_has_the_shape_of_the_channels_and_does_not_learn() -> None:
    for channels in (1, 2, 8):
        detector = learned(channels)
        x = np.full(channels, 53.0)
        first = detector.score_one(x)
        for _ in range(50):
            detector.score_one(np.full(channels, 999.0))
        again = detector.score_one(x)
        assert first.shift.shape == (2, channels) and first.residual.shape == (channels,)
        assert again.score == first.score >= 0
        assert np.array_equal(again.shift, first.shift)


def test_a_missing_value_is_tolerated_and_says_nothing() -> None:
    detector = learned(3)
    for _ in range(100):
        scored = detector.score_one(np.array([50.0, np.nan, 50.0]))
        assert np.isfinite(scored.score) and scored.residual[1] == 0
        detector.learn_one(scored)
    assert np.isfinite(detector.expected).all()


def test_a_channel_that_may_not_speak_does_not_deviate() -> None:
    detector = learned(3)
    believed = np.array([True, False, True])
    for _ in range(30):
        scored = detector.score_one(np.array([50.0, 500.0, 50.0]), believed)
        assert scored.score < 1
        detector.learn_one(scored)


def test_a_common_fault_is_found_alike_however_the_channels_are_scaled() -> None:
    rng = np.random.default_rng(7)
    rows = rng.normal(50.0, 1.0, (600, 3))
    rows[550:, 2] += 8.0
    scores: list[float] = []
    for factor in (1.0, 1e-3, 1e4):
        detector = Residual(3)
        found = [0.0]
        for x in rows * np.array([1.0, 1.0, factor]):
            scored = detector.score_one(x)
            found.append(scored.score)
            detector.learn_one(scored)
        scores.append(found[-1])
    assert scores[0] > 1
    assert np.allclose(scores, scores[0], rtol=0.05)
