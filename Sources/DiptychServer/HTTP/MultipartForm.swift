internal import Foundation

/// The parts of a `multipart/form-data` body (RFC 7578).
struct MultipartForm: Sendable {
    /// One part.
    struct Part: Sendable {
        /// The field that it belongs to.
        let name: String
        /// What the client calls its file; nil where it is no file.
        let fileName: String?
        /// What it holds.
        let bytes: ArraySlice<UInt8>
    }

    /// The parts, in their order.
    let parts: [Part]

    /// The most parts that are read.
    private static let partLimit = 4096
    private static let headLimit = 8192

    /// Takes a body apart.
    ///
    /// - Throws: ``Problem`` saying where it is no such form.
    init(_ body: [UInt8], contentType: String) throws(Problem) {
        guard let boundary = Self.parameter("boundary", of: contentType), (1...70).contains(boundary.utf8.count) else {
            throw .badRequest("the content type multipart/form-data has no boundary")
        }
        let delimiter = Array("--\(boundary)".utf8)
        func broken(_ reason: String) -> Problem { .badRequest("the form is broken: \(reason)") }
        guard var at = Self.find(delimiter, in: body[...], atLineStart: true) else {
            throw broken("its boundary does not occur in it")
        }
        var parts: [Part] = []
        while true {
            at += delimiter.count
            if body[at...].starts(with: Array("--".utf8)) { break }
            // Spaces may stand behind a boundary.
            while at < body.count, body[at] == 0x20 || body[at] == 0x09 { at += 1 }
            guard body[at...].starts(with: [0x0D, 0x0A]) else { throw broken("a boundary has no end of line") }
            at += 2
            guard let end = Self.find(Array("\r\n\r\n".utf8), in: body[at..<min(body.count, at + Self.headLimit)])
            else {
                throw broken("part \(parts.count + 1) has no end of its headers")
            }
            let head = String(decoding: body[at..<end], as: UTF8.self)
            let start = end + 4
            guard let next = Self.find(Array("\r\n".utf8) + delimiter, in: body[start...]) else {
                throw broken("part \(parts.count + 1) does not end")
            }
            guard parts.count < Self.partLimit else { throw broken("it has more than \(Self.partLimit) parts") }
            parts.append(try Self.part(head, body[start..<next], number: parts.count + 1))
            at = next + 2
        }
        self.parts = parts
    }

    private static func part(
        _ head: String, _ bytes: ArraySlice<UInt8>, number: Int
    ) throws(Problem) -> Part {
        // Swift takes "\r\n" for one character.
        let lines = head.split(whereSeparator: \.isNewline)
        let prefix = "content-disposition:"
        guard let line = lines.first(where: { $0.lowercased().hasPrefix(prefix) }),
            let name = parameter("name", of: String(line))
        else {
            throw .badRequest("the form is broken: part \(number) has no name")
        }
        // Browsers write quotation marks so (HTML standard, section 4.10.22.8).
        let file = parameter("filename", of: String(line))?.replacing("%22", with: "\"")
        return Part(name: name, fileName: file, bytes: bytes)
    }

    /// The value of a parameter such as `boundary` of a header.
    static func parameter(_ name: String, of header: String) -> String? {
        var rest = Substring(header)
        while let semicolon = rest.firstIndex(of: ";") {
            rest = rest[rest.index(after: semicolon)...].drop { $0 == " " || $0 == "\t" }
            guard let equals = rest.firstIndex(of: "=") else { return nil }
            let key = rest[..<equals].lowercased()
            rest = rest[rest.index(after: equals)...]
            var value = ""
            if rest.first == "\"" {
                rest = rest.dropFirst()
                var isEscaped = false
                while let character = rest.first {
                    rest = rest.dropFirst()
                    if isEscaped || (character != "\\" && character != "\"") {
                        value.append(character)
                        isEscaped = false
                    } else if character == "\\" {
                        isEscaped = true
                    } else {
                        break
                    }
                }
            } else {
                value = String(rest.prefix { $0 != ";" && $0 != " " })
                rest = rest.dropFirst(value.count)
            }
            if key == name { return value }
        }
        return nil
    }

    /// Where `wanted` begins in `bytes`. Bytes that only look like it, however many, cost a comparison each.
    private static func find(_ wanted: [UInt8], in bytes: ArraySlice<UInt8>, atLineStart: Bool = false) -> Int? {
        bytes.withUnsafeBytes { buffer in
            wanted.withUnsafeBytes { wanted in
                guard let base = buffer.baseAddress, let first = wanted.first, let words = wanted.baseAddress else {
                    return nil
                }
                var at = 0
                while at + wanted.count <= buffer.count {
                    guard let step = memchr(base + at, Int32(first), buffer.count - wanted.count - at + 1) else {
                        return nil
                    }
                    at = UnsafeRawPointer(step) - base
                    if memcmp(base + at, words, wanted.count) == 0,
                        !atLineStart || at == 0 || buffer[at - 1] == 0x0A
                    {
                        return bytes.startIndex + at
                    }
                    at += 1
                }
                return nil
            }
        }
    }
}
