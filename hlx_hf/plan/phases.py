"""The phases of the plan at each scale: what runs, on what, and after what."""

from dataclasses import dataclass

TRAINING = "training"
TEST = "test"  # the English comprehension test of one model
EVALUATION = "evaluation"  # of one model, on the test splits
COMPARISON = "comparison"  # of the two tests, so that what was forgotten shows

# What the plan was made for: minutes an epoch of training, least and most, and hours in all at 1B scale
EXPECTED_MINUTES = {"1b": (20, 20), "tiny": (1, 2)}
EXPECTED_HOURS = (66, 77)


@dataclass(frozen=True)
class Phase:
    """One phase.

    Attributes:
        name: also that of its folder in the folder of the plan.
        kind: `TRAINING`, `TEST`, `EVALUATION` or `COMPARISON`.
        recipe: file in `recipes/`.
        config: file in `recipes/configs/`, for a training.
        uses: phases whose results it reads: the model that a training goes on from or that is tested, or the two tests.
        after: phases that the plan puts before it all the same.
        options: more words of its command line.
        gpu: whether it is given the GPU; the others do not see one.
    """

    name: str
    kind: str
    recipe: str
    config: str | None = None
    uses: tuple[str, ...] = ()
    after: tuple[str, ...] = ()
    options: tuple[str, ...] = ()
    gpu: bool = False

    @property
    def expected_minutes(self) -> tuple[int, int]:
        """How long an epoch of a training was expected to take, in minutes, at least and at most."""
        return EXPECTED_MINUTES["1b" if "_1b" in self.config else "tiny"]

    @property
    def needs(self) -> tuple[str, ...]:
        """The phases that must have finished before it starts."""
        return self.uses + self.after


def _expert(scale: str, gpu: bool) -> tuple[Phase, ...]:
    return (
        Phase("baseline", TRAINING, "baseline.py", f"baseline_{scale}.yaml", gpu=gpu),
        Phase("deep_reasoning", TRAINING, "deep_reasoning.py", f"deep_reasoning_{scale}.yaml", ("baseline",), gpu=gpu),
        _evaluation("deep_reasoning", gpu=gpu),
    )


def _evaluation(model: str, *options: str, gpu: bool = False) -> Phase:
    return Phase(f"{model}_evaluation", EVALUATION, "evaluation.py", uses=(model,), options=options, gpu=gpu)


def _tiny_models(english_model: str) -> tuple[Phase, ...]:
    """What the plan does with the tiny models, given the phase whose result is the one that knows English."""
    return (
        Phase("english_comprehension", TEST, "comprehension.py", uses=(english_model,)),
        Phase("hlx_only", TRAINING, "hlx_only.py", "hlx_only_tiny.yaml", after=("english_comprehension",)),
        Phase("hlx_only_comprehension", TEST, "comprehension.py", uses=("hlx_only",)),
        Phase("comparison", COMPARISON, "comparison.py", uses=("english_comprehension", "hlx_only_comprehension")),
        _evaluation("hlx_only", "--splits", "hlx_to_hlx"),
    )


def _with_expert_on_gpu(scale: str) -> tuple[Phase, ...]:
    english = Phase("english", TRAINING, "understanding.py", "english_tiny.yaml")
    return (*_expert(scale, gpu=True), english, *_tiny_models("english"), _evaluation("english"))


# At tiny scale the result of deep reasoning is the tiny model that knows English. A 1B expert keeps the GPU for days;
# beside it a tiny English model is trained on the CPU, to be tested and compared with the HLX-only engine.
PLANS = {
    "tiny": (*_expert("tiny", gpu=False), *_tiny_models("deep_reasoning")),
    "1b": _with_expert_on_gpu("1b"),
    "1b_8gb": _with_expert_on_gpu("1b_8gb"),
    "1b_80gb": _with_expert_on_gpu("1b_80gb"),
}
