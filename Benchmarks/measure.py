"""How processes and calls are timed, and outputs compared, in every benchmark."""
import json
import pathlib
import statistics
import subprocess
import time

import numpy as np

THREADS = 2
PASSES = 4


def typical(call, passes=PASSES):
    """The median of a few passes, in seconds, as `diptych profile` reports it."""
    times = []
    for _ in range(passes):
        start = time.perf_counter()
        call()
        times.append(time.perf_counter() - start)
    return statistics.median(times)


def profile(diptych, folder, precision, batch):
    """One run of `diptych profile`: its median pass and the limit that it measured."""
    output = subprocess.run(
        [diptych, "profile", "--model", folder, "--precision", precision, "--batch", str(batch), "--threads",
         str(THREADS), "--repeat", str(PASSES), "--format", "json", "--quiet"], check=True, capture_output=True)
    return json.loads(output.stdout)


def profile_texts(diptych, folder, precision, texts, batch, work):
    """One run of `diptych profile` over `texts`, `batch` at a time, each of its own length."""
    file = work / "profile-texts.txt"
    file.write_text("".join(text + "\n" for text in texts))
    output = subprocess.run(
        [diptych, "profile", "--model", folder, "--precision", precision, "--batch", str(batch), "--threads",
         str(THREADS), "--repeat", str(PASSES), "--texts", file, "--format", "json", "--quiet"], check=True,
        capture_output=True)
    return json.loads(output.stdout)


def wall_time(arguments):
    """Runs a process to its end: wall-clock seconds."""
    start = time.perf_counter()
    subprocess.run(arguments, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return time.perf_counter() - start


def peak_memory(arguments):
    """Runs a process to its end: its peak resident bytes, as the kernel keeps them.

    Read while it runs: what wait4 reports afterwards begins with this script's own size, from before the exec.
    """
    process = subprocess.Popen(arguments, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    peak = 0
    while process.poll() is None:
        try:
            status = pathlib.Path(f"/proc/{process.pid}/status").read_text()
            if pathlib.Path(f"/proc/{process.pid}/exe").resolve().name == pathlib.Path(arguments[0]).name:
                peak = max([peak, *(int(line.split()[1]) * 1024 for line in status.splitlines() if line.startswith("VmHWM"))])
        except OSError:
            pass
        time.sleep(0.002)
    assert process.returncode == 0, arguments
    return peak


def cosine_loss(a, b):
    a, b = np.asarray(a, np.float64), np.asarray(b, np.float64)
    return float((1 - (a * b).sum(1) / np.linalg.norm(a, axis=1) / np.linalg.norm(b, axis=1)).max())


def embed(diptych, folder, precision, files, work):
    output = work / "bench.npy"
    subprocess.run([diptych, "embed", "--model", folder, "--precision", precision, "--threads", str(THREADS), "--quiet",
                    "--output", output, *[a for f in files for a in ("--image", f)]], check=True)
    return np.load(output)
