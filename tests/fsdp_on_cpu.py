"""Runs a recipe with FSDP on the CPU, which accelerate would refuse: it takes processes without a GPU for plain DDP.

accelerate launch --config_file recipes/accelerate/fsdp2.yaml tests/fsdp_on_cpu.py recipes/baseline.py [SETTINGS]
"""

import os
import runpy
import sys

from accelerate.state import PartialState
from accelerate.utils import DistributedType

os.environ["ACCELERATE_TORCH_DEVICE"] = "cpu"
PartialState._prepare_backend = lambda *_: ("gloo", DistributedType.MULTI_GPU)
del sys.argv[0]
runpy.run_path(sys.argv[0], run_name="__main__")
