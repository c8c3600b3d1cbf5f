#if canImport(Glibc)
    internal import Glibc
#elseif canImport(Darwin)
    internal import Darwin
#endif

/// How the characters of a text file are written. UTF-8, and UTF-16 with a byte order mark, are recognised; the others have
/// to be named, as most bytes are some text in each of them.
public enum TextFileEncoding: String, Sendable, CaseIterable {
    /// UTF-8.
    case utf8 = "utf-8"
    /// UTF-16, the lower byte first.
    case utf16LittleEndian = "utf-16le"
    /// UTF-16, the higher byte first.
    case utf16BigEndian = "utf-16be"
    /// GB 18030, with GBK and GB 2312 in it.
    case gb18030
    /// Big5 with the characters of Hong Kong.
    case big5
    /// Shift JIS, as Windows has it.
    case shiftJIS = "shift-jis"
    /// EUC-KR, as Windows has it.
    case eucKR = "euc-kr"
    /// Windows-1252, with Latin-1 in it.
    case windows1252 = "windows-1252"

    /// The encoding of that name, in any spelling that is in use.
    public init?(name: String) {
        let plain = name.lowercased().filter { $0.isLetter || $0.isNumber }
        switch plain {
        case "utf8", "utf8sig": self = .utf8
        case "utf16", "utf16le": self = .utf16LittleEndian
        case "utf16be": self = .utf16BigEndian
        case "gb18030", "gbk", "gb2312", "cp936", "936": self = .gb18030
        case "big5", "big5hkscs", "cp950": self = .big5
        case "shiftjis", "sjis", "cp932": self = .shiftJIS
        case "euckr", "cp949": self = .eucKR
        case "windows1252", "cp1252", "latin1", "iso88591": self = .windows1252
        default: return nil
        }
    }

    /// The name that the system's converter has for it.
    fileprivate var converterName: String {
        switch self {
        case .utf8: "UTF-8"
        case .utf16LittleEndian: "UTF-16LE"
        case .utf16BigEndian: "UTF-16BE"
        case .gb18030: "GB18030"
        case .big5: "BIG5-HKSCS"
        case .shiftJIS: "CP932"
        case .eucKR: "CP949"
        case .windows1252: "CP1252"
        }
    }
}

/// Makes UTF-8 of text a piece at a time.
protocol TextDecoder {
    mutating func decode(_ bytes: ArraySlice<UInt8>, isLast: Bool) -> [UInt8]
}

/// Makes UTF-8 of text in an encoding that the system's converter knows. A byte that is no text in it becomes 0xFF, which
/// no UTF-8 has, so that its line is refused rather than changed.
final class SystemTextDecoder: TextDecoder {
    private let converter: iconv_t
    /// The beginning of a character whose rest has not come yet.
    private var rest: [UInt8] = []
    private var isAtStart = true

    /// Nil where the system does not know the encoding.
    init?(_ encoding: TextFileEncoding) {
        guard let converter = iconv_open("UTF-8", encoding.converterName), Int(bitPattern: converter) != -1 else {
            return nil
        }
        self.converter = converter
    }

    deinit { iconv_close(converter) }

    func decode(_ bytes: ArraySlice<UInt8>, isLast: Bool) -> [UInt8] {
        var input = rest + bytes
        rest = []
        var decoded: [UInt8] = []
        decoded.reserveCapacity(input.count * 2)
        var place = 0
        while place < input.count {
            let room = 4 * (input.count - place) + 16
            var (used, failure): (Int, Int32) = (0, 0)
            let some = [UInt8](unsafeUninitializedCapacity: room) { output, filled in
                input.withUnsafeMutableBytes { source in
                    var from = source.baseAddress.map { ($0 + place).assumingMemoryBound(to: CChar.self) }
                    var (left, free) = (source.count - place, room)
                    output.withMemoryRebound(to: CChar.self) { target in
                        var to = target.baseAddress
                        _ = iconv(converter, &from, &left, &to, &free)
                        if left > 0 { failure = errno }
                    }
                    (used, filled) = (source.count - place - left, room - free)
                }
            }
            decoded += some
            place += used
            guard place < input.count else { break }
            if failure == EINVAL, !isLast {
                rest = Array(input[place...])
                break
            }
            decoded.append(0xFF)
            place += 1
        }
        // A byte order mark of UTF-16.
        if isAtStart, !decoded.isEmpty {
            isAtStart = false
            if decoded.starts(with: [0xEF, 0xBB, 0xBF]) { decoded.removeFirst(3) }
        }
        return decoded
    }
}

/// Makes bytes of text in an encoding, for one thread.
package final class SystemTextEncoder {
    private let converter: iconv_t

    /// Nil where the system does not know the encoding.
    package init?(_ encoding: TextFileEncoding) {
        guard let converter = iconv_open(encoding.converterName, "UTF-8"), Int(bitPattern: converter) != -1 else {
            return nil
        }
        self.converter = converter
    }

    deinit { iconv_close(converter) }

    /// The bytes of a text; nil where the encoding lacks one of its characters.
    package func bytes(of text: String) -> [UInt8]? {
        var input = Array(text.utf8)
        let room = 4 * input.count + 16
        var isWhole = false
        let bytes = [UInt8](unsafeUninitializedCapacity: room) { output, filled in
            _ = iconv(converter, nil, nil, nil, nil)
            input.withUnsafeMutableBytes { source in
                var from = source.baseAddress.map { $0.assumingMemoryBound(to: CChar.self) }
                var (left, free) = (source.count, room)
                output.withMemoryRebound(to: CChar.self) { target in
                    var to = target.baseAddress
                    isWhole = iconv(converter, &from, &left, &to, &free) == 0 && left == 0
                }
                filled = room - free
            }
        }
        return isWhole ? bytes : nil
    }
}
