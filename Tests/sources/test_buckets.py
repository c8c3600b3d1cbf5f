"""s3:// and gs:// as sources of commands: lists, keys, ranges, refusals."""
import json

import pytest
from conftest import KEYS, diptych, rows


@pytest.fixture(scope="module")
def many(server):
    """A bucket of 10,000 small files and two more."""
    server.client.create_bucket(Bucket="many")
    from concurrent.futures import ThreadPoolExecutor
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda n: server.put(Bucket="many", Key=f"photos/{n % 10}/{n:05}.jpg", Body=b"\xff\xd8\xff%d" % n), range(10_000)))
    server.put(Bucket="many", Key="photos/notes.txt", Body=b"x")
    server.put(Bucket="many", Key="odd/\u732b +&%.jpg", Body=b"\xff\xd8\xff")
    return "s3://many"


@pytest.fixture(scope="module")
def album(server, pictures):
    """A bucket of drawn images and a table of them."""
    server.client.create_bucket(Bucket="album")
    for path in pictures:
        server.put(Bucket="album", Key=f"pictures/{path.name}", Body=path.read_bytes())
    table = "".join(json.dumps({"image": f"pictures/{p.name}", "caption": f"number {n}"}) + "\n" for n, p in enumerate(pictures))
    server.put(Bucket="album", Key="captions.jsonl", Body=table.encode())
    return "s3://album"


def test_ten_thousand_files_are_listed(buckets, many):
    output, _ = diptych("dataset", "show", f"{many}/photos", "--format", "jsonl", **buckets.environment)
    found = rows(output)
    assert len(found) == 10_000
    assert found[0] == {"image": "s3://many/photos/0/00000.jpg", "label": "0"} or found[0] == {"image": "s3://many/photos/0/00000.jpg"}
    lists = [r for r in buckets.gate.requests if "list-type=2" in r[2]]
    assert sum("continuation-token" in r[2] for r in lists) >= 10
    # Nothing is read of the files to list them.
    assert not [r for r in buckets.gate.requests if r[1].endswith(".jpg")]


def test_keys_of_any_characters(buckets, many, tmp_path):
    output, _ = diptych("dataset", "show", f"{many}/odd/", "--format", "jsonl", **buckets.environment)
    assert rows(output)[0]["image"] == "s3://many/odd/\u732b +&%.jpg"
    output, _ = diptych("dataset", "convert", f"{many}/odd", "--to", "chinese-clip", "--output", tmp_path / "made", **buckets.environment)
    assert ("GET", "/many/odd/\u732b +&%.jpg") in [(r[0], r[1].encode("latin-1").decode()) for r in buckets.gate.requests]


def test_requests_are_signed_as_amazons_tools_sign_them(buckets, many, tmp_path):
    environment = buckets.environment | KEYS
    diptych("dataset", "show", f"{many}/odd", "--limit", "1", **environment)
    diptych("dataset", "convert", f"{many}/odd", "--to", "chinese-clip", "--output", tmp_path / "o", **environment)
    assert len(buckets.gate.signed) >= 3 and all(buckets.gate.signed)
    # The same keys out of a file, by a profile; and none of them where that is asked for.
    credentials = tmp_path / "credentials"
    credentials.write_text("[work]\n" + "".join(f"{k.lower()} = {v}\n" for k, v in KEYS.items()))
    buckets.heal()
    diptych("dataset", "show", f"{many}/odd", AWS_PROFILE="work", AWS_SHARED_CREDENTIALS_FILE=credentials, **buckets.environment)
    assert buckets.gate.signed and all(buckets.gate.signed)
    buckets.heal()
    diptych("dataset", "show", f"{many}/odd", "--anonymous", **environment)
    diptych("dataset", "show", f"{many}/odd", AWS_NO_SIGN_REQUEST="YES", **environment)
    assert not buckets.gate.signed


def test_google_speaks_the_same(buckets, many):
    output, _ = diptych("dataset", "show", "gs://many/photos/notes", "--format", "jsonl", status=1, GS_ENDPOINT_URL=buckets.endpoint)
    output, _ = diptych("dataset", "show", "gs://many/odd", "--format", "jsonl", GS_ENDPOINT_URL=buckets.endpoint)
    assert rows(output)[0]["image"].startswith("gs://many/odd/")


