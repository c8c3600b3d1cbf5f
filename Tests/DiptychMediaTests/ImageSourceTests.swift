import DiptychMedia
import Foundation
import Testing

struct ImageSourceTests {
    @Test func recognisesTexts() {
        #expect(ImageSource("HTTPS://example.com/a.jpg") == .url("HTTPS://example.com/a.jpg"))
        #expect(ImageSource("data:,x") == .url("data:,x"))
        #expect(ImageSource("http.jpg") == .file("http.jpg"))
        #expect(ImageSource("a:b.jpg") == .file("a:b.jpg"))
    }

    @Test func readsDataURIs() throws {
        let bytes = try Fixture.bytes("Pictures/palette.gif")
        let base64 = Data(bytes).base64EncodedString()
        let percent = bytes.map { "%" + ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
        let escaped = base64.replacingOccurrences(of: "+", with: "%2B").replacingOccurrences(of: "=", with: "%3d")
        for uri in [
            "data:image/gif;base64,\(base64)", "data:;base64,\(base64)", "DATA:image/gif;charset=x;BASE64,\(base64)",
            "data:image/gif,\(percent)", "data:image/gif;base64,\(escaped)",
        ] {
            #expect(try ImageSource(uri).bytes() == bytes, "\(uri.prefix(40))")
        }
        #expect(try ImageSource("data:image/gif;base64,\(base64)").image() == Image.decode(bytes))
    }

    @Test(arguments: [
        ("data:", ImageError.Kind.invalidURL), ("data:image/png;base64", .invalidURL), ("data:,", .empty),
        ("data:;base64,", .empty), ("data:;base64,AAA", .invalidURL), ("data:;base64,AA=A", .invalidURL),
        ("data:;base64,A A=", .invalidURL), ("data:;base64,AAAA\n", .invalidURL), ("data:;base64,AA-_", .invalidURL),
        ("data:;base64,é===", .invalidURL), ("data:,%", .invalidURL), ("data:,%4", .invalidURL),
        ("data:,%zz", .invalidURL), ("data:,a b", .invalidURL), ("data:,aé", .invalidURL),
        ("data:,aaaaaaaaaaaaaaaaaaaaa", .tooLarge), ("data:;base64," + String(repeating: "A", count: 400), .tooLarge),
        ("data:," + String(repeating: "%41", count: 21), .tooLarge),
    ])
    func refusesBadDataURIs(uri: String, kind: ImageError.Kind) throws {
        let error = try #require(throws: ImageError.self) { try ImageSource.url(uri).bytes(maximumBytes: 20) }
        #expect(error.kind == kind, "\(error)")
        #expect(error.source.count < 100)
    }

    @Test func saysWhyAFileCannotBeRead() throws {
        let directory = try TemporaryDirectory()
        let empty = directory.path + "/empty.jpg", text = directory.path + "/text.jpg"
        let secret = directory.path + "/secret.jpg", pipe = directory.path + "/pipe.jpg"
        try Data().write(to: URL(fileURLWithPath: empty))
        try Data("hello".utf8).write(to: URL(fileURLWithPath: text))
        try Data("hello".utf8).write(to: URL(fileURLWithPath: secret))
        chmod(secret, 0)
        #expect(mkfifo(pipe, 0o600) == 0)
        let isRoot = getuid() == 0  // whom no mode keeps out
        let cases: [(path: String, kind: ImageError.Kind)] = [
            (directory.path + "/none.jpg", .notFound), (empty + "/below", .notFound), ("", .notFound),
            ("a\0b", .notFound), (directory.path, .notAFile), (pipe, .notAFile), ("/dev/zero", .notAFile),
            (empty, .empty), (text, .notAnImage), (secret, isRoot ? .notAnImage : .noPermission),
        ]
        for expected in cases {
            let error = try #require(throws: ImageError.self) { try Image.decode(file: expected.path) }
            #expect(error.kind == expected.kind, "\(error)")
            #expect(!expected.path.isEmpty && !expected.path.contains("\0") ? error.source == expected.path : true)
            #expect(!error.description.contains("\n"))
        }
    }

    @Test func readsNoMoreThanAllowed() throws {
        var options = ImageOptions()
        options.maximumBytes = 100
        let path = "\(Fixture.directory)/Pictures/rgb.png"
        for source in [ImageSource.file(path), .data(try Fixture.bytes("Pictures/rgb.png"), label: "upload")] {
            let error = try #require(throws: ImageError.self) { try source.image(options: options) }
            #expect(error.kind == .tooLarge && error.source == source.description)
        }
    }
}

/// A directory that is gone after the test.
final class TemporaryDirectory: Sendable {
    let path: String

    init() throws {
        path = NSTemporaryDirectory() + "diptych-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }
}
