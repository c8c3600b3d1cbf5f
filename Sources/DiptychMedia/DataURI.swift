#if canImport(FoundationEssentials)
    internal import FoundationEssentials
#else
    internal import Foundation
#endif

/// The bytes of a `data:` URI (RFC 2397), base64 or percent-encoded. The media type is not believed and thus not read.
enum DataURI {
    /// What messages call such a URI, which may be megabytes long.
    static func label(_ uri: some StringProtocol) -> String {
        uri.utf8.count <= 60 ? String(uri) : String(uri.prefix(40)) + "… (\(uri.utf8.count) characters)"
    }

    static func bytes(of uri: String, maximumBytes: Int) throws(ImageError) -> [UInt8] {
        let label = label(uri)
        func invalid(_ reason: String) -> ImageError { ImageError(.invalidURL, source: label, reason: reason) }
        let characters = Array(uri.utf8)
        guard let comma = characters.firstIndex(of: UInt8(ascii: ",")) else {
            throw invalid("a data URI needs a comma between its type and its data")
        }
        let parameters = String(decoding: characters[5..<comma], as: UTF8.self).split(
            separator: ";", omittingEmptySubsequences: false)
        let isBase64 = parameters.dropFirst().last?.lowercased() == "base64"
        // Four characters of base64 are three bytes; percent-encoding only makes the text longer.
        let body = characters[(comma + 1)...]
        let least = isBase64 && !body.contains(UInt8(ascii: "%")) ? body.count / 4 * 3 - 2 : body.count / 3
        guard least <= maximumBytes, body.count / 4 <= maximumBytes else {
            throw ImageError(
                .tooLarge, source: label, reason: "its data are more than the limit of \(maximumBytes) bytes")
        }
        var decoded = try percentDecoded(body, invalid)
        if isBase64 {
            // Foundation forgives padding in the middle.
            let padding = decoded.suffix(2).filter { $0 == UInt8(ascii: "=") }.count
            guard decoded.firstIndex(of: UInt8(ascii: "=")) ?? decoded.count == decoded.count - padding,
                let data = Data(base64Encoded: Data(decoded))
            else {
                throw invalid("its data are not base64 with padding")
            }
            decoded = [UInt8](data)
        }
        guard !decoded.isEmpty else { throw ImageError(.empty, source: label, reason: "the data URI holds no data") }
        guard decoded.count <= maximumBytes else {
            throw ImageError(
                .tooLarge, source: label, reason: "its data are more than the limit of \(maximumBytes) bytes")
        }
        return decoded
    }

    private static func percentDecoded(
        _ text: ArraySlice<UInt8>, _ invalid: (String) -> ImageError
    ) throws(ImageError) -> [UInt8] {
        guard text.contains(UInt8(ascii: "%")) || text.contains(where: { $0 <= 0x20 || $0 >= 0x7F }) else {
            return Array(text)
        }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(text.count)
        var at = text.startIndex
        while at < text.endIndex {
            let byte = text[at]
            guard byte > 0x20, byte < 0x7F else {
                throw invalid("its data have a character that must be percent-encoded")
            }
            if byte == UInt8(ascii: "%") {
                guard at + 2 < text.endIndex, let high = hexadecimal(text[at + 1]), let low = hexadecimal(text[at + 2])
                else { throw invalid("a percent sign in its data is not followed by two hexadecimal digits") }
                bytes.append(high << 4 | low)
                at += 3
            } else {
                bytes.append(byte)
                at += 1
            }
        }
        return bytes
    }

    private static func hexadecimal(_ digit: UInt8) -> UInt8? {
        switch digit {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): digit - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): digit - UInt8(ascii: "a") + 10
        case UInt8(ascii: "A")...UInt8(ascii: "F"): digit - UInt8(ascii: "A") + 10
        default: nil
        }
    }
}
