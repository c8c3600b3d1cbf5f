"""Kills a training at random moments, again and again, and compares what it ends with to a run that nobody killed: weights, optimiser and
the numbers of every step, bit for bit; with one process and with two.

    training_kills.py DIPTYCH WORK [KILLS]     KILLS: at least so many of each (default 20)
"""
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time

import torch

FIXTURES = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../Tests/DiptychTrainingTests/Fixtures")


def command(diptych, work, name, processes):
    return [
        diptych, "train", "--model", f"{FIXTURES}/vit.pt", "--heads", "2,2", "--train-data", f"{FIXTURES}/lmdb/train", "--val-data",
        f"{FIXTURES}/lmdb/valid", "--valid-batch-size", "4", "--logs", work, "--name", name, "--batch-size", "8", "--lr", "2e-3", "--warmup", "4",
        "--max-steps", "400" if processes == 1 else "60", "--log-interval", "1", "--context-length", "16", "--dropout", "0.1", "--mask-ratio", "0.3", "--precision", "fp32",
        "--save-step-frequency", "1", "--keep", "1", "--processes", str(processes), "--quiet"]


def numbers(work, name):
    with open(os.path.join(work, name, "metrics.jsonl")) as file:
        return [{k: v for k, v in json.loads(line).items() if k != "pairs_per_second"} for line in file]


def check(diptych, work, processes, kills):
    for name in ("whole", "killed"):
        shutil.rmtree(os.path.join(work, name), ignore_errors=True)
    subprocess.run(command(diptych, work, "whole", processes), check=True, stdout=subprocess.DEVNULL)
    rng, done = random.Random(processes), 0
    while True:
        process = subprocess.Popen(
            command(diptych, work, "killed", processes), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True)
        try:
            # The shorter half of the runs ends before a step; the others get some further.
            status = process.wait(timeout=rng.uniform(0.2, 1.6) if done < kills else 300)
        except subprocess.TimeoutExpired:
            victims = [process.pid] if processes == 1 else subprocess.run(
                ["pgrep", "-P", str(process.pid)], capture_output=True, text=True).stdout.split()
            if victims:
                os.kill(int(rng.choice(victims)), signal.SIGKILL)
            process.wait()
            time.sleep(0.2)
            done += 1
            continue
        assert status == 0, f"the run ended by status {status}"
        break
    a, b = (torch.load(os.path.join(work, name, "checkpoints", "epoch_latest.pt"), weights_only=True) for name in ("whole", "killed"))
    assert all(torch.equal(a["state_dict"][key], b["state_dict"][key]) for key in a["state_dict"])
    states = a["optimizer"]["state"], b["optimizer"]["state"]
    assert all(torch.equal(states[0][i][key], states[1][i][key]) for i in states[0] for key in states[0][i])
    assert numbers(work, "whole") == numbers(work, "killed")
    print(f"{processes} process{'es' if processes > 1 else ''}: killed {done} times, weights, optimiser and the numbers of "
          f"{len(numbers(work, 'killed'))} steps are equal")


def main():
    diptych, work = sys.argv[1], os.path.abspath(sys.argv[2])
    os.makedirs(work, exist_ok=True)
    for processes in (1, 2):
        check(diptych, work, processes, int(sys.argv[3]) if len(sys.argv) > 3 else 20)


main()
