"""OpenAI's own Python client, unmodified."""
import base64
import json
import math
import subprocess

import openai
import pytest

from conftest import DIPTYCH

TEXTS = ["a red circle", "two blue squares on the left", "一只猫"]


def command_line(*arguments):
    """The embeddings that the command line gives."""
    output = subprocess.run([DIPTYCH, "embed", *arguments, "--quiet"], check=True, capture_output=True, text=True)
    return [json.loads(line)["embedding"] for line in output.stdout.splitlines()]


def same(a, b):
    return len(a) == len(b) and max(abs(x - y) for x, y in zip(a, b)) < 1e-5


@pytest.fixture(scope="session")
def client(server):
    return openai.OpenAI(base_url=f"{server}/v1", api_key="none is needed")


# The client asks for base64 by itself and unpacks it, unless it is told otherwise.
@pytest.mark.parametrize("encoding", [openai.NOT_GIVEN, "float", "base64"])
def test_texts(client, encoding):
    answer = client.embeddings.create(model="demo", input=TEXTS, encoding_format=encoding)
    expected = command_line(*[part for text in TEXTS for part in ("--text", text)])
    for one, other in zip(answer.data, expected, strict=True):
        values = one.embedding
        if isinstance(values, str):
            import array

            values = array.array("f", base64.b64decode(values)).tolist()
        assert same(values, other)
        assert math.isclose(sum(v * v for v in values), 1, abs_tol=1e-5)
    assert answer.usage.prompt_tokens == answer.usage.total_tokens > len(TEXTS)


def test_one_text(client):
    assert len(client.embeddings.create(model="demo", input="a cat").data) == 1


def test_pictures(client, pictures):
    uris = ["data:image/jpeg;base64," + base64.b64encode(p.read_bytes()).decode() for p in pictures[:3]]
    answer = client.embeddings.create(model="demo", input=uris, extra_body={"modality": "image"})
    for one, other in zip(answer.data, command_line(*[x for p in pictures[:3] for x in ("--image", p)]), strict=True):
        assert same(one.embedding, other)


def test_models(client):
    assert [model.id for model in client.models.list()] == ["demo"]


def test_errors_are_understood(client):
    with pytest.raises(openai.NotFoundError, match="demo"):
        client.embeddings.create(model="text-embedding-3-small", input="a")
    with pytest.raises(openai.BadRequestError, match="empty"):
        client.embeddings.create(model="demo", input=["a", " "])
