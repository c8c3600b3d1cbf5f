import DiptychMedia
import DiptychTestSupport
import Foundation
import Testing

@Suite(.serialized)
struct FetchTests {
    private let server: LoopbackServer
    private let image: [UInt8]

    init() throws {
        let image = try Fixture.bytes("Pictures/rgb.png")
        self.image = image
        server = try #require(
            LoopbackServer { request, port in
                let path = request.path
                func redirect(_ target: String) -> LoopbackServer.Answer {
                    .response("302 Found", headers: ["Location: \(target)"])
                }
                let number = Int(path.drop { !$0.isNumber }) ?? 0
                switch path.prefix(while: { !$0.isNumber }) {
                case "/picture": return .response("200 OK", body: image)
                case "/missing": return .response("404 Not Found", body: Array("<h1>no</h1>".utf8))
                case "/page": return .response("200 OK", body: Array("<html></html>".utf8))
                case "/empty": return .response("200 OK")
                case "/cut": return .response("200 OK", body: Array(image.prefix(100)), declared: image.count)
                case "/declared": return .response("200 OK", body: image, declared: 1 << 40)
                case "/endless":
                    let head = Array("HTTP/1.1 200 OK\r\n\r\n".utf8)
                    return .init(bytes: head + [UInt8](repeating: 65, count: 300_000))
                case "/slow": return .init(bytes: Array("HTTP/1.1 200 OK\r\nContent-Le".utf8), delay: 2)
                case "/hop": return redirect(number > 1 ? "/hop\(number - 1)" : "/picture")
                case "/private": return redirect("http://10.1.2.3/x.png")
                case "/metadata": return redirect("http://169.254.169.254/latest/meta-data/")
                case "/file": return redirect("file:///etc/passwd")
                case "/gopher": return redirect("gopher://127.0.0.1:\(port)/x")
                case "/nonsense": return .init(bytes: Array("not http at all\n".utf8))
                default: return .response("500 Oops")
                }
            })
    }

    private func options(_ addresses: AddressPolicy = .publicAndLoopback) -> FetchOptions {
        var options = FetchOptions()
        options.addresses = addresses
        options.totalTimeout = .milliseconds(1500)
        return options
    }

    private func url(_ path: String) -> String { "http://127.0.0.1:\(server.port)\(path)" }

    @Test func fetchesAndDecodes() throws {
        defer { server.stop() }
        let fetched = try ImageSource(url("/picture")).image(fetch: options())
        #expect(try fetched == Image.decode(image))
        #expect(try ImageSource(url("/hop5")).bytes(fetch: options()) == image)
    }

    @Test func saysWhyItFails() throws {
        defer { server.stop() }
        let cases: [(path: String, kind: ImageError.Kind, reason: String)] = [
            ("/missing", .fetchFailed, "404"), ("/other", .fetchFailed, "500"), ("/empty", .empty, "no bytes"),
            ("/cut", .fetchFailed, "stopped after 100 bytes"), ("/slow", .fetchFailed, "too long"),
            ("/declared", .tooLarge, "200000"), ("/endless", .tooLarge, "200000"),
            ("/hop6", .fetchFailed, "more than 5"), ("/private", .forbiddenAddress, "10.1.2.3"),
            ("/metadata", .forbiddenAddress, "169.254.169.254"), ("/file", .invalidURL, "scheme"),
            ("/gopher", .invalidURL, "scheme"), ("/nonsense", .fetchFailed, ""),
        ]
        for expected in cases {
            let error = try #require(throws: ImageError.self) {
                try ImageSource(url(expected.path)).bytes(maximumBytes: 200_000, fetch: options())
            }
            #expect(error.kind == expected.kind, "\(error)")
            #expect(expected.reason.isEmpty || error.reason.contains(expected.reason), "\(error)")
            #expect(error.source == url(expected.path))
        }
        let error = try #require(throws: ImageError.self) {
            try ImageSource(url("/page")).image(fetch: options())
        }
        #expect(error.kind == .notAnImage && error.source == url("/page"))
    }

    @Test func refusesPrivateAddressesBeforeConnecting() throws {
        defer { server.stop() }
        let port = server.port
        let hosts = [
            "127.0.0.1", "localhost", "127.1", "2130706433", "0x7f.1", "0.0.0.0", "[::1]", "[::ffff:127.0.0.1]",
            "[::127.0.0.1]",
        ]
        for host in hosts {
            let error = try #require(throws: ImageError.self) {
                try ImageSource("http://\(host):\(port)/picture").bytes(fetch: options(.publicOnly))
            }
            #expect([.forbiddenAddress, .fetchFailed].contains(error.kind), "\(host): \(error)")
        }
        #expect(server.paths.isEmpty)
        let error = try #require(throws: ImageError.self) {
            try ImageSource(url("/picture")).bytes(fetch: options(.publicOnly))
        }
        #expect(error.kind == .forbiddenAddress)
    }

    @Test(arguments: [
        "ftp://example.com/a.png", "file:///etc/passwd", "http://user:secret@127.0.0.1/a.png", "http://", "http:///a",
        "http://127.0.0.1/a b", "http://127.0.0.1/\r\nHost: x", "http://127.0.0.1/\0", "gopher://127.0.0.1/",
        "http://127.0.0.1:99999/a", "no-scheme",
    ])
    func refusesWhatIsNoWebAddress(text: String) throws {
        server.stop()
        let error = try #require(throws: ImageError.self) {
            try ImageSource.url(text).bytes(fetch: options(.everywhere))
        }
        #expect(error.kind == .invalidURL, "\(error)")
        #expect(!error.description.contains("\n"))
    }
}

