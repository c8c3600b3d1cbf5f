"""The same API written with FastAPI and transformers, as a backend team would begin: what `make bench-serve` compares with.

DIPTYCH_BENCH_MODEL names the model's folder. Started by serve.py as `uvicorn reference:app`.
"""
import base64
import io
import os
import threading

import torch
from fastapi import FastAPI
from PIL import Image
from pydantic import BaseModel
from transformers import CLIPModel, CLIPTokenizer
from transformers.models.clip.image_processing_pil_clip import CLIPImageProcessorPil

torch.set_num_threads(2)
folder = os.environ["DIPTYCH_BENCH_MODEL"]
model = CLIPModel.from_pretrained(folder).eval()
tokenizer = CLIPTokenizer.from_pretrained(folder)
processor = CLIPImageProcessorPil.from_pretrained(folder)
# One forward pass at a time: passes of several threads at once take the cores from each other.
turn = threading.Lock()
app = FastAPI()


def unit(features):
    return features / features.norm(dim=-1, keepdim=True)


def texts(values):
    tokens = tokenizer(values, padding=True, truncation=True, return_tensors="pt")
    with turn, torch.inference_mode():
        return unit(model.get_text_features(**tokens).pooler_output)


def picture(uri):
    return Image.open(io.BytesIO(base64.b64decode(uri.split(",", 1)[1]))).convert("RGB")


def pictures(values):
    pixels = processor(images=[picture(value) for value in values], return_tensors="pt")["pixel_values"]
    with turn, torch.inference_mode():
        return unit(model.get_image_features(pixel_values=pixels).pooler_output)


class Similarity(BaseModel):
    query: str
    candidates: list[str]


class Embeddings(BaseModel):
    input: str | list[str]
    modality: str = "text"
    encoding_format: str = "float"


@app.get("/ready")
def ready():
    return {"status": "ready"}


@app.post("/similarity")
def similarity(body: Similarity):
    embedded = texts([body.query] + body.candidates)
    scores = (embedded[1:] @ embedded[0]).tolist()
    ranked = sorted(zip(body.candidates, scores), key=lambda pair: -pair[1])
    return {"similarities": ranked}


@app.post("/v1/embeddings")
def embeddings(body: Embeddings):
    values = body.input if isinstance(body.input, list) else [body.input]
    rows = pictures(values) if body.modality == "image" else texts(values)

    def written(row):
        return base64.b64encode(row.numpy().tobytes()).decode() if body.encoding_format == "base64" else row.tolist()

    return {"object": "list", "model": folder,
            "data": [{"object": "embedding", "index": i, "embedding": written(row)} for i, row in enumerate(rows)]}
