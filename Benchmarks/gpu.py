"""What needs a GPU, in one run: features on CUDA beside those of the processor, and a training step beside open_clip's eager loop.

A ViT-B/16 of random weights at full size, bf16, on the same pairs. Prints 1 - cosine, pairs/s of both, their ratio, and the share of the
bf16 rate that a large product of matrices attains on this GPU in the same run. Where there is no GPU it says so, and does nothing.

    gpu.py DIPTYCH [--batch 256] [--steps 12] [--device cuda] [--model ViT-B-16]

`--device cpu` with a small --batch tries the script itself on a machine without a GPU.
"""
import argparse
import json
import os
import random
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time


def write_model(name, folder):
    """open_clip's layout, which Diptych loads."""
    import open_clip
    import torch
    torch.manual_seed(0)
    model = open_clip.create_model(name, pretrained=None)
    os.makedirs(folder)
    torch.save(model.state_dict(), os.path.join(folder, "open_clip_pytorch_model.bin"))
    with open(os.path.join(folder, "open_clip_config.json"), "w") as file:
        json.dump({"model_cfg": open_clip.get_model_config(name), "preprocess_cfg": {
            "mean": open_clip.OPENAI_DATASET_MEAN, "std": open_clip.OPENAI_DATASET_STD, "interpolation": "bicubic", "resize_mode": "shortest",
            "size": [224, 224], "mode": "RGB"}}, file)
    shutil.copy(os.path.join(os.path.dirname(open_clip.__file__), "bpe_simple_vocab_16e6.txt.gz"), folder)


def write_pairs(folder, count):
    """A table of images and texts, as open_clip reads it; each image stands for several pairs."""
    import numpy
    from PIL import Image
    os.makedirs(folder)
    rng, words = random.Random(1), "red green blue star ring square small large left right photo of a the".split()
    images = min(count, 512)
    for number in range(images):
        array = numpy.random.default_rng(number).integers(0, 256, (20, 20, 3), numpy.uint8)
        Image.fromarray(array).resize((256, 224), Image.BICUBIC).save(os.path.join(folder, f"{number}.jpg"), quality=90)
    path = os.path.join(folder, "pairs.csv")
    with open(path, "w") as file:
        file.write("filepath,title\n")
        for number in range(count):
            file.write(f"{folder}/{number % images}.jpg,{' '.join(rng.choice(words) for _ in range(rng.randrange(2, 18)))}\n")
    return path


def peer(arguments):
    """open_clip's loop: its data set, transform, loss and optimiser, under autocast."""
    import open_clip
    import torch
    from open_clip_train.data import CsvDataset
    model = open_clip.create_model(arguments.model, pretrained=None).to(arguments.device).train()
    transform = open_clip.image_transform(224, is_train=False, mean=open_clip.OPENAI_DATASET_MEAN, std=open_clip.OPENAI_DATASET_STD)
    data = CsvDataset(arguments.peer, transform, "filepath", "title", sep=",", tokenizer=open_clip.get_tokenizer(arguments.model))
    loader = torch.utils.data.DataLoader(
        data, batch_size=arguments.batch, shuffle=True, num_workers=arguments.workers, pin_memory=arguments.device != "cpu", drop_last=True)
    optimizer = torch.optim.AdamW(model.parameters(), lr=5e-5, betas=(0.9, 0.98), eps=1e-6)
    loss_of, seconds = open_clip.ClipLoss(), []
    wait = torch.cuda.synchronize if arguments.device != "cpu" else lambda: None
    end = time.perf_counter()
    for images, texts in loader:
        images = images.to(arguments.device, non_blocking=True)
        texts = texts.to(arguments.device, non_blocking=True)
        optimizer.zero_grad()
        with torch.autocast(arguments.device.split(":")[0], torch.bfloat16):
            loss = loss_of(*model(images, texts)[:3])
        loss.backward()
        optimizer.step()
        with torch.no_grad():
            model.logit_scale.clamp_(0, 4.6052)
        wait()
        seconds.append(time.perf_counter() - end)
        end = time.perf_counter()
    print(json.dumps(seconds))


