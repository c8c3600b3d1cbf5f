"""A server among many slow clients, and one behind a certificate."""
import json
import resource
import signal
import socket
import ssl
import subprocess
import time
import urllib.error
import urllib.request

import pytest
import trustme

from conftest import DIPTYCH, ended, started
from raw import received

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
    head = b"POST /v1/search HTTP/1.1\r\nHost: localhost\r\nContent-"
    body = b'POST /v1/search HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{"text"'
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
        clients[0].sendall(b"GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n")
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


def test_renewed_certificates(tmp_path):
    old, new = trustme.CA(), trustme.CA()
    chain, key = tmp_path / "chain.pem", tmp_path / "key.pem"

    def write(authority):
        certificate = authority.issue_cert("localhost", "127.0.0.1")
        chain.write_bytes(b"".join(blob.bytes() for blob in certificate.cert_chain_pems))
        certificate.private_key_pem.write_to_path(str(key))
        context = ssl.create_default_context()
        authority.configure_trust(context)
        return context

    first = write(old)
    process, address = started(tmp_path / "log", "--port", "0", "--certificate", chain, "--certificate-key", key)
    port = int(address.rsplit(":", 1)[1])

    def opened(context):
        return context.wrap_socket(socket.create_connection(("127.0.0.1", port)), server_hostname="localhost")

    def is_served(connection):
        connection.sendall(b"GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n")
        return received(connection).status == 200

    try:
        standing = opened(first)
        assert is_served(standing)
        time.sleep(1.1)
        second = write(new)
        # What changed is seen by itself, and connections that stand go on.
        assert is_served(opened(second)) and is_served(standing)
        with pytest.raises(ssl.SSLCertVerificationError):
            opened(first)
        # A chain without its key changes nothing.
        good = key.read_bytes()
        time.sleep(1.1)
        key.write_text("none")
        assert is_served(opened(second))
        key.write_bytes(good)
        # On SIGHUP at once.
        third = write(old)
        process.send_signal(signal.SIGHUP)
        time.sleep(0.3)
        assert is_served(opened(third)) and is_served(standing)
        standing.close()
    finally:
        ended(process)


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion.TLSv1")
def test_versions_of_tls(tmp_path):
    authority = trustme.CA()
    certificate = authority.issue_cert("localhost", "127.0.0.1")
    chain, key = tmp_path / "chain.pem", tmp_path / "key.pem"
    chain.write_bytes(b"".join(blob.bytes() for blob in certificate.cert_chain_pems))
    certificate.private_key_pem.write_to_path(str(key))
    process, address = started(tmp_path / "log", "--port", "0", "--certificate", chain, "--certificate-key", key)
    port = int(address.rsplit(":", 1)[1])
    try:
        for version, is_spoken in [("TLSv1", False), ("TLSv1_1", False), ("TLSv1_2", True), ("TLSv1_3", True)]:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
            authority.configure_trust(context)
            # What a client refuses by itself proves nothing.
            context.set_ciphers("ALL:@SECLEVEL=0")
            context.minimum_version = context.maximum_version = ssl.TLSVersion[version]
            try:
                with context.wrap_socket(socket.create_connection(("127.0.0.1", port)), server_hostname="localhost") as connection:
                    assert is_spoken and connection.version() == version.replace("_", ".")
            except (ssl.SSLError, ConnectionError) as error:
                assert not is_spoken, error
                # The server said no, not the client.
                assert "ALERT" in str(error) or isinstance(error, ConnectionError), error
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
