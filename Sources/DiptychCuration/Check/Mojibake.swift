internal import DiptychDatasets

/// Text that was read in another encoding than it was written in.
struct Mojibake {
    /// What a text is.
    enum Finding: Equatable {
        /// As it was written.
        case sound
        /// Another one, which can be had back.
        case mended(String, how: String)
        /// Another one, of which something is lost.
        case lost(String)
    }

    private let gbk = SystemTextEncoder(.gb18030)

    /// What replacement characters and memory that was never written become in GBK.
    private static let remains = ["锟斤拷", "烫烫烫", "屯屯屯"]

    /// Looks at a text.
    func finding(_ text: String) -> Finding {
        guard text.utf8.contains(where: { $0 >= 0x80 }) else { return .sound }
        if text.unicodeScalars.contains("\u{FFFD}") { return .lost("has U+FFFD, where bytes were not text") }
        if let remains = Self.remains.first(where: text.contains) {
            return .lost("has '\(remains)', what GBK makes of characters that were lost")
        }
        if let mended = Self.fromWindows1252(text) { return .mended(mended, how: "UTF-8 read as Latin-1") }
        return fromGBK(text)
    }

    /// UTF-8 that was read as Latin-1 or Windows-1252, with the text around it as it is.
    private static func fromWindows1252(_ text: String) -> String? {
        var (result, run, isMended): (String, [UInt8], Bool) = ("", [], false)
        var original = String.UnicodeScalarView()
        func end() {
            if run.contains(where: { $0 >= 0x80 }), let decoded = String(validating: run, as: UTF8.self),
                !decoded.unicodeScalars.contains(where: { $0.value < 0x20 || (0x7F..<0xA0).contains($0.value) })
            {
                result += decoded
                isMended = true
            } else {
                result += String(original)
            }
            (run, original) = ([], String.UnicodeScalarView())
        }
        for scalar in text.unicodeScalars {
            guard let byte = byte(of: scalar) else {
                end()
                result.unicodeScalars.append(scalar)
                continue
            }
            run.append(byte)
            original.append(scalar)
        }
        end()
        return isMended ? result : nil
    }

    /// The characters that Windows-1252 has at 0x80 to 0x9F.
    private static let windows: [UInt32: UInt8] = [
        0x20AC: 0x80, 0x201A: 0x82, 0x0192: 0x83, 0x201E: 0x84, 0x2026: 0x85, 0x2020: 0x86, 0x2021: 0x87, 0x02C6: 0x88,
        0x2030: 0x89, 0x0160: 0x8A, 0x2039: 0x8B, 0x0152: 0x8C, 0x017D: 0x8E, 0x2018: 0x91, 0x2019: 0x92, 0x201C: 0x93,
        0x201D: 0x94, 0x2022: 0x95, 0x2013: 0x96, 0x2014: 0x97, 0x02DC: 0x98, 0x2122: 0x99, 0x0161: 0x9A, 0x203A: 0x9B,
        0x0153: 0x9C, 0x017E: 0x9E, 0x0178: 0x9F,
    ]

    private static func byte(of scalar: Unicode.Scalar) -> UInt8? {
        scalar.value < 0x100 ? UInt8(scalar.value) : windows[scalar.value]
    }

    /// UTF-8 that was read as GBK: its bytes in GBK are UTF-8 of several characters, which those of other texts hardly ever are.
    private func fromGBK(_ text: String) -> Finding {
        guard text.unicodeScalars.contains(where: { (0x4E00..<0xA000).contains($0.value) }),
            let bytes = gbk?.bytes(of: text), bytes.contains(where: { $0 >= 0x80 })
        else { return .sound }
        if let decoded = String(validating: bytes, as: UTF8.self) {
            let foreign = decoded.unicodeScalars.filter { $0.value >= 0x80 }
            // Short texts are both by chance; 联通 is UTF-8 of two characters of two bytes in GBK.
            let isText =
                foreign.count >= 2
                && foreign.allSatisfy {
                    $0.value >= 0x2000 && $0.value < 0x10000 && !(0xE000..<0xF900).contains($0.value)
                }
            return isText ? .mended(decoded, how: "UTF-8 read as GBK") : .sound
        }
        // Pairs of bytes that GBK does not have were left out, and left some characters with two of their three bytes.
        let (whole, inside, foreign) = Self.threeByteCharacters(bytes)
        return whole >= 1 && foreign >= 6 && inside * 10 >= foreign * 8
            ? .lost("is UTF-8 read as GBK, of which some is lost") : .sound
    }

    /// The characters that are three bytes of UTF-8 of Chinese text, the bytes of them and of those that lack their last one, and all
    /// bytes that are not ASCII.
    private static func threeByteCharacters(_ bytes: [UInt8]) -> (whole: Int, inside: Int, foreign: Int) {
        var (whole, inside, foreign, place) = (0, 0, 0, 0)
        func isNext(_ place: Int) -> Bool { place < bytes.count && (0x80..<0xC0).contains(bytes[place]) }
        while place < bytes.count {
            var count = 1
            if (0xE3...0xE9).contains(bytes[place]), isNext(place + 1) {
                count = isNext(place + 2) ? 3 : 2
                if count == 3 { whole += 1 }
                inside += count
            }
            if bytes[place] >= 0x80 { foreign += count }
            place += count
        }
        return (whole, inside, foreign)
    }
}