struct AddressPolicyTests {
    @Test(arguments: [
        "0.0.0.0", "0.1.2.3", "10.0.0.1", "100.64.0.1", "100.127.255.255", "127.0.0.1", "127.255.255.254",
        "169.254.169.254", "172.16.0.1", "172.31.255.255", "192.0.0.8", "192.0.2.1", "192.88.99.1", "192.168.1.1",
        "198.18.0.1", "198.19.255.255", "198.51.100.7", "203.0.113.9", "224.0.0.1", "239.255.255.255", "240.0.0.1",
        "255.255.255.255", "::", "::1", "::ffff:8.8.8.8", "::ffff:127.0.0.1", "::8.8.8.8", "64:ff9b::a00:1",
        "64:ff9b:1::1", "100::1", "2001::1", "2001:db8::1", "2002:7f00:1::1", "3fff::1", "fc00::1", "fd00:ec2::254",
        "fe80::1", "fec0::1", "ff02::1",
    ])
    func refuses(text: String) throws {
        let address = try #require(bytes(text))
        #expect(!AddressPolicy.publicOnly.allows(address))
        #expect(AddressPolicy.everywhere.allows(address))
        let isLoopback = text == "::1" || (text.hasPrefix("127.") && address.count == 4)
        #expect(AddressPolicy.publicAndLoopback.allows(address) == isLoopback)
    }

    @Test(arguments: [
        "1.1.1.1", "8.8.8.8", "9.255.255.255", "11.0.0.0", "100.63.255.255", "100.128.0.0", "126.0.0.1", "128.0.0.1",
        "172.15.255.255", "172.32.0.0", "192.167.1.1", "198.17.1.1", "198.20.0.1", "223.255.255.255",
        "2606:4700:4700::1111", "2a00:1450::1", "2400::1", "2001:4860:4860::8888",
    ])
    func allows(text: String) throws {
        #expect(AddressPolicy.publicOnly.allows(try #require(bytes(text))))
    }

    private func bytes(_ text: String) -> [UInt8]? {
        var address = [UInt8](repeating: 0, count: 16)
        if inet_pton(AF_INET, text, &address) == 1 { return Array(address.prefix(4)) }
        return inet_pton(AF_INET6, text, &address) == 1 ? address : nil
    }
}
