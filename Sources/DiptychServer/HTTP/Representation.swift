internal import HTTPTypes
internal import Hummingbird
internal import NIOCore

/// Bytes that clients may keep, ask for again, and ask for in parts (RFC 9110, sections 13 and 14).
struct Representation {
    let bytes: [UInt8]
    /// The entity tag in its quotes, which changes whenever the bytes do.
    let tag: String
    var headers: HTTPFields

    init(_ bytes: [UInt8], tag: String, headers: HTTPFields) {
        (self.bytes, self.tag, self.headers) = (bytes, tag, headers)
        self.headers[.eTag] = tag
    }

    /// The whole of it, or that nothing has changed.
    func response(to request: Request) -> Response {
        if Self.isKept(tag, by: request) { return Response(status: .notModified, headers: headers) }
        return Response(status: .ok, headers: headers, body: Self.body(bytes[...]))
    }

    /// The same, or the part that is asked for.
    ///
    /// - Throws: ``Problem``, 416, where there is no such part.
    func partialResponse(to request: Request) throws(Problem) -> Response {
        var whole = self
        whole.headers[.acceptRanges] = "bytes"
        guard !Self.isKept(tag, by: request), request.method == .get, let wanted = request.headers[.range],
            request.headers[.ifRange].map({ $0 == tag }) ?? true, let range = ByteRange(wanted)
        else { return whole.response(to: request) }
        guard let places = range.places(of: bytes.count) else {
            throw Problem(
                status: .rangeNotSatisfiable, detail: "the bytes asked for begin behind the last of \(bytes.count)",
                headers: [.contentRange: "bytes */\(bytes.count)", .acceptRanges: "bytes"])
        }
        whole.headers[.contentRange] = "bytes \(places.lowerBound)-\(places.upperBound - 1)/\(bytes.count)"
        return Response(status: .partialContent, headers: whole.headers, body: Self.body(bytes[places]))
    }

    /// Whether the client says that it has what this tag is of. Tags are compared weakly: a compressed answer's is weak.
    static func isKept(_ tag: String, by request: Request) -> Bool {
        guard let known = request.headers[.ifNoneMatch] else { return false }
        return known.split(separator: ",").contains { part in
            let part = part.drop { $0 == " " || $0 == "\t" }.reversed().drop { $0 == " " || $0 == "\t" }.reversed()
            let text = String(part)
            return text == "*" || text == tag || text == "W/" + tag
        }
    }

    private static func body(_ bytes: ArraySlice<UInt8>) -> ResponseBody {
        ResponseBody(byteBuffer: ByteBuffer(bytes: bytes))
    }
}

/// One part of a file, as the header Range names it.
enum ByteRange: Equatable {
    /// From a place on, to another that belongs to it; nil for the end.
    case from(Int, to: Int?)
    /// So many of the last.
    case last(Int)

    /// Reads `bytes=0-99`, `bytes=100-` or `bytes=-100`; nil for anything else, several parts among them, which a server may
    /// pass over.
    init?(_ text: String) {
        let parts = text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
        guard parts.count == 2, parts[0].lowercased() == "bytes" else { return nil }
        let ends = parts[1].split(separator: "-", omittingEmptySubsequences: false)
        guard ends.count == 2 else { return nil }
        // A number too large for this machine is beyond any file.
        func number(_ text: Substring) -> Int? {
            text.utf8.allSatisfy { (48...57).contains($0) } ? Int(text) ?? .max : nil
        }
        if ends[0].isEmpty {
            guard !ends[1].isEmpty, let count = number(ends[1]) else { return nil }
            self = .last(count)
        } else {
            guard let first = number(ends[0]) else { return nil }
            guard !ends[1].isEmpty else {
                self = .from(first, to: nil)
                return
            }
            guard let last = number(ends[1]), last >= first else { return nil }
            self = .from(first, to: last)
        }
    }

    /// Which of `count` bytes it is; nil for none.
    func places(of count: Int) -> Range<Int>? {
        switch self {
        case .from(let first, let last):
            guard first < count else { return nil }
            return first..<(last.map { min($0, count - 1) } ?? count - 1) + 1
        case .last(let wanted): return wanted > 0 && count > 0 ? count - min(wanted, count)..<count : nil
        }
    }
}
