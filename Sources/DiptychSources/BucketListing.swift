internal import Foundation

/// A page of a bucket's list (ListObjectsV2), or the error that came in its place.
///
/// The documents have no attributes that matter, and few levels; this reads elements and the texts in them.
struct BucketListing {
    /// A file of the list.
    struct Object {
        var key = ""
        var size: Int?
        var tag: String?
        var version: String?
        var modified: Date?
    }

    private(set) var objects: [Object] = []
    private(set) var folders: [String] = []
    private(set) var next: String?
    private(set) var isCut = false
    /// The error's code and words.
    private(set) var code: String?
    private(set) var message: String?
    /// The region that the error names.
    private(set) var region: String?
    /// Whether it is a list at all.
    private(set) var isList = false

    /// Reads a document; what it cannot understand it passes over.
    init(_ bytes: [UInt8]) {
        var path: [Substring] = []
        var object = Object()
        var isEncoded = false
        let document = String(decoding: bytes, as: UTF8.self)
        var rest = document[...]
        var text = ""
        while let open = rest.firstIndex(of: "<") {
            text += rest[..<open]
            rest = rest[rest.index(after: open)...]
            guard let close = rest.firstIndex(of: ">") else { break }
            let tag = rest[..<close]
            rest = rest[rest.index(after: close)...]
            if tag.first == "?" || tag.first == "!" { continue }
            guard tag.first == "/" else {
                let name = tag.prefix { !$0.isWhitespace && $0 != "/" }
                if path.isEmpty { isList = name == "ListBucketResult" }
                guard tag.last != "/" else { continue }
                path.append(name)
                guard path.count <= 16 else { return }
                if name == "Contents" { object = Object() }
                text = ""
                continue
            }
            let value = Self.decoded(text.trimmingCharacters(in: .whitespacesAndNewlines))
            text = ""
            switch (path.dropLast().last, path.last) {
            case ("Contents", "Key"): object.key = value
            case ("Contents", "Size"): object.size = Int(value)
            case ("Contents", "ETag"): object.tag = value
            case ("Contents", "Generation"), ("Contents", "VersionId"): object.version = value
            case ("Contents", "LastModified"): object.modified = Self.date(value)
            case ("CommonPrefixes", "Prefix"): folders.append(value)
            case (_, "Contents"): objects.append(object)
            case (_, "NextContinuationToken"): next = value
            case (_, "IsTruncated"): isCut = value == "true"
            case (_, "EncodingType"): isEncoded = value.lowercased() == "url"
            case ("Error", "Code"): code = value
            case ("Error", "Message"): message = value
            case ("Error", "Region"): region = value
            default: break
            }
            path.removeLast()
            if path.isEmpty { break }
        }
        guard isEncoded else { return }
        for index in objects.indices { objects[index].key = Self.unquoted(objects[index].key) }
        folders = folders.map(Self.unquoted)
    }

    /// A key as it was before it was encoded for a URL.
    private static func unquoted(_ text: String) -> String {
        let spaced = text.replacing("+", with: " ")
        return spaced.removingPercentEncoding ?? spaced
    }

    /// A text with its references replaced.
    private static func decoded(_ text: String) -> String {
        guard text.contains("&") else { return text }
        var result = ""
        var rest = text[...]
        while let start = rest.firstIndex(of: "&") {
            result += rest[..<start]
            rest = rest[start...]
            guard let end = rest.prefix(12).firstIndex(of: ";") else { break }
            let name = rest[rest.index(after: start)..<end]
            let known = ["amp": "&", "lt": "<", "gt": ">", "quot": "\"", "apos": "'"][String(name)]
            if let known {
                result += known
            } else if name.hasPrefix("#") {
                let digits = name.dropFirst()
                let number =
                    digits.lowercased().hasPrefix("x") ? UInt32(digits.dropFirst(), radix: 16) : UInt32(digits)
                if let scalar = number.flatMap(Unicode.Scalar.init) { result.unicodeScalars.append(scalar) }
            }
            rest = rest[rest.index(after: end)...]
        }
        return result + rest
    }

    /// A moment as in `2024-05-01T12:30:00.000Z`.
    private static func date(_ text: String) -> Date? {
        var format = Date.ISO8601FormatStyle()
        if let date = try? format.parse(text) { return date }
        format = Date.ISO8601FormatStyle(includingFractionalSeconds: true)
        return try? format.parse(text)
    }
}
