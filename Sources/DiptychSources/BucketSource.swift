internal import DiptychNetwork
internal import Foundation
internal import Synchronization

/// A bucket of Amazon S3, of a server that speaks its protocol, or of Google Cloud Storage by its XML API, which does.
public final class BucketSource: Source {
    /// Whose bucket it is.
    public enum Provider: String, Sendable {
        /// Amazon S3, and servers that speak its protocol.
        case amazon = "s3"
        /// Google Cloud Storage.
        case google = "gs"
    }

    /// `s3://bucket` or `gs://bucket`.
    public let name: String
    private let provider: Provider
    private let bucket: String
    private let service: SourceOptions.Service
    private let client: SourceClient
    /// The region, which the service may correct.
    private let region: Mutex<String>

    /// The most files of a part of a list, as the protocol has it.
    private static let pageSize = 1000

    /// Prepares to read a bucket.
    ///
    /// - Throws: ``SourceError`` where that cannot be a bucket's name.
    public init(_ provider: Provider, bucket: String, options: SourceOptions) throws(SourceError) {
        name = "\(provider.rawValue)://\(bucket)"
        let isFit =
            (1...255).contains(bucket.utf8.count) && !bucket.hasPrefix(".") && !bucket.hasSuffix(".")
            && bucket.utf8.allSatisfy { Self.unreserved.contains($0) }
        guard isFit else { throw SourceError(.invalid, url: name, "'\(bucket)' cannot be the name of a bucket") }
        (self.provider, self.bucket) = (provider, bucket)
        service = provider == .amazon ? options.amazon : options.google
        client = SourceClient(options)
        region = Mutex(service.region ?? (provider == .amazon ? "us-east-1" : "auto"))
    }

    // MARK: Source

    /// A part of the files below a prefix; see ``Source``.
    public func page(of prefix: String, isDeep: Bool, after next: String?) throws(SourceError) -> SourcePage {
        // In the order of their names, in which they are signed.
        var query: [(String, String)] = []
        if let next { query.append(("continuation-token", next)) }
        if !isDeep { query.append(("delimiter", "/")) }
        query += [
            ("encoding-type", "url"), ("list-type", "2"), ("max-keys", String(Self.pageSize)), ("prefix", prefix),
        ]
        let about = prefix.isEmpty ? name : "\(name)/\(prefix)"
        let (answer, bytes) = try ask(query: query, about: about)
        guard answer.head.isSuccess else { throw refusal(answer, about) }
        let listing = BucketListing(bytes)
        guard listing.isList, !listing.isCut || listing.next != nil else {
            throw SourceError(
                .malformed, url: about,
                "the server's answer is not the list of a bucket; check the endpoint that was set for it")
        }
        let files = listing.objects.map { object in
            SourceFile(
                source: name, path: object.key, size: object.size, version: object.version,
                etag: object.tag.map(Self.plainTag), lastModified: object.modified)
        }
        return SourcePage(files: files, folders: listing.folders, next: listing.isCut ? listing.next : nil)
    }

    /// What is said of one file; see ``Source``.
    public func facts(of path: String) throws(SourceError) -> SourceFile {
        let about = "\(name)/\(path)"
        let (answer, _) = try ask(path: path, about: about, isHead: true)
        guard answer.head.isSuccess else { throw refusal(answer, about) }
        return SourceFile(
            source: name, path: path, size: answer.head["content-length"].flatMap { Int($0) },
            version: answer.head["x-amz-version-id"] ?? answer.head["x-goog-generation"],
            etag: answer.head["etag"].map(Self.plainTag),
            lastModified: answer.head["last-modified"].flatMap(HTTPDate.date))
    }

    /// The bytes of a file, or of a range of it; see ``Source``.
    public func read(_ path: String, _ range: Range<Int>?, limit: Int) throws(SourceError) -> [UInt8] {
        if let range, range.isEmpty { return [] }
        let about = "\(name)/\(path)"
        if let range, range.count > limit {
            throw SourceError(.tooLarge, url: about, "\(range.count) bytes are more than \(limit)")
        }
        let (answer, bytes) = try ask(path: path, about: about, range: range, limit: limit)
        // The range begins behind the end.
        if answer.head.status == 416 { return [] }
        guard answer.head.isSuccess else { throw refusal(answer, about) }
        guard let range, answer.head.status != 206 else { return bytes }
        return Array(bytes.dropFirst(range.lowerBound).prefix(range.count))
    }

    // MARK: Requests

