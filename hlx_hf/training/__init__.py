"""Training on `Trainer`: the settings of a phase, its examples, and the stages that every recipe goes through."""

from .arguments import PhaseArguments, parse_arguments
from .hardware import HardwareError
from .phase import run_phase
from .trainer import make_trainer

__all__ = ["HardwareError", "PhaseArguments", "make_trainer", "parse_arguments", "run_phase"]