def test_a_table_and_its_images_are_read_where_they_lie(buckets, album, pictures, tmp_path):
    output, _ = diptych("dataset", "show", f"{album}/captions.jsonl", "--format", "jsonl", **buckets.environment)
    assert [r["caption"] for r in rows(output)] == [f"number {n}" for n in range(12)]
    diptych("dataset", "convert", f"{album}/captions.jsonl", "--to", "chinese-clip", "--output", tmp_path / "made", **buckets.environment)
    import base64
    lines = (tmp_path / "made/train_imgs.tsv").read_text().splitlines()
    assert sorted(base64.b64decode(line.split("\t")[1]) for line in lines) == sorted(p.read_bytes() for p in pictures)
    # A table of them refers to them and copies nothing.
    diptych("dataset", "convert", f"{album}/captions.jsonl", "--to", "csv", "--output", tmp_path / "csv", **buckets.environment)
    assert f"{album}/pictures/{pictures[0].name},number 0" in (tmp_path / "csv/train.csv").read_text()


def test_other_formats_come_through(buckets, album, server, pictures, tmp_path):
    for form in ["webdataset", "parquet", "chinese-clip", "csv"]:
        made = tmp_path / form
        diptych("dataset", "convert", pictures[0].parent, "--to", form, "--output", made, *(["--copy"] if form == "csv" else []))
        for path in made.rglob("*"):
            if path.is_file():
                server.put(Bucket="album", Key=f"{form}/{path.relative_to(made)}", Body=path.read_bytes())
        here, _ = diptych("dataset", "show", made, "--format", "jsonl", "--base64")
        there, _ = diptych("dataset", "show", f"{album}/{form}", "--format", "jsonl", "--base64", **buckets.environment)
        strip = lambda text: [{k: v for k, v in r.items() if k not in ("image", "filepath") or form == "parquet"} for r in rows(text)]
        assert strip(here) == strip(there) and len(rows(there)) == 12, form
    output, _ = diptych("dataset", "show", f"{album}/webdataset/train-*.tar", "--format", "jsonl", **buckets.environment)
    assert len(rows(output)) == 12


def test_a_bucket_is_indexed_and_what_fails_is_tried_again(buckets, album, pictures, tmp_path):
    store = tmp_path / "s.store"
    buckets.fail(f"/album/pictures/{pictures[3].name}")
    buckets.fail(f"/album/pictures/{pictures[4].name}", "503 Slow Down", b"", times=2)
    _, said = diptych("index", f"{album}/pictures", "--store", store, "--format", "json", status=3, **buckets.environment)
    assert f"skipped s3://album/pictures/{pictures[3].name}: the server answers 403 (AccessDenied)" in said
    buckets.heal()
    output, _ = diptych("index", f"{album}/pictures", "--store", store, "--format", "json", **buckets.environment)
    summary = json.loads(output)
    assert summary["added"] == 1 and summary["unchanged"] == 11
    asked = [r[1] for r in buckets.gate.requests if r[0] == "GET" and r[1].endswith(".jpg")]
    assert asked == [f"/album/pictures/{pictures[3].name}"]
    found, _ = diptych("search", "a", "--store", store, "--format", "json", **buckets.environment)
    assert json.loads(found)["results"][0]["path"].startswith("s3://album/pictures/")


def test_what_cannot_be_read_is_said_and_the_rest_is_written(buckets, album, pictures, tmp_path):
    buckets.fail(f"/album/pictures/{pictures[0].name}")
    _, said = diptych("dataset", "convert", f"{album}/captions.jsonl", "--to", "webdataset", "--output", tmp_path / "w", status=3, **buckets.environment)
    assert f"captions.jsonl: line 1: s3://album/pictures/{pictures[0].name}: the server answers 403" in said
    assert "1 of 12 inputs skipped" in said
    for url, words in [("s3://nothing/a", "no such bucket"), ("s3://album/none", "no such file or folder"), ("s3://a b/c", "name of a bucket")]:
        _, said = diptych("dataset", "show", url, status=1, **buckets.environment)
        assert words in said and said.count("\n") == 1
    buckets.fail("/album", "403 Forbidden")
    _, said = diptych("dataset", "show", f"{album}/pictures", status=1, **buckets.environment)
    assert "403 (AccessDenied)" in said and "AWS_ACCESS_KEY_ID" in said
