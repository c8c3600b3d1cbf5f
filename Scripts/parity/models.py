"""Full-size CLIP directories with seeded random weights, for comparisons with the reference implementations.

No pretrained weights are needed to compare two implementations of the same arithmetic. Weights are scaled so that every
layer matters (standard deviation 1/sqrt(inputs)), which the default initialisation of transformers does not do.
"""
import json
import pathlib
import shutil
import sys

import torch
from transformers import CLIPConfig, CLIPModel

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "fixtures"))

from weights import randomise

SIZES = {
    "vit-b-32": dict(
        text=dict(hidden_size=512, intermediate_size=2048, num_attention_heads=8),
        vision=dict(hidden_size=768, intermediate_size=3072, num_hidden_layers=12, num_attention_heads=12,
                    image_size=224, patch_size=32), projection=512),
    "vit-l-14-336": dict(
        text=dict(hidden_size=768, intermediate_size=3072, num_attention_heads=12),
        vision=dict(hidden_size=1024, intermediate_size=4096, num_hidden_layers=24, num_attention_heads=16,
                    image_size=336, patch_size=14), projection=768),
}

DEMO = pathlib.Path(__file__).resolve().parents[2] / "Sources/DiptychCLI/Resources/DemoModel"


def make(name, folder, seed=0, gain=1.0, spread=0.1):
    """Writes the model directory unless it is there already, and returns its path."""
    folder = pathlib.Path(folder) / (name if gain == 1.0 else f"{name}-{gain}")
    if (folder / "complete").exists():
        return folder
    folder.mkdir(parents=True, exist_ok=True)
    size = SIZES[name]
    # The small tokeniser of the demo model serves: its ids lie inside the full-size table.
    end = json.loads((DEMO / "vocab.json").read_text())["<|endoftext|>"]
    config = CLIPConfig(text_config=dict(size["text"], num_hidden_layers=12, eos_token_id=end, bos_token_id=end - 1,
                                         pad_token_id=end),
                        vision_config=size["vision"], projection_dim=size["projection"])
    model = CLIPModel(config).eval()
    generator = torch.Generator().manual_seed(seed)
    randomise(model, generator, gain=gain, spread=spread)
    model.save_pretrained(folder)
    for file in ("vocab.json", "merges.txt", "tokenizer.json", "tokenizer_config.json"):
        if (DEMO / file).exists():
            shutil.copy(DEMO / file, folder / file)
    settings = json.loads((folder / "tokenizer_config.json").read_text())
    settings["model_max_length"] = config.text_config.max_position_embeddings
    (folder / "tokenizer_config.json").write_text(json.dumps(settings))
    side = size["vision"]["image_size"]
    (folder / "preprocessor_config.json").write_text(json.dumps({
        "image_processor_type": "CLIPImageProcessor", "do_resize": True, "size": {"shortest_edge": side}, "resample": 3,
        "do_center_crop": True, "crop_size": {"height": side, "width": side}, "do_rescale": True,
        "rescale_factor": 1 / 255, "do_normalize": True, "do_convert_rgb": True,
        "image_mean": [0.48145466, 0.4578275, 0.40821073], "image_std": [0.26862954, 0.26130258, 0.27577711]}))
    (folder / "complete").write_text("")
    return folder
