import DiptychSources
import DiptychTestSupport
import Foundation
import Testing

/// Buckets: lists of any length, ranges, and servers that are busy, refuse, or end early.
struct BucketSourceTests {
    private let server: BucketServer

    init() throws { server = try #require(BucketServer()) }

    private func bucket() throws -> BucketSource {
        try BucketSource(.amazon, bucket: "bucket", options: server.options)
    }

    @Test("Lists go on to their end, and say what the bucket says of each file")
    func lists() throws {
        for number in 0..<25 { server.put("photos/\(number) +&.jpg", [1, 2, 3]) }
        server.put("other.txt", [])
        server.pages(of: 10)
        let files = try bucket().files(below: "photos/").map { try $0.get() }
        #expect(files.count == 25 && Set(files.map(\.path)).count == 25)
        let first = try #require(files.first { $0.path == "photos/3 +&.jpg" })
        #expect(first.size == 3 && first.etag == "15" && first.source == "s3://bucket")
        #expect(first.lastModified == Date(timeIntervalSince1970: 1_714_566_600))
        #expect(first.url == "s3://bucket/photos/3 +&.jpg")
        let page = try bucket().page(of: "", isDeep: false, after: nil)
        #expect(page.files.map(\.path) == ["other.txt"] && page.folders == ["photos/"])
    }

    @Test("A range is asked for as one, and ends where the file does")
    func ranges() throws {
        server.put("a", Array(0..<200))
        let bucket = try bucket()
        #expect(try bucket.read("a", 10..<20, limit: 10) == Array(10..<20))
        #expect(try bucket.read("a", 190..<300, limit: 200) == Array(190..<200))
        #expect(try bucket.read("a", 500..<600, limit: 200) == [])
        #expect(server.requests.contains { $0.headers["range"] == "bytes=10-19" })
        let error = #expect(throws: SourceError.self) { try bucket.read("a", nil, limit: 100) }
        #expect(error?.kind == .tooLarge)
        #expect(try bucket.facts(of: "a").size == 200)
    }

    @Test("A server that is busy for a while is asked again, and one that ends early is asked for the rest")
    func retries() throws {
        server.put("a", Array(repeating: 7, count: 5000))
        server.misbehave("a", [.status("503 Slow Down"), .status("429 Too Many"), .cut(after: 3000)])
        #expect(try bucket().read("a", nil, limit: 10_000) == Array(repeating: 7, count: 5000))
        #expect(server.requests.last?.headers["range"] == "bytes=3000-")
        #expect(server.requests.last?.headers["if-match"] == "\"1\"")
        server.misbehave("?", [.status("500 Internal"), .status("503 Slow Down")])
        #expect(try bucket().files().map { try $0.get().path } == ["a"])
        server.misbehave("a", Array(repeating: .status("503 Slow Down"), count: 9))
        let error = #expect(throws: SourceError.self) { try bucket().read("a", nil, limit: 10_000) }
        #expect(error?.kind == .unavailable && error?.reason.contains("503") == true, "\(String(describing: error))")
    }

    @Test("What is not there and what may not be read is said, with what to do")
    func refusals() throws {
        server.misbehave(
            "?",
            [.status("403 Forbidden", body: "<Error><Code>AccessDenied</Code><Message>No &amp; no</Message></Error>")])
        let denied = #expect(throws: SourceError.self) { try bucket().page(of: "", isDeep: true, after: nil) }
        #expect(denied?.kind == .forbidden && denied?.status == 403)
        #expect(denied?.reason.contains("AccessDenied: No & no") == true)
        #expect(denied?.reason.contains("AWS_ACCESS_KEY_ID") == true)
        let missing = #expect(throws: SourceError.self) { try bucket().read("nothing", nil, limit: 9) }
        #expect(missing?.kind == .missing && missing?.url == "s3://bucket/nothing")
        let other = try BucketSource(.amazon, bucket: "other", options: server.options)
        let none = #expect(throws: SourceError.self) { try other.page(of: "", isDeep: true, after: nil) }
        #expect(none?.reason == "there is no such bucket")
        server.misbehave("?", [.status("200 OK", body: "<html>hello</html>")])
        let strange = #expect(throws: SourceError.self) { try bucket().page(of: "", isDeep: true, after: nil) }
        #expect(strange?.kind == .malformed)
        for name in ["", "a b", "..", "a/b", "a?b"] {
            #expect(throws: SourceError.self) { try BucketSource(.amazon, bucket: name, options: server.options) }
        }
    }

    @Test("A bucket in another region is asked for there")
    func regions() throws {
        server.put("a", [1])
        var options = server.options
        options.amazon.keys = .init(identifier: "AKID", secret: "secret")
        let bucket = try BucketSource(.amazon, bucket: "bucket", options: options)
        server.misbehave("a", [.status("301 Moved", headers: ["x-amz-bucket-region: eu-north-1"])])
        #expect(try bucket.read("a", nil, limit: 9) == [1])
        let signed = server.requests.compactMap { $0.headers["authorization"] }
        #expect(signed.count == 2 && signed[0].contains("/us-east-1/s3/") && signed[1].contains("/eu-north-1/s3/"))
        #expect(signed.allSatisfy { $0.hasPrefix("AWS4-HMAC-SHA256 Credential=AKID/") })
    }

    @Test("Files of keys are read as Amazon's tools write them")
    func keyFiles() {
        let file = KeyFile(
            """
            # comment
            [default]
            aws_access_key_id = AK
            aws_secret_access_key=a=b/c+
            s3 =
                max = 1

            [profile work]
            region = eu-central-1
            """)
        #expect(file.value("aws_access_key_id", profile: "default") == "AK")
        #expect(file.value("aws_secret_access_key", profile: "default") == "a=b/c+")
        #expect(file.value("region", profile: "work") == "eu-central-1")
        #expect(file.value("region", profile: "default") == nil && file.value("max", profile: "default") == nil)
    }
}
