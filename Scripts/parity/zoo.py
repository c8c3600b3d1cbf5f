"""Every public architecture at full size with seeded random weights, written as its project publishes it, and the project's own
code to compute with it.

`MODELS` maps a name to a function of a folder that writes the model there and gives a `Reference`: the path for `--model`, the
features of picture files and of texts, and the worst 1 - cosine that is allowed in bf16.
"""
import dataclasses
import gzip
import json
import pathlib
import shutil
import sys
from typing import Callable

import torch

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "fixtures"))
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

import models
from weights import calibrate, randomise

FIXTURES = pathlib.Path(__file__).resolve().parents[2] / "Tests/DiptychTokenizersTests/Fixtures"


@dataclasses.dataclass
class Reference:
    layout: str
    path: pathlib.Path
    pictures: Callable
    texts: Callable | None
    bf16: float = 2e-3
    model: torch.nn.Module | None = None
    # What its files do not say.
    options: tuple[str, ...] = ()


def prepare(model, run_image, size, seed):
    """Random weights at which every layer matters, and residual networks whose features differ between pictures."""
    generator = torch.Generator().manual_seed(seed)
    randomise(model, generator, gain=1.5, spread=0.2)
    calibrate(model, generator, run_image, size, batches=1, count=4)
    return model.eval()


def fp16(model):
    """Rounds to fp16 what OpenAI's archives hold in fp16, so that the reference computes with what the file holds."""
    narrow = {n for n, p in model.named_parameters() if p.dim() > 1 and "embedding" not in n}
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if name in narrow:
                parameter.copy_(parameter.half().float())
    return narrow


def vit(width, layers, patch, size, **more):
    return dict(image_size=size, layers=layers, width=width, patch_size=patch, **more)


def resnet(layers, width, size):
    return dict(image_size=size, layers=list(layers), width=width, patch_size=None)