    private func ask(
        path: String? = nil, query: [(String, String)] = [], about: String, isHead: Bool = false,
        range: Range<Int>? = nil, limit: Int = 64 << 20
    ) throws(SourceError) -> (SourceClient.Answer, [UInt8]) {
        var elsewhere: String?
        for attempt in 0..<3 {
            let place = region.withLock { $0 }
            var question = SourceClient.Question(url: elsewhere ?? url(path, query, in: place), about: about)
            (question.isHead, question.range, question.limit) = (isHead, range, limit)
            question.isElsewhere = elsewhere != nil
            question.signing = service.keys.map {
                Request.Signing(key: $0.identifier, secret: $0.secret, token: $0.token, region: place)
            }
            let (answer, bytes) = try client.bytes(question)
            let status = answer.head.status
            guard [301, 307, 308, 400].contains(status), attempt < 2 else { return (answer, bytes) }
            // A bucket in another region, which the service names, or for a while in another place.
            let named = answer.head["x-amz-bucket-region"] ?? BucketListing(answer.message).region
            if let named, named != place, (1...64).contains(named.utf8.count),
                named.utf8.allSatisfy(Self.unreserved.contains)
            {
                region.withLock { $0 = named }
            } else if status == 307, let redirect = answer.head.redirect, Self.isHTTP(redirect) {
                elsewhere = redirect
            } else {
                return (answer, bytes)
            }
        }
        throw SourceError(.unavailable, url: about, "the server sends from one place to another; check the region")
    }

    private func url(_ path: String?, _ query: [(String, String)], in region: String) -> String {
        let key = path.map { "/" + Self.quoted($0, keepsSlash: true) }
        let parameters = query.map { "\($0.0)=\(Self.quoted($0.1, keepsSlash: false))" }.joined(separator: "&")
        let tail = parameters.isEmpty ? "" : "?\(parameters)"
        var server: String
        if let endpoint = service.endpoint {
            server = Self.isHTTP(endpoint) ? endpoint : "https://\(endpoint)"
            while server.hasSuffix("/") { server.removeLast() }
        } else if provider == .google {
            server = "https://storage.googleapis.com"
        } else if bucket.contains(".") {
            // A name with dots in it is none of the service's certificate.
            server = "https://s3.\(region).amazonaws.com"
        } else {
            return "https://\(bucket).s3.\(region).amazonaws.com\(key ?? "/")\(tail)"
        }
        return "\(server)/\(bucket)\(key ?? "")\(tail)"
    }

    private static func isHTTP(_ url: String) -> Bool {
        ["http://", "https://"].contains { url.lowercased().hasPrefix($0) }
    }

    private static let unreserved: Set<UInt8> = Set(
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~".utf8)

    /// A text as it stands in a URL that is signed (RFC 3986: all but unreserved characters are encoded).
    static func quoted(_ text: String, keepsSlash: Bool) -> String {
        var result = ""
        for byte in text.utf8 {
            if unreserved.contains(byte) || (keepsSlash && byte == UInt8(ascii: "/")) {
                result.unicodeScalars.append(Unicode.Scalar(byte))
            } else {
                let digits = String(byte, radix: 16, uppercase: true)
                result += digits.count == 1 ? "%0\(digits)" : "%\(digits)"
            }
        }
        return result
    }

    static func plainTag(_ tag: String) -> String {
        let tag = tag.hasPrefix("W/") ? String(tag.dropFirst(2)) : tag
        return tag.count > 1 && tag.hasPrefix("\"") && tag.hasSuffix("\"") ? String(tag.dropFirst().dropLast()) : tag
    }

    private func refusal(_ answer: SourceClient.Answer, _ about: String) -> SourceError {
        let error = BucketListing(answer.message)
        let status = answer.head.status
        let said = [error.code, error.message.map { String($0.prefix(200)) }].compactMap(\.self)
            .joined(separator: ": ")
        let words = "the server answers \(status)" + (said.isEmpty ? "" : " (\(said))")
        let names =
            provider == .amazon
            ? "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY" : "GS_ACCESS_KEY_ID and GS_SECRET_ACCESS_KEY"
        let wantsKeys = "; without keys it is not read: set \(names)"
        let (kind, advice): (SourceError.Kind, String) =
            switch status {
            case 404: (.missing, "")
            case 401, 403: (.forbidden, service.keys == nil ? wantsKeys : "; the keys may not read it")
            default: (.unavailable, "")
            }
        let missing = error.code == "NoSuchBucket" ? "there is no such bucket" : "there is no such file"
        return SourceError(kind, url: about, status: status, kind == .missing ? missing : words + advice)
    }
}

/// Moments as HTTP has them.
enum HTTPDate {
    /// A moment as in `Wed, 21 Oct 2015 07:28:00 GMT`.
    static func date(_ text: String) -> Date? {
        let formatter = DateFormatter()
        formatter.locale = Locale(identifier: "en_US_POSIX")
        formatter.timeZone = TimeZone(identifier: "GMT")
        formatter.dateFormat = "EEE, dd MMM yyyy HH:mm:ss zzz"
        return formatter.date(from: text)
    }
}
