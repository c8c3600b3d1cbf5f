import DiptychSources
import DiptychTestSupport
import Foundation
import Testing

/// Web servers' folders, and folders on this machine.
struct WebSourceTests {
    private static func server(_ files: [String: (type: String, body: String)]) throws -> LoopbackServer {
        let server = LoopbackServer(answer: { request, _ in
            let path = request.path.split(separator: "?").first.map(String.init) ?? ""
            guard let file = files[path] else { return .response("404 Not Found") }
            return .response(
                "200 OK", body: Array(file.body.utf8), headers: ["Content-Type: \(file.type)", "ETag: \"e\""])
        })
        return try #require(server)
    }

    @Test("Links of a page to its own folder are its files; those elsewhere, above and for sorting are not")
    func pages() throws {
        let server = try Self.server([
            "/data/": (
                "text/html",
                """
                <a href="?C=N;O=D">Name</a> <a href="../">up</a> <a href="/">root</a> <A HREF='a%20b.jpg'>a</A>
                <a href="http://elsewhere.example/x.jpg">x</a> <a href=/data/c.jpg>c</a> <a href="a%20b.jpg">a</a>
                <a href="sub/">sub</a> <a href="javascript:alert(1)">j</a> <a href=".hidden">h</a> <a href="sub/deep.jpg">d</a>
                """
            ),
            "/data/sub/": ("text/html; charset=utf-8", "<a href=\"d.png\">d</a>"),
        ])
        defer { server.stop() }
        let source = try WebSource("http://127.0.0.1:\(server.port)/data/", options: SourceOptions())
        #expect(try source.files().map { try $0.get().path } == ["a%20b.jpg", "c.jpg", "sub/d.png"])
        let page = try source.page(of: "", isDeep: false, after: nil)
        #expect(page.folders == ["sub/"])
        let error = #expect(throws: SourceError.self) { try source.page(of: "none/", isDeep: true, after: nil) }
        #expect(error?.kind == .missing)
    }

    @Test("A folder here is listed in the order of bytes, folder by folder, and its files are read in parts")
    func folders() throws {
        let directory = try TemporaryDirectory()
        try directory.makeFolder("b")
        try directory.makeFolder("b/c")
        for name in ["a.txt", "b/1.txt", "b/c/2.txt", ".hidden"] { try directory.write("text", to: name) }
        let source = try FolderSource(directory.path)
        let files = try source.files().map { try $0.get() }
        #expect(files.map(\.path) == ["a.txt", "b/1.txt", "b/c/2.txt"])
        #expect(files.allSatisfy { $0.size == 4 && $0.etag != nil && $0.lastModified != nil })
        #expect(files[1].url == directory.path("b/1.txt"))
        #expect(try source.read("a.txt", 1..<3, limit: 9) == Array("ex".utf8))
        #expect(try source.files(below: "b/").map { try $0.get().path } == ["b/1.txt", "b/c/2.txt"])
        let before = files[0].etag
        try directory.write("other", to: "a.txt")
        #expect(try source.facts(of: "a.txt").etag != before)
        #expect(throws: SourceError.self) { try source.facts(of: "none") }
    }

    @Test("URLs and paths lead to their sources")
    func locating() throws {
        let sources = Sources()
        let bucket = try sources.locate("s3://b/a/c d.jpg")
        #expect(bucket.source.name == "s3://b" && bucket.path == "a/c d.jpg")
        let web = try sources.locate("https://host/a/t.csv?x=1/2")
        #expect(web.source.name == "https://host/a" && web.path == "t.csv?x=1/2")
        #expect(try sources.locate("https://host").path == "")
        #expect(throws: SourceError.self) { try sources.locate("s3:///a") }
        #expect(!Sources.isElsewhere("/a/b:c") && !Sources.isElsewhere("c://x") && Sources.isElsewhere("S3://x"))
    }
}
