"""Whether the arms got as many units as the configured weights say, by a test that holds at every look. Pure.

The Dirichlet-multinomial martingale of Lindon and Malek (Anytime-valid inference for multinomial count data, arXiv:2011.03567)
against the likeliest of all shares that are as good as the configured one.
"""

from math import exp, lgamma, log

from experiments.ab.types import SampleRatio

ALARM_P = 0.01
"""Below it the numbers do not fit: at most one test in a hundred ever says so wrongly."""
FLOOR = 0.005
"""Half a point more or less is no matter, nor is a tenth of the smaller arm, if that is less."""
CONCENTRATION = 200.0
"""How near to the configured weights a wrong share is expected: by about 3.5 points at 50/50."""


def sample_ratio(a: int, b: int, share_b: float, *, least_p: float = 1.0) -> SampleRatio:
    """How many units each arm got against the share of B that was configured. `least_p`: the p of the look before,
    which whoever asks keeps."""
    p = min(least_p, _p(a, b, share_b))
    return SampleRatio(a=a, b=b, share_b=share_b, p=p, fits=p >= ALARM_P)


def _p(a: int, b: int, share_b: float) -> float:
    if share_b in {0, 1}:
        return 0.0 if (b if share_b == 0 else a) else 1.0
    nearest = _nearest(a, b, share_b)
    prior_a, prior_b = CONCENTRATION * (1 - share_b), CONCENTRATION * share_b
    mixture = _log_beta(prior_a + a, prior_b + b) - _log_beta(prior_a, prior_b)
    return exp(min(0.0, a * log(1 - nearest) + b * log(nearest) - mixture))


def _nearest(a: int, b: int, share_b: float) -> float:
    """Of the shares that are as good as the configured one, the one that fits the numbers best."""
    floor = min(FLOOR, min(share_b, 1 - share_b) / 10)
    return min(max(b / (a + b), share_b - floor), share_b + floor) if a + b else share_b


def _log_beta(x: float, y: float) -> float:
    return lgamma(x) + lgamma(y) - lgamma(x + y)
