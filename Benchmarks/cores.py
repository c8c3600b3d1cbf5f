"""Two ways to use two cores: one process with a thread on each, and two processes with one thread each.

Usage: cores.py DIPTYCH-BINARY MODEL
Prints a table of pictures a second for batches of 1, 4 and 16: one pass over a batch with 2 threads, against two passes
over a batch each at the same time. The two take turns; medians over rounds.
"""
import json
import os
import statistics
import subprocess
import sys

ROUNDS = int(os.environ.get("DIPTYCH_ROUNDS", "7"))


def start(diptych, model, precision, batch, threads):
    # Passes for several seconds, so that two processes that start together run together for nearly all of them.
    passes = max(9, 96 // batch)
    return subprocess.Popen(
        [diptych, "profile", "--model", model, "--precision", precision, "--batch", str(batch), "--threads", str(threads),
         "--repeat", str(passes), "--format", "json", "--quiet"], stdout=subprocess.PIPE)


def finish(process):
    output, _ = process.communicate()
    assert process.returncode == 0, process.args
    return json.loads(output)["pictures_per_second"]


def main():
    diptych, model = sys.argv[1:]
    print(f"Pictures a second, medians of {ROUNDS} rounds in turn.\n")
    print("| precision | batch | A: one process, 2 threads | B: two processes, 1 thread each | B to A |")
    print("| --- | --- | --- | --- | --- |")
    for precision in ("fp32", "bf16"):
        for batch in (1, 4, 16):
            together, apart = [], []
            for _ in range(ROUNDS):
                together.append(finish(start(diptych, model, precision, batch, 2)))
                apart.append(sum(map(finish, [start(diptych, model, precision, batch, 1) for _ in range(2)])))
            a, b = statistics.median(together), statistics.median(apart)
            print(f"| {precision} | {batch} | {a:.1f} | {b:.1f} | {b / a:.2f} |", flush=True)


main()
