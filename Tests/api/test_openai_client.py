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
        client.embeddings.create(model="demo", input=["a", ""])


def test_token_ids(client):
    def ids(text):
        output = subprocess.run([DIPTYCH, "tokenize", text, "--quiet"], check=True, capture_output=True, text=True)
        return json.loads(output.stdout)["ids"]

    whole = [ids(text) for text in TEXTS]
    expected = client.embeddings.create(model="demo", input=TEXTS).data
    # With the start and the end that every text has, and without either or both.
    for lists in [whole, [one[1:-1] for one in whole], [one[1:] for one in whole], [one[:-1] for one in whole]]:
        answer = client.embeddings.create(model="demo", input=lists)
        assert all(same(one.embedding, other.embedding) for one, other in zip(answer.data, expected, strict=True))
        assert answer.usage.prompt_tokens == sum(map(len, whole))
    answer = client.embeddings.create(model="demo", input=whole[0])
    assert len(answer.data) == 1 and same(answer.data[0].embedding, expected[0].embedding)


def test_token_ids_that_are_wrong(client):
    for wrong, code in [([10**6], "invalid_value"), ([-1], "invalid_value"), ([2**63], "invalid_value"), ([1.5], "invalid_value"), ([[5], []], "invalid_value"), ([[]], "invalid_value"),
                        ([5] * 1000, "context_length_exceeded"), ([[5], [5] * 76], "context_length_exceeded"), ([[5], "a"], "invalid_value"), ([5, "a"], "invalid_value"), ([[[5]]], "invalid_value")]:
        with pytest.raises(openai.BadRequestError) as error:
            client.embeddings.create(model="demo", input=wrong)
        assert error.value.code == code and error.value.param == "input", (wrong, error.value)


def test_many_token_ids(client):
    # As many as fit: 2,048 texts as long as the model's context.
    answer = client.embeddings.create(model="demo", input=[[5 + i % 1000] * 30 for i in range(2048)])
    assert len(answer.data) == 2048


def test_white_space_is_a_text(client):
    expected = command_line("--text", "a")
    for text in [" ", "\n", "\u3000"]:
        values = client.embeddings.create(model="demo", input=text).data[0].embedding
        assert len(values) == len(expected[0])
    assert len(client.embeddings.create(model="demo", input=["a", " "]).data) == 2


def test_one_model(client):
    assert client.models.retrieve("demo").model_dump().items() >= {"id": "demo", "object": "model", "created": 0, "owned_by": "diptych"}.items()
    for name in ["gpt-4o", "de mo", "a/b", "démo", "demo%"]:
        with pytest.raises(openai.NotFoundError) as error:
            client.models.retrieve(name)
        assert error.value.code == "model_not_found" and name in str(error.value)


def test_codes_of_errors(client):
    for call, type, code, param in [
        (lambda: client.embeddings.create(model="text-embedding-3-small", input="a"), openai.NotFoundError, "model_not_found", "model"),
        (lambda: client.embeddings.create(model="demo", input=""), openai.BadRequestError, "invalid_value", "input"),
        (lambda: client.embeddings.create(model="demo", input=[]), openai.BadRequestError, "invalid_value", "input"),
        (lambda: client.embeddings.create(model="demo", input="a", dimensions=3), openai.BadRequestError, "invalid_value", "dimensions"),
        (lambda: client.embeddings.create(model="demo", input="a", encoding_format="hex"), openai.BadRequestError, "invalid_value", "encoding_format"),
        (lambda: client.embeddings.create(model="demo", input="a", extra_body={"truncate": True}), openai.BadRequestError, "unknown_parameter", "truncate"),
    ]:
        with pytest.raises(type) as error:
            call()
        assert (error.value.code, error.value.param, error.value.type) == (code, param, "invalid_request_error")
        # Both kinds of clients can read it.
        said = error.value.response.json()
        assert said["detail"] == said["error"]["message"] and said["status"] == error.value.status_code and said["title"]
    # What its client can send besides.
    assert client.embeddings.create(model="demo", input="a", user="u", dimensions=128, encoding_format="float").data


def test_a_wrong_key(tmp_path):
    from conftest import ended, started

    line = subprocess.run([DIPTYCH, "keys", "reader", "--scope", "read"], check=True, capture_output=True, text=True)
    (tmp_path / "keys.txt").write_text(line.stdout)
    process, address = started(tmp_path / "log", "--port", "0", "--api-key-file", tmp_path / "keys.txt", "--strict-length")
    try:
        with pytest.raises(openai.AuthenticationError) as error:
            openai.OpenAI(base_url=f"{address}/v1", api_key="sk-none").embeddings.create(model="demo", input="a")
        assert error.value.code == "invalid_api_key" and error.value.type == "invalid_request_error"
        # The key stands behind the last space of what is said.
        key = next(word for word in line.stderr.split() if word.startswith("dk_"))
        right = openai.OpenAI(base_url=f"{address}/v1", api_key=key)
        with pytest.raises(openai.BadRequestError) as error:
            right.embeddings.create(model="demo", input="a " * 500)
        assert error.value.code == "context_length_exceeded"
        with pytest.raises(openai.PermissionDeniedError) as error:
            right.post("/items", body={"url": "data:,"}, cast_to=object)
        assert error.value.code == "insufficient_permissions"
    finally:
        ended(process)


def test_what_was_cut(client):
    long = "red circle " * 200
    answer = client.embeddings.create(model="demo", input=["a", long])
    said = json.loads(subprocess.run([DIPTYCH, "tokenize", long, "--quiet"], check=True, capture_output=True, text=True).stdout)
    assert said["truncated"] > 300
    assert answer.data[1].truncated == said["truncated"] and not hasattr(answer.data[0], "truncated")
