"""A full training step of Diptych and of a plain PyTorch loop over Chinese-CLIP's own model, in turn in one run.

Full size, random weights, batch 32, captions of 3 to 20 tokens; the loop pads texts as cn_clip does. Each runs alone, STEPS steps of which
the first is left out; the rounds alternate. Prints pairs/s, the ratio, the share of a step that loading takes, and peak memory.

    training.py DIPTYCH [--model ViT-B-16|RN50] [--precision fp32|amp] [--rounds 2] [--steps 4] [--batch 32] [--threads 2]
"""
import argparse
import json
import os
import random
import re
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

TEXT = {"ViT-B-16": "RoBERTa-wwm-ext-base-chinese", "RN50": "RBT3-chinese"}


def build(name):
    from cn_clip.clip.model import CLIP
    import cn_clip.clip
    folder = os.path.join(os.path.dirname(cn_clip.clip.__file__), "model_configs")
    info = json.load(open(os.path.join(folder, f"{name}.json")))
    if isinstance(info["vision_layers"], str):
        info["vision_layers"] = json.loads(info["vision_layers"])
    info.update(json.load(open(os.path.join(folder, f"{TEXT[name]}.json"))))
    import torch
    torch.manual_seed(1)
    return CLIP(**info).float()


def prepare(name, folder, pairs):
    """A checkpoint of random weights with its vocabulary, and an LMDB."""
    import base64
    import io
    import pickle
    import cn_clip.clip
    import lmdb
    import numpy as np
    import torch
    from PIL import Image
    model = build(name)
    torch.save({"state_dict": {"module." + k: v for k, v in model.state_dict().items()}}, os.path.join(folder, "model.pt"))
    shutil.copy(os.path.join(os.path.dirname(cn_clip.clip.__file__), "vocab.txt"), folder)
    rng = random.Random(3)
    characters = [chr(c) for c in range(0x4E00, 0x4E00 + 3000)]
    images = lmdb.open(os.path.join(folder, "train", "imgs"), map_size=1 << 30, subdir=True) if os.makedirs(
        os.path.join(folder, "train"), exist_ok=True) is None else None
    texts = lmdb.open(os.path.join(folder, "train", "pairs"), map_size=1 << 28)
    with images.begin(write=True) as txn, texts.begin(write=True) as other:
        for number in range(pairs):
            array = np.random.default_rng(number).integers(0, 256, (20, 20, 3), np.uint8)
            out = io.BytesIO()
            Image.fromarray(array).resize((320, 240), Image.BICUBIC).save(out, "JPEG", quality=90)
            txn.put(str(number).encode(), base64.b64encode(out.getvalue()))
            text = "".join(rng.choice(characters) for _ in range(rng.randint(1, 18)))
            other.put(str(number).encode(), pickle.dumps((number, number, text)))
        txn.put(b"num_images", str(pairs).encode())
        other.put(b"num_samples", str(pairs).encode())
    images.close()
    texts.close()


def peer(arguments):
    """The PyTorch loop: prints the seconds of each step and the peak memory."""
    import torch
    torch.set_num_threads(arguments.threads)
    import cn_clip.training.data as data
    model = build(arguments.model).train()
    for module in model.modules():
        if isinstance(module, torch.nn.Dropout):
            module.p = 0.0
    source = data.LMDBDataset(os.path.join(arguments.peer, "train"), split="train", max_txt_length=52, resolution=224)
    order = torch.randperm(len(source), generator=torch.Generator().manual_seed(123)).tolist()
    exclude = lambda n: "bn" in n or "ln" in n or "bias" in n or "logit_scale" in n
    named = list(model.named_parameters())
    optimizer = torch.optim.AdamW(
        [{"params": [p for n, p in named if exclude(n)], "weight_decay": 0.0},
         {"params": [p for n, p in named if not exclude(n)], "weight_decay": 0.2}], lr=5e-5, betas=(0.9, 0.98), eps=1e-6)
    loader = torch.utils.data.DataLoader(
        torch.utils.data.Subset(source, order), batch_size=arguments.batch, num_workers=1)
    seconds, end = [], time.perf_counter()
    for step, (images, texts, _) in enumerate(loader):
        if step == arguments.steps:
            break
        optimizer.zero_grad()
        with torch.autocast("cpu", torch.bfloat16, enabled=arguments.precision == "amp"):
            image, text, scale = model(images, texts)
            logits = scale * image @ text.t()
            target = torch.arange(len(logits))
            loss = (torch.nn.functional.cross_entropy(logits, target) + torch.nn.functional.cross_entropy(logits.t(), target)) / 2
        loss.backward()
        optimizer.step()
        seconds.append(time.perf_counter() - end)
        end = time.perf_counter()
    print(json.dumps({"seconds": seconds[1:], "loss": loss.item(),
                      "memory": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024}))


