internal import DiptychBasics
internal import HTTPTypes
internal import Hummingbird
internal import NIOCore

/// Compresses JSON and texts for clients that say they take gzip.
///
/// Images are compressed already. An answer's length tells something about a secret where it stands beside what an
/// attacker chose (BREACH): the answers to `/v1/session`, which depend on a key, and problem documents, which repeat what was
/// asked, stay as they are. Others hold no secret but what the client may read, and browsers send no cookie with what another
/// origin asks.
///
/// swift-nio-extras' compressor works on the parts of HTTP before Hummingbird turns them into its own; so this calls zlib.
struct CompressionMiddleware: RouterMiddleware {
    typealias Context = ServerContext

    let work: BlockingWork

    /// Below this, heads cost more than compressing saves.
    private static let smallest = 1024
    private static let types: Set<String> = [
        "application/json", "text/plain", "text/html", "text/css", "text/javascript", "image/svg+xml",
    ]

    func handle(
        _ request: Request, context: ServerContext,
        next: (Request, ServerContext) async throws -> Response
    ) async throws -> Response {
        var response = try await next(request, context)
        let type = (response.headers[.contentType] ?? "").prefix { $0 != ";" }
        guard Self.types.contains(String(type)), !(context.endpointPath?.hasSuffix("/v1/session") ?? true) else {
            return response
        }
        response.headers.append(HTTPField(name: .vary, value: "Accept-Encoding"))
        guard response.status == .ok, let count = response.body.contentLength, count > Self.smallest,
            Self.takesGzip(request.headers[values: .acceptEncoding])
        else { return response }
        let bytes = Bytes()
        try await response.body.write(Collector(bytes: bytes))
        let whole = bytes.buffer
        let compressed =
            count <= Workers.smallBytes ? Self.compressed(whole) : try await work.run { Self.compressed(whole) }
        guard let compressed, compressed.readableBytes < count else {
            response.body = ResponseBody(byteBuffer: whole)
            return response
        }
        response.headers[.contentEncoding] = "gzip"
        response.headers[.contentLength] = String(compressed.readableBytes)
        // The same by what it says, not byte by byte.
        if let tag = response.headers[.eTag], !tag.hasPrefix("W/") { response.headers[.eTag] = "W/" + tag }
        response.body = ResponseBody(byteBuffer: compressed)
        return response
    }

    private static func compressed(_ bytes: ByteBuffer) -> ByteBuffer? {
        bytes.withUnsafeReadableBytes { Gzip.compressed($0) }.map { ByteBuffer(bytes: $0) }
    }

    /// Whether gzip is among the encodings with a weight above 0 (RFC 9110, section 12.5.3).
    static func takesGzip(_ values: [String]) -> Bool {
        var any: Double?
        for part in values.joined(separator: ",").split(separator: ",") {
            let words = part.split(separator: ";").map { $0.filter { !" \t".contains($0) }.lowercased() }
            guard let name = words.first else { continue }
            let weight = words.dropFirst().first { $0.hasPrefix("q=") }.map { Double($0.dropFirst(2)) ?? 0 } ?? 1
            if ["gzip", "x-gzip"].contains(name) { return weight > 0 }
            if name == "*" { any = weight }
        }
        return any ?? 0 > 0
    }

    /// Where the parts of an answer go.
    private final class Bytes {
        var buffer = ByteBuffer()
    }

    private struct Collector: ResponseBodyWriter {
        let bytes: Bytes

        mutating func write(_ buffer: ByteBuffer) async throws { bytes.buffer.writeImmutableBuffer(buffer) }
        consuming func finish(_ trailingHeaders: HTTPFields?) async throws {}
    }
}
