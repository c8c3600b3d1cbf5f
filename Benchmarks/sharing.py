"""How Diptych shares a machine: with itself, with a busy neighbour, when idle, and when it is given one thread.

Usage: sharing.py DIPTYCH-BINARY WORK-DIRECTORY [REPORT.md]
Appends to the report where one is named. The run is refused when a bound is not kept. Rates are of embedding pictures with
ViT-B/32 in bf16, from the start of a process to its end, alone and together in turns; medians.
"""
import os
import pathlib
import statistics
import subprocess
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "Scripts/parity"))

import models
from measure import THREADS
from photographs import camera_roll

ROUNDS = int(os.environ.get("DIPTYCH_ROUNDS", "5"))
COUNT = 200
# Two processes together, as a share of one alone; one beside a neighbour that takes a core's worth of time, as a share of the
# half to three quarters that is its due; processor time of one thread, of one idle process, a second.
TOGETHER, BESIDE, SINGLE, IDLE = 0.9, 0.45, 1.05, 0.005


def start(arguments, **options):
    return subprocess.Popen([str(a) for a in arguments], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, **options)


def finish(process):
    """Waits for the end: processor seconds."""
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == 0, process.args
    return usage.ru_utime + usage.ru_stime


def together(*commands):
    """Runs commands at once: wall-clock seconds until the last has ended."""
    started = time.perf_counter()
    for process in [start(command) for command in commands]:
        finish(process)
    return time.perf_counter() - started


def processor_seconds(pid):
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def main():
    diptych, work = sys.argv[1], pathlib.Path(sys.argv[2])
    model = models.make("vit-b-32", work)
    files = camera_roll(work / f"roll-{COUNT}", COUNT)
    folder = files[0].parent
    lines, failures = [], []

    def say(text=""):
        print(text, flush=True)
        lines.append(text)

    def expect(holds, what):
        if not holds:
            failures.append(what)

    def embed(name, threads=THREADS):
        return [diptych, "embed", "--image", folder, "--model", model, "--precision", "bf16", "--threads", threads, "--quiet",
                "--output", work / f"shared-{name}.npy"]

    def profile(passes):
        return [diptych, "profile", "--model", model, "--precision", "bf16", "--batch", 16, "--threads", THREADS, "--repeat", passes]

    say()
    say("## Sharing the machine")
    say()
    say(f"`diptych embed` of {COUNT} pictures, and 40 passes of `diptych profile`, ViT-B/32 in bf16, {THREADS} threads on {os.cpu_count()} cores; medians")
    say(f"of {ROUNDS} rounds in turns.")
    say()
    times = {}
    for _ in range(ROUNDS):
        for name, run in (("embed", embed), ("profile", lambda _: profile(40))):
            times.setdefault(f"{name} alone", []).append(together(run("a")))
            times.setdefault(f"{name} twice", []).append(together(run("a"), run("b")))
        neighbour = start([sys.executable, "-c", "while True: pass"])
        try:
            times.setdefault("embed beside", []).append(together(embed("a")))
            times.setdefault("profile beside", []).append(together(profile(40)))
        finally:
            neighbour.kill()
            neighbour.wait()
    median = {name: statistics.median(values) for name, values in times.items()}
    for name in ("embed", "profile"):
        share = 2 * median[f"{name} alone"] / median[f"{name} twice"]
        beside = median[f"{name} alone"] / median[f"{name} beside"]
        say(f"- Two `{name}` at once do {share:.2f} times the work of one alone in the same time (at least {TOGETHER}).")
        say(f"- One `{name}` beside a process that spins keeps {beside:.2f} of its rate (at least {BESIDE}; with two cores for three threads"
            " the fair share is 0.67).")
        expect(share >= TOGETHER, f"two {name} at once do {share:.2f} of the work")
        expect(beside >= BESIDE, f"{name} beside a busy process keeps {beside:.2f}")

    # A process that has embedded something and waits for more: the list stays open.
    first = "\n".join(str(f) for f in files[:64]) + "\n"
    waiting = start([diptych, "embed", "--input", "-", "--model", model, "--precision", "bf16", "--threads", THREADS, "--quiet"],
                    stdin=subprocess.PIPE)
    try:
        waiting.stdin.write(first.encode())
        waiting.stdin.flush()
        # Until it has nothing to do any more.
        before, quiet = -1, 0
        while quiet < 4:
            time.sleep(0.5)
            now = processor_seconds(waiting.pid)
            quiet = quiet + 1 if now - before < 0.05 else 0
            before = now
        time.sleep(10)
        idle = (processor_seconds(waiting.pid) - before) / 10
    finally:
        waiting.stdin.close()
        finish(waiting)
    say(f"- A process that has embedded pictures and waits for the next on standard input uses {idle:.4f} s of processor time a second.")
    expect(idle <= IDLE, f"an idle process uses {idle:.4f} s a second")

    store = work / "shared-store"
    ratios = {}
    for name, command in (
        ("embed", embed("one", threads=1)),
        ("index", [diptych, "index", folder, "--store", store, "--model", model, "--precision", "bf16", "--threads", 1, "--quiet"]),
        ("preprocess", [diptych, "preprocess", max(files, key=lambda f: f.stat().st_size), "--model", model, "--threads", 1,
                        "--quiet", "--output", work / "shared-pixels.npy"]),
        ("profile", [*profile(20)[:-4], "--threads", 1, "--repeat", 20]),
    ):
        subprocess.run(["rm", "-rf", store], check=True)
        started = time.perf_counter()
        used = finish(start(command))
        ratios[name] = used / (time.perf_counter() - started)
    say("- With `--threads 1`, processor time to wall-clock time is "
        + ", ".join(f"{ratio:.2f} in `{name}`" for name, ratio in ratios.items()) + f" (at most {SINGLE}).")
    for name, ratio in ratios.items():
        expect(ratio <= SINGLE, f"--threads 1 of {name} uses {ratio:.2f} cores")
    if failures:
        sys.exit("benchmark refused: " + "; ".join(failures))
    if len(sys.argv) > 3:
        with open(sys.argv[3], "a") as report:
            report.write("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