def text(width, layers=12):
    return dict(context_length=77, vocab_size=49408, width=width, heads=width // 64, layers=layers)


def openclip_model(dimension, vision, text_size, quick, seed):
    from open_clip.model import CLIP
    model = CLIP(embed_dim=dimension, vision_cfg=vision, text_cfg=text_size, quick_gelu=quick)
    return prepare(model, lambda p: model.encode_image(p), vision["image_size"], seed)


def openclip_reference(model, layout, path, size, limit):
    from open_clip import SimpleTokenizer
    from open_clip.transform import image_transform
    from PIL import Image
    transform, tokenizer = image_transform(size, is_train=False), SimpleTokenizer()
    return Reference(
        layout, path, lambda file: model.encode_image(transform(Image.open(file)).unsqueeze(0)),
        lambda string: model.encode_text(tokenizer([string])), limit, model)


def original_vocabulary(folder):
    from open_clip.tokenizer import default_bpe
    shutil.copy(default_bpe(), folder / "bpe_simple_vocab_16e6.txt.gz")


class Traced(torch.nn.Module):
    """Gives an archive the methods and the three sizes that OpenAI's have, under the model's own names."""

    def __init__(self, model, size):
        super().__init__()
        for name, child in model.named_children():
            setattr(self, name, child)
        for name, parameter in model.named_parameters(recurse=False):
            setattr(self, name, parameter)
        for name, value in (("input_resolution", size), ("context_length", 77), ("vocab_size", 49408)):
            self.register_buffer(name, torch.tensor(value))

    def encode_image(self, image):
        return self.visual(image)


def openai(dimension, vision, width, seed=0):
    """As OpenAI publishes: a TorchScript archive with matrices in fp16, without any configuration."""
    def make(folder):
        model = openclip_model(dimension, vision, text(width), True, seed)
        narrow = fp16(model)
        original_vocabulary(folder)
        size = vision["image_size"]
        with torch.no_grad():
            archive = torch.jit.trace_module(
                Traced(model, size), {"encode_image": torch.zeros(1, 3, size, size)}, check_trace=False)
        held = [p for n, p in archive.named_parameters() if n in narrow]  # shared with the model
        for parameter in held:
            parameter.data = parameter.data.half()
        archive.save(str(folder / "model.pt"))
        for parameter in held:
            parameter.data = parameter.data.float()
        is_resnet = isinstance(vision["layers"], list)
        return openclip_reference(
            model, "TorchScript fp16", folder / "model.pt", size, 5e-3 if is_resnet else 2e-3)
    return make


def openclip(dimension, vision, text_size, quick, seed=0):
    """As open_clip publishes: a directory with open_clip_config.json and safetensors."""
    def make(folder):
        from safetensors.torch import save_file
        model = openclip_model(dimension, vision, text_size, quick, seed)
        save_file({k: v.contiguous() for k, v in model.state_dict().items()}, folder / "open_clip_model.safetensors")
        original_vocabulary(folder)
        (folder / "open_clip_config.json").write_text(json.dumps({
            "model_cfg": {"embed_dim": dimension, "quick_gelu": quick, "vision_cfg": vision, "text_cfg": text_size}}))
        is_resnet = isinstance(vision["layers"], list)
        return openclip_reference(
            model, "open_clip directory", folder, vision["image_size"], 5e-3 if is_resnet else 2e-3)
    return make


def openclip_state_dict(dimension, vision, text_size, quick, seed=0):
    """As people save it: a state dict and a vocabulary, no configuration; the width of its heads stands in no shape."""
    def make(folder):
        model = openclip_model(dimension, vision, text_size, quick, seed)
        torch.save(model.state_dict(), folder / "model.pt")
        original_vocabulary(folder)
        reference = openclip_reference(model, "open_clip state dict", folder / "model.pt", vision["image_size"], 2e-3)
        reference.options = ("--activation", "quick_gelu" if quick else "gelu")
        return reference
    return make


def chinese(vision_name, text_name, seed=0):
    """As Chinese-CLIP publishes: torch.save of {"epoch", "state_dict": {"module.…"}}."""
    def make(folder):
        import cn_clip.clip as clip
        from cn_clip.clip.utils import image_transform
        from cn_clip.clip.model import CLIP
        from PIL import Image
        configs = pathlib.Path(clip.__file__).parent / "model_configs"
        info = {}
        for name in (vision_name, text_name):
            info.update(json.loads((configs / f"{name}.json").read_text()))
        if isinstance(info["vision_layers"], str):
            info["vision_layers"] = json.loads(info["vision_layers"])
        model = CLIP(**info).float()
        size = info["image_resolution"]
        prepare(model, lambda p: model.encode_image(p), size, seed)
        narrow = fp16(model)
        state = {f"module.{k}": v.half() if k in narrow else v for k, v in model.state_dict().items()}
        torch.save({"epoch": 15, "step": 1, "name": "parity", "state_dict": state}, folder / "model.pt")
        shutil.copy(pathlib.Path(clip.__file__).parent / "vocab.txt", folder / "vocab.txt")
        transform = image_transform(size)
        return Reference(
            "torch.save fp16", folder / "model.pt",
            lambda file: model.encode_image(transform(Image.open(file)).unsqueeze(0)),
            lambda string: model.encode_text(clip.tokenize([string])), 5e-3 if vision_name.startswith("RN") else 2e-3)
    return make


def hugging_face_clip(name):
    def make(folder):
        from PIL import Image
        from transformers import AutoTokenizer, CLIPModel
        from transformers.models.clip.image_processing_pil_clip import CLIPImageProcessorPil
        made = models.make(name, folder.parent, gain=1.5, spread=0.2)
        model = CLIPModel.from_pretrained(made, dtype=torch.float32).eval()
        tokenizer, processor = AutoTokenizer.from_pretrained(made), CLIPImageProcessorPil.from_pretrained(made)
        return Reference(
            "Hugging Face directory", made,
            lambda file: model.get_image_features(
                processor(images=Image.open(file), return_tensors="pt")["pixel_values"]).pooler_output,
            lambda string: model.get_text_features(
                tokenizer(string, truncation=True, return_tensors="pt")["input_ids"]).pooler_output)
    return make


def hugging_face_chinese(folder, seed=0):
    from cn_clip.clip import __file__ as place
    from PIL import Image
    from transformers import BertTokenizerFast, ChineseCLIPConfig, ChineseCLIPModel
    from transformers.models.chinese_clip.image_processing_pil_chinese_clip import ChineseCLIPImageProcessorPil
    config = ChineseCLIPConfig(text_config=dict(vocab_size=21128), vision_config=dict(patch_size=16))
    model = ChineseCLIPModel(config)
    prepare(model, None, 224, seed)
    model.save_pretrained(folder)
    shutil.copy(pathlib.Path(place).parent / "vocab.txt", folder / "vocab.txt")
    processor = ChineseCLIPImageProcessorPil(size={"height": 224, "width": 224}, do_center_crop=False)
    processor.save_pretrained(folder)
    tokenizer = BertTokenizerFast(str(folder / "vocab.txt"), do_lower_case=True)
    return Reference(
        "Hugging Face directory", folder,
        lambda file: model.get_image_features(
            processor(images=Image.open(file), return_tensors="pt")["pixel_values"]).pooler_output,
        lambda string: model.get_text_features(
            **tokenizer(string, truncation=True, max_length=52, return_tensors="pt")).pooler_output)


def siglip(tokenizer_folder, vocabulary, seed=0):
    def make(folder):
        from PIL import Image
        from siglip_tokenizer import fast_tokenizer
        from transformers import SiglipConfig, SiglipModel
        from transformers.models.siglip.image_processing_pil_siglip import SiglipImageProcessorPil
        for file in (FIXTURES / tokenizer_folder).iterdir():
            if file.name == "tokenizer.json.gz":
                (folder / "tokenizer.json").write_bytes(gzip.decompress(file.read_bytes()))
            elif file.suffix == ".json":
                shutil.copy(file, folder)
        model = SiglipModel(SiglipConfig(text_config=dict(vocab_size=vocabulary)))
        prepare(model, None, 224, seed)
        model.save_pretrained(folder)
        processor = SiglipImageProcessorPil()
        processor.save_pretrained(folder)
        tokenizer = fast_tokenizer(folder)
        return Reference(
            "Hugging Face directory", folder,
            lambda file: model.get_image_features(
                processor(images=Image.open(file), return_tensors="pt")["pixel_values"]).pooler_output,
            lambda string: model.get_text_features(tokenizer(
                string, padding="max_length", truncation=True, max_length=64,
                return_tensors="pt")["input_ids"]).pooler_output)
    return make


def torchvision_resnet50(folder):
    """As torchvision publishes: a state dict, classifier included."""
    from PIL import Image
    from torchvision.models import ResNet50_Weights, resnet50
    model = resnet50()
    prepare(model, model, 224, 0)
    torch.save(model.state_dict(), folder / "resnet50.pth")
    model.fc = torch.nn.Identity()
    transform = ResNet50_Weights.IMAGENET1K_V1.transforms()
    return Reference(
        "state dict", folder / "resnet50.pth",
        lambda file: model(transform(Image.open(file).convert("RGB")).unsqueeze(0)), None, 5e-3)


BASE, LARGE, RBT3 = "RoBERTa-wwm-ext-base-chinese", "RoBERTa-wwm-ext-large-chinese", "RBT3-chinese"
MODELS = {
    "OpenAI RN50": openai(1024, resnet((3, 4, 6, 3), 64, 224), 512),
    "OpenAI RN101": openai(512, resnet((3, 4, 23, 3), 64, 224), 512),
    "OpenAI RN50x4": openai(640, resnet((4, 6, 10, 6), 80, 288), 640),
    "OpenAI RN50x16": openai(768, resnet((6, 8, 18, 8), 96, 384), 768),
    "OpenAI RN50x64": openai(1024, resnet((3, 15, 36, 10), 128, 448), 1024),
    "OpenAI ViT-B/32": openai(512, vit(768, 12, 32, 224), 512),
    "OpenAI ViT-B/16": openai(512, vit(768, 12, 16, 224), 512),
    "OpenAI ViT-L/14": openai(768, vit(1024, 24, 14, 224), 768),
    "OpenAI ViT-L/14@336px": openai(768, vit(1024, 24, 14, 336), 768),
    "Chinese-CLIP RN50": chinese("RN50", RBT3),
    "Chinese-CLIP ViT-B-16": chinese("ViT-B-16", BASE),
    "Chinese-CLIP ViT-L-14": chinese("ViT-L-14", BASE),
    "Chinese-CLIP ViT-L-14-336": chinese("ViT-L-14-336", BASE),
    "Chinese-CLIP ViT-H-14": chinese("ViT-H-14", LARGE),
    "Hugging Face CLIP ViT-B/32": hugging_face_clip("vit-b-32"),
    "Hugging Face CLIP ViT-L/14@336": hugging_face_clip("vit-l-14-336"),
    "Hugging Face Chinese-CLIP ViT-B/16": hugging_face_chinese,
    "open_clip ViT-B-32": openclip(512, vit(768, 12, 32, 224), text(512), False),
    "open_clip ViT-B-16-quickgelu": openclip(512, vit(768, 12, 16, 224), text(512), True),
    "open_clip RN50": openclip(1024, resnet((3, 4, 6, 3), 64, 224), text(512), False),
    "open_clip ViT-H-14": openclip(1024, vit(1280, 32, 14, 224, head_width=80), text(1024, 24), False),
    "open_clip ViT-g-14": openclip_state_dict(
        1024, vit(1408, 40, 14, 224, head_width=88, mlp_ratio=4.3637), text(1024, 24), False),
    "torchvision ResNet-50": torchvision_resnet50,
    "SigLIP base patch16-224": siglip("unigram", 32000),
    "SigLIP 2 base patch16-224": siglip("gemma", 256000),
}
