"""The program on buckets of a real server of Amazon's protocol (moto), and on lists of URLs of a server on this machine."""
import json
import os
import pathlib
import subprocess
import sys
import threading

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
DIPTYCH = os.environ.get("DIPTYCH", str(ROOT / ".build/release/diptych"))
KEYS = {"AWS_ACCESS_KEY_ID": "AKIDEXAMPLE", "AWS_SECRET_ACCESS_KEY": "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"}


def diptych(*arguments, status=0, **environment):
    """What the program prints, and what it says."""
    clean = {k: v for k, v in os.environ.items() if not k.startswith(("AWS_", "GS_")) and not k.lower().endswith("_proxy")}
    result = subprocess.run(
        [DIPTYCH, *map(str, arguments)], capture_output=True, text=True, timeout=300,
        env=clean | {"HOME": "/nonexistent"} | {k: str(v) for k, v in environment.items()})
    assert result.returncode == status, f"{arguments}: {result.returncode}\n{result.stdout[-2000:]}\n{result.stderr[-2000:]}"
    return result.stdout, result.stderr


def rows(output):
    return [json.loads(line) for line in output.splitlines()]


@pytest.fixture(scope="session")
def pictures(tmp_path_factory):
    """Paths of drawn images."""
    folder = tmp_path_factory.mktemp("pictures")
    subprocess.run([DIPTYCH, "pictures", "--count", "12", "--seed", "1", "--output", folder, "--quiet"], check=True)
    return sorted(p for p in folder.iterdir() if p.suffix == ".jpg")


class Gate:
    """A server of buckets behind a gate that counts requests, checks signatures, and fails where it is told to."""

    def __init__(self, application):
        self.application, self.requests, self.faults, self.signed = application, [], {}, []
        self.lock = threading.Lock()

    def __call__(self, environ, start_response):
        path = environ["PATH_INFO"]
        with self.lock:
            self.requests.append((environ["REQUEST_METHOD"], path, environ.get("QUERY_STRING", ""), environ.get("HTTP_RANGE")))
            if "HTTP_AUTHORIZATION" in environ:
                self.signed.append(self.is_right(environ))
            fault = next((f for f in self.faults.get(path, [])), None)
            if fault is not None and fault[1] is not None:
                self.faults[path][0] = (fault[0], fault[1] - 1) if fault[1] > 1 else None
                self.faults[path] = [f for f in self.faults[path] if f]
        if fault is not None:
            status, body = fault[0]
            start_response(status, [("Content-Type", "application/xml"), ("Content-Length", str(len(body)))])
            return [body]
        return self.application(environ, start_response)

    def is_right(self, environ):
        """Whether botocore, with the same secret, signs the request as it is signed."""
        from botocore.auth import S3SigV4Auth
        from botocore.awsrequest import AWSRequest
        from botocore.credentials import Credentials

        fields = dict(part.strip().split("=", 1) for part in environ["HTTP_AUTHORIZATION"].split(" ", 1)[1].split(","))
        headers = {}
        for name in fields["SignedHeaders"].split(";"):
            headers[name] = environ["HTTP_" + name.upper().replace("-", "_")] if name != "content-type" else environ["CONTENT_TYPE"]
        url = "http://" + environ["HTTP_HOST"] + environ["RAW_URI" if "RAW_URI" in environ else "REQUEST_URI"]
        region = fields["Credential"].split("/")[2]
        request = AWSRequest(environ["REQUEST_METHOD"], url, headers=headers)
        request.context["timestamp"] = headers["x-amz-date"]
        auth = S3SigV4Auth(Credentials(KEYS["AWS_ACCESS_KEY_ID"], KEYS["AWS_SECRET_ACCESS_KEY"]), "s3", region)
        canonical = auth.canonical_request(request)
        return auth.signature(auth.string_to_sign(request, canonical), request) == fields["Signature"]


class Buckets:
    def __init__(self, gate, endpoint):
        import boto3
        self.gate, self.endpoint = gate, endpoint
        self.client = boto3.client("s3", endpoint_url=endpoint, region_name="us-east-1", aws_access_key_id="a", aws_secret_access_key="b")
        self.environment = {"AWS_ENDPOINT_URL": endpoint}

    def put(self, **arguments):
        """Puts a file that everybody may read."""
        self.client.put_object(ACL="public-read", **arguments)

    def fail(self, path, status="403 Forbidden", body=b"<Error><Code>AccessDenied</Code></Error>", times=None):
        with self.gate.lock:
            self.gate.faults.setdefault(path, []).append(((status, body), times))

    def heal(self):
        with self.gate.lock:
            self.gate.faults.clear()
            self.gate.requests.clear()
            self.gate.signed.clear()


@pytest.fixture(scope="session")
def server():
    from moto.server import DomainDispatcherApplication, create_backend_app
    from werkzeug.serving import make_server

    gate = Gate(DomainDispatcherApplication(create_backend_app))
    http = make_server("127.0.0.1", 0, gate, threaded=True)
    import logging
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    threading.Thread(target=http.serve_forever, daemon=True).start()
    yield Buckets(gate, f"http://127.0.0.1:{http.server_port}")
    http.shutdown()


@pytest.fixture
def buckets(server):
    server.heal()
    yield server
    server.heal()
