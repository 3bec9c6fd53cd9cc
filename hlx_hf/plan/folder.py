"""The folder of a plan: what it was started with, and where each phase has its results, its log and its marks."""

import json
from dataclasses import asdict, dataclass, fields
from pathlib import Path

import yaml

from ..files import COMPREHENSION_RESULTS, EVALUATION_RESULTS, checkpoint_step, write_whole
from .phases import COMPARISON, EVALUATION, PLANS, TEST, Phase

PLAN = "plan.json"
RESULTS = {
    TEST: COMPREHENSION_RESULTS,
    EVALUATION: EVALUATION_RESULTS,
    COMPARISON: "comparison.md",
}
EVALUATION_LIMIT = 200  # tells shares apart that differ by seven points or more
RECIPES = Path(__file__).parents[2] / "recipes"


@dataclass(frozen=True)
class Plan:
    """A plan in its folder.

    Attributes:
        folder: holds everything.
        scale: key of `PLANS`.
        settings: of the trainings, over those of their configurations: `name=value`, or `phase.name=value` for one.
        cores: that the phases share. A run goes on with as many, since the order of sums depends on them.
        accelerate_config: of `accelerate launch`, for the phases on the GPU; that of one GPU if None.
        evaluation_limit: rows of each test split that the models are asked for.
    """

    folder: Path
    scale: str
    settings: tuple[str, ...] = ()
    cores: int = 1
    accelerate_config: str | None = None
    evaluation_limit: int = EVALUATION_LIMIT

    @classmethod
    def read(cls, folder: Path) -> "Plan":
        """The plan that was started in a folder.

        Raises:
            FileNotFoundError: none was.
            ValueError: it has what this version does not know.
        """
        path = folder / PLAN
        if not path.is_file():
            raise FileNotFoundError(
                f"no plan in {folder}: start one with `hlx plan run --scale tiny --output {folder}`"
            )
        found = json.loads(path.read_text(encoding="utf-8"))
        unknown = found.keys() - {field.name for field in fields(cls)}
        if unknown:
            raise ValueError(
                f"{path} has the unknown key {', '.join(map(repr, sorted(unknown)))}: go on with the version of hlx_hf "
                "that has written it, or start the plan in another folder"
            )
        return cls(folder, **{**found, "settings": tuple(found["settings"])})

    def write(self) -> None:
        """Keeps the plan in its folder."""
        kept = {name: value for name, value in asdict(self).items() if name != "folder"}
        write_whole(self.folder / PLAN, json.dumps(kept, indent=2) + "\n")

    @property
    def phases(self) -> tuple[Phase, ...]:
        """The phases in their order."""
        return PLANS[self.scale]

    def __getitem__(self, name: str) -> Phase:
        return next(phase for phase in self.phases if phase.name == name)

    def options(self, phase: Phase) -> dict[str, str]:
        """The settings of a training that were given for it, by name."""
        given = (setting.partition("=")[::2] for setting in self.settings)
        names = ((*name.rpartition(".")[::2], value) for name, value in given)
        return {name: value for owner, name, value in names if owner in ("", phase.name)}

    def output(self, phase: Phase) -> Path:
        """The folder that a phase writes into."""
        return self.folder / phase.name

    def checkpoints(self, phase: Phase) -> list[Path]:
        """The checkpoints of a training, the newest last."""
        steps = {
            path: step for path in self.output(phase).glob("*") if (step := checkpoint_step(path.name)) is not None
        }
        return sorted(steps, key=steps.get)

    def result(self, phase: Phase) -> Path:
        """What a phase leaves: the folder of a model, or a file. It is there when the phase has finished."""
        if phase.kind in RESULTS:
            return self.output(phase) / RESULTS[phase.kind]
        settings = yaml.safe_load((RECIPES / "configs" / phase.config).read_text()) | self.options(phase)
        return self.output(phase) / settings["final_name"].format(epoch=int(float(settings["num_train_epochs"])))

    def threads(self, phase: Phase) -> int:
        """How many cores a phase computes on; beside a phase on the GPU, the others leave one for it."""
        if phase.gpu:
            return 1
        return max(1, self.cores - any(other.gpu for other in self.phases))

    def log(self, phase: Phase) -> Path:
        """What a phase has said, in all its attempts."""
        return self.folder / "logs" / f"{phase.name}.log"

    @property
    def state(self) -> Path:
        """Where the plan keeps what has finished and failed."""
        return self.folder / "state"

    def finished(self, phase: Phase) -> Path:
        """A JSON file that is there once the phase has finished: `result`, and `finished_at` in seconds since 1970."""
        return self.state / f"{phase.name}.finished.json"

    def failed(self, phase: Phase) -> Path:
        """A JSON file that is there while the last attempt at a phase has failed: `reason`, `attempt`, `failed_at`,
        and `final`, whether another attempt would be of no use."""
        return self.state / f"{phase.name}.failed.json"