def own(arguments, folder):
    """Diptych's loop: the same, of its log."""
    logs = os.path.join(folder, "logs")
    shutil.rmtree(logs, ignore_errors=True)
    process = subprocess.Popen(
        [arguments.diptych, "train", "--model", os.path.join(folder, "model.pt"), "--train-data", os.path.join(folder, "train"),
         "--batch-size", str(arguments.batch), "--max-steps", str(arguments.steps), "--log-interval", "1", "--precision",
         arguments.precision, "--threads", str(arguments.threads), "--dropout", "0", "--lr", "5e-5", "--beta2", "0.98", "--eps", "1e-6",
         "--warmup", "0", "--lr-scheduler", "const", "--num-workers", "1", "--save-epoch-frequency", "0", "--logs", logs, "--name", "bench"],
        stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True)
    errors = process.stderr.read()
    _, process.returncode, usage = os.wait4(process.pid, 0)
    steps = re.findall(r"Loss: ([\d.]+) .*Data Time: ([\d.]+)s \| Batch Time: ([\d.]+)s", errors)
    if process.returncode or not steps:
        sys.exit(errors[-800:])
    return {"seconds": [float(s[2]) for s in steps[1:]], "data": [float(s[1]) for s in steps[1:]], "loss": float(steps[-1][0]),
            "memory": usage.ru_maxrss / 1024}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("diptych")
    parser.add_argument("--model", default="ViT-B-16", choices=TEXT)
    parser.add_argument("--precision", default="fp32", choices=["fp32", "amp"])
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--steps", type=int, default=4)
    parser.add_argument("--batch", type=int, default=32)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--peer", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.peer:
        return peer(arguments)
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run([sys.executable, "-c", "import sys; sys.path.insert(0, sys.argv[1]); import training; training.prepare(sys.argv[2], "
                        "sys.argv[3], int(sys.argv[4]))", os.path.dirname(os.path.abspath(__file__)), arguments.model, folder,
                        str(arguments.batch * (arguments.steps + 1))], check=True)
        results = {"PyTorch": [], "Diptych": []}
        for _ in range(arguments.rounds):
            output = subprocess.run([sys.executable, *sys.argv, "--peer", folder], capture_output=True, text=True, check=True).stdout
            results["PyTorch"].append(json.loads(output.splitlines()[-1]))
            results["Diptych"].append(own(arguments, folder))
        print(f"{arguments.model}, batch {arguments.batch}, {arguments.precision}, {arguments.threads} threads, "
              f"{arguments.rounds} rounds of {arguments.steps} steps")
        speeds = {}
        for name, rounds in results.items():
            step = statistics.median(s for r in rounds for s in r["seconds"])
            speeds[name] = arguments.batch / step
            print(f"{name}: {speeds[name]:.3f} pairs/s (median step {step:.2f} s), peak memory "
                  f"{max(r['memory'] for r in rounds):.0f} MiB, last loss {rounds[-1]['loss']:.4f}")
        loading = statistics.median(d / s for r in results["Diptych"] for d, s in zip(r["data"], r["seconds"]))
        print(f"ratio {speeds['Diptych'] / speeds['PyTorch']:.3f}; loading {100 * loading:.1f} % of a step")


if __name__ == "__main__":
    main()