def attainable(device):
    """The multiplications and additions a second of a product of bf16 matrices."""
    import torch
    size = 8192 if device != "cpu" else 1024
    a, b = (torch.randn(size, size, dtype=torch.bfloat16, device=device) for _ in range(2))
    wait = torch.cuda.synchronize if device != "cpu" else lambda: None
    times = []
    for _ in range(10):
        wait()
        began = time.perf_counter()
        a @ b
        wait()
        times.append(time.perf_counter() - began)
    return 2 * size ** 3 / min(times)


def features(arguments, model, table):
    """1 - cosine of images on the device and on the processor, in fp32."""
    import numpy
    images = [line.split(",")[0] for line in open(table).read().splitlines()[1:17]]
    made = []
    for engine in ("cpu", arguments.device):
        output = os.path.join(os.path.dirname(table), "features.npy")
        subprocess.run(
            [arguments.diptych, "embed", "--model", model, "--precision", "fp32", *(["--engine", engine] if engine != "cpu" else []),
             *(word for image in images for word in ("--image", image)), "--output", output, "--quiet"], check=True)
        made.append(numpy.load(output).astype(numpy.float64))
    print(f"features, fp32, {arguments.device} beside cpu: 1 - cosine {1 - (made[0] * made[1]).sum(1).min():.2g}")


def own(arguments, model, table, folder):
    result = subprocess.run(
        [arguments.diptych, "train", "--model", model, "--train-data", table, "--engine", arguments.device, "--precision", "amp",
         "--batch-size", str(arguments.batch), "--max-steps", str(arguments.steps), "--log-interval", "1", "--lr", "5e-5", "--beta2", "0.98",
         "--eps", "1e-6", "--warmup", "0", "--lr-scheduler", "const", "--num-workers", str(arguments.workers), "--save-epoch-frequency", "0", "--logs", folder,
         "--name", "run"], capture_output=True, text=True)
    seconds = [float(s) for s in re.findall(r"Batch Time: ([\d.]+)s", result.stderr)]
    if result.returncode or not seconds:
        sys.exit(result.stderr[-800:])
    return seconds


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("diptych")
    parser.add_argument("--batch", type=int, default=256)
    parser.add_argument("--steps", type=int, default=12)
    parser.add_argument("--device", default="cuda")
    parser.add_argument("--model", default="ViT-B-16")
    parser.add_argument("--workers", type=int, default=os.cpu_count())
    parser.add_argument("--peer", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.peer:
        return peer(arguments)
    engines = subprocess.run([arguments.diptych, "engine", "list"], capture_output=True, text=True).stdout
    if arguments.device != "cpu" and "cuda" not in engines:
        return print("there is no GPU that `diptych engine list` names; nothing was run")
    with tempfile.TemporaryDirectory() as folder:
        model, table = os.path.join(folder, "model"), os.path.join(folder, "pairs", "pairs.csv")
        write_model(arguments.model, model)
        write_pairs(os.path.dirname(table), arguments.batch * arguments.steps)
        features(arguments, model, table)
        output = subprocess.run([sys.executable, *sys.argv, "--peer", table], capture_output=True, text=True)
        if output.returncode:
            sys.exit(output.stderr[-800:])
        # The first steps take memory and choose algorithms.
        times = {"open_clip": json.loads(output.stdout.splitlines()[-1])[2:], "Diptych": own(arguments, model, table, folder)[2:]}
    speeds = {name: arguments.batch / statistics.median(seconds) for name, seconds in times.items()}
    # 17.6 G multiply-adds of an image and 2.98 G of a text of 77 tokens (ViT-B/16 and its text tower), twice for FLOPs; a step is three passes.
    flops = 3 * 2 * (17.6e9 + 2.98e9)
    limit = attainable(arguments.device)
    for name, speed in speeds.items():
        print(f"{name}: {speed:.1f} pairs/s, {100 * speed * flops / limit:.0f} % of {limit / 1e12:.0f} TFLOP/s")
    print(f"ratio {speeds['Diptych'] / speeds['open_clip']:.3f}")


if __name__ == "__main__":
    main()
