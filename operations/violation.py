"""An operation did what it did not declare: the end of the request, and what the log says of it."""

from errors.problem import Refusal, problem


class EffectViolation(Refusal):
    """EFFECT_VIOLATION; the client is told no more than that.

    `culprit` is the operation, or the route where that is not known; `effect` what it did.
    """

    def __init__(self, culprit: str, effect: str) -> None:
        super().__init__(problem("EFFECT_VIOLATION", "a step did what it did not declare"))
        self.culprit = culprit
        self.effect = effect
