"""A server among many slow clients, and one behind a certificate."""
import json
import resource
import socket
import ssl
import subprocess
import time
import urllib.error
import urllib.request

import pytest
import trustme

from conftest import DIPTYCH, ended, started

CONNECTIONS = 1000


def ask(address, text, **options):
    request = urllib.request.Request(
        f"{address}/v1/embeddings", json.dumps({"input": text}).encode(), {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=10, **options) as answer:
        assert len(json.load(answer)["data"]) == 1
        return answer.headers


def test_a_thousand_connections_that_say_little(tmp_path):
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard < CONNECTIONS + 500:
        pytest.skip(f"the system allows {hard} open files, fewer than this needs")
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    # As shells usually start programs.
    process, address = started(
        tmp_path / "log", "--port", "0", preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (1024, hard)))
    head = b"POST /v1/search HTTP/1.1\r\nHost: a\r\nContent-"
    body = b'POST /v1/search HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{"text"'
    port, clients = int(address.rsplit(":", 1)[1]), []
    try:
        for number in range(CONNECTIONS):
            clients.append(socket.create_connection(("127.0.0.1", port)))
            if number % 3:
                clients[-1].sendall(head if number % 3 == 1 else body)
        begin = time.monotonic()
        for number in range(20):
            ask(address, f"text {number}")
        assert time.monotonic() - begin < 10
        # All of them are still served: none was turned away.
        clients[0].sendall(b"GET /health HTTP/1.1\r\nHost: a\r\n\r\n")
        assert clients[0].recv(100).startswith(b"HTTP/1.1 200")
    finally:
        for client in clients:
            client.close()
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
        ended(process)


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion.TLSv1_1 is deprecated")
def test_tls(tmp_path):
    authority = trustme.CA()
    certificate = authority.issue_cert("localhost", "127.0.0.1")
    chain, key = tmp_path / "chain.pem", tmp_path / "key.pem"
    chain.write_bytes(b"".join(blob.bytes() for blob in certificate.cert_chain_pems))
    certificate.private_key_pem.write_to_path(str(key))
    process, address = started(tmp_path / "log", "--port", "0", "--certificate", chain, "--certificate-key", key)
    try:
        assert address.startswith("https://127.0.0.1:")
        context = ssl.create_default_context()
        with pytest.raises(urllib.error.URLError, match="CERTIFICATE_VERIFY_FAILED"):
            ask(address, "a text", context=context)
        authority.configure_trust(context)
        headers = ask(address, "a text", context=context)
        assert "max-age" in headers["Strict-Transport-Security"]
        with pytest.raises((urllib.error.URLError, OSError)):
            ask(address.replace("https:", "http:"), "a text")
        old = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        authority.configure_trust(old)
        old.maximum_version = ssl.TLSVersion.TLSv1_1
        with pytest.raises((urllib.error.URLError, OSError)):
            ask(address, "a text", context=old)
    finally:
        ended(process)


def test_what_is_wrong_with_a_certificate_is_said(tmp_path):
    wrong = tmp_path / "wrong.pem"
    wrong.write_text("no certificate")
    for chain in (wrong, tmp_path / "none.pem"):
        result = subprocess.run(
            [DIPTYCH, "serve", "--port", "0", "--certificate", chain, "--certificate-key", wrong],
            capture_output=True, text=True, timeout=60)
        assert result.returncode == 1 and str(chain) in result.stderr and "Traceback" not in result.stderr
