"""The rival of `bench training`: the same networks trained by PyTorch on one thread of the CPU.

    train.py NAME        answers on stdin/stdout: `losses` gives those of three steps from the start, `steps N` the
                         processor seconds of N steps
    train.py --golden    writes losses.json: the losses of three steps of every network, computed in float64
"""
import json
import pathlib
import sys
import time

import torch

HERE = pathlib.Path(__file__).parent
sys.path.insert(0, str(HERE.parent.parent / "test" / "golden" / "training"))
from layers import Run  # noqa: E402

torch.set_num_threads(1)
CASES = {case["name"]: case for case in json.loads((HERE / "cases.json").read_text())}


class Training:
    def __init__(self, case):
        self.run = Run(case, state_scale=0)
        self.run.total()
        self.optimizer = torch.optim.Adam(self.run.parameters.values(), lr=1e-3)

    def step(self):
        self.optimizer.zero_grad(set_to_none=True)
        loss = self.run.total()
        loss.backward()
        self.optimizer.step()
        return loss.item()


def losses_of(case):
    training = Training(case)
    return [training.step() for _ in range(3)]


def golden():
    torch.set_default_dtype(torch.float64)
    losses = {name: losses_of(case) for name, case in CASES.items()}
    (HERE / "losses.json").write_text(json.dumps(losses, indent=2) + "\n")


def serve(case):
    training = Training(case)
    print(torch.__version__, flush=True)
    for line in sys.stdin:
        what, *count = line.split()
        if what == "losses":
            print(json.dumps(losses_of(case)), flush=True)
        else:
            started = time.process_time()
            for _ in range(int(count[0])):
                training.step()
            print(time.process_time() - started, flush=True)


if sys.argv[1] == "--golden":
    golden()
else:
    serve(CASES[sys.argv[1]])
