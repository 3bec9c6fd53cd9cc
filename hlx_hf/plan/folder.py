"""The folder of a plan: what it was started with, and where each phase has its results, its log and its marks."""

import difflib
import json
from dataclasses import asdict, dataclass
from pathlib import Path

import yaml

from ..files import write_whole
from .phases import COMPARISON, PLANS, TEST, TRAINING, Phase

PLAN = "plan.json"
RESULTS = "english_comprehension_results.json"
COMPARISON_PAGE = "comparison.md"
RECIPES = Path(__file__).parents[2] / "recipes"


@dataclass(frozen=True)
class Plan:
    """A plan in its folder.

    Attributes:
        folder: holds everything.
        scale: key of `PLANS`.
        settings: of the trainings, over those of their configurations: `name=value`, or `phase.name=value` for one.
        cores: that the phases share. A run goes on with as many, since the order of sums depends on them.
        accelerate_config: of `accelerate launch`, for the phases on the GPU.
    """

    folder: Path
    scale: str
    settings: tuple[str, ...] = ()
    cores: int = 1
    accelerate_config: str = str(RECIPES / "accelerate" / "one_gpu.yaml")

    @classmethod
    def read(cls, folder: Path) -> "Plan":
        """The plan that was started in a folder.

        Raises:
            FileNotFoundError: none was.
        """
        path = folder / PLAN
        if not path.is_file():
            raise FileNotFoundError(
                f"no plan in {folder}: start one with `hlx plan run --scale tiny --output {folder}`"
            )
        found = json.loads(path.read_text(encoding="utf-8"))
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

    def result(self, phase: Phase) -> Path:
        """What a phase leaves: the folder of a model, or a file. It is there when the phase has finished."""
        if phase.kind == TEST:
            return self.output(phase) / RESULTS
        if phase.kind == COMPARISON:
            return self.output(phase) / COMPARISON_PAGE
        settings = yaml.safe_load((RECIPES / "configs" / phase.config).read_text()) | self.options(phase)
        return self.output(phase) / settings["final_name"].format(epoch=int(float(settings["num_train_epochs"])))

    def log(self, phase: Phase) -> Path:
        """What a phase has said, in all its attempts."""
        return self.folder / "logs" / f"{phase.name}.log"

    def finished(self, phase: Phase) -> Path:
        """A JSON file that is there once the phase has finished: `result`, and `finished_at` in seconds since 1970."""
        return self.folder / "state" / f"{phase.name}.finished.json"

    def failed(self, phase: Phase) -> Path:
        """A JSON file that is there while the last attempt at a phase has failed: `reason`, `attempt`, `failed_at`."""
        return self.folder / "state" / f"{phase.name}.failed.json"


def check_settings(scale: str, settings: tuple[str, ...]) -> None:
    """Refuses settings that no training of the plan would take.

    Raises:
        ValueError: one is not `name=value` or `phase.name=value`, or is no setting that can be changed here.
    """
    trainings = [phase.name for phase in PLANS[scale] if phase.kind == TRAINING]
    for setting in settings:
        name, equals, _ = setting.partition("=")
        owner, _, name = name.rpartition(".")
        if not equals or not name:
            raise ValueError(f"a setting is given as name=value or phase.name=value, not {setting!r}")
        if owner and owner not in trainings:
            close = difflib.get_close_matches(owner, trainings, n=1)
            hint = f"; did you mean {close[0]!r}?" if close else ""
            raise ValueError(f"{setting!r} is for a training {owner!r} that the plan does not have{hint}")
        if name in OWN_SETTINGS:
            raise ValueError(f"{setting!r}: {OWN_SETTINGS[name]}")


OWN_SETTINGS = {
    "output_dir": "the plan has a folder for each phase",
    "resume_from_checkpoint": "a phase of the plan always goes on from its newest checkpoint",
    "model_name_or_path": "a phase of the plan goes on from the result of the phase before it",
    "max_steps": "a run cut short has no result for the next phase; give num_train_epochs",
}
