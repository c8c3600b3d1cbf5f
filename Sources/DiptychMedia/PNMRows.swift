/// The rows of Netpbm's formats: P1 to P6 (PBM, PGM, PPM, as text and binary) and P7 (PAM). Of several images the first.
/// Samples of other ranges than 0 to 255 are scaled as Pillow scales them.
final class PNMRows: ImageRows {
    let width: Int
    let height: Int
    let hasOpacity: Bool
    /// Whether it holds single bits.
    let isIndexed: Bool
    private let raw: UnsafeRawBufferPointer
    private let label: String
    private let options: ImageOptions
    private let channels: Int
    private let most: Int
    private let kind: Kind
    private var at: Int

    private enum Kind { case text, textBits, bits, binary }

    /// Reads the header.
    ///
    /// - Parameter raw: The file, which must stay where it is.
    init(_ raw: UnsafeRawBufferPointer, label: String, options: ImageOptions) throws(ImageError) {
        var header = Header(raw: raw, label: label)
        let magic = raw.count > 1 ? raw[1] : 0
        guard (0x31...0x37).contains(magic) else {
            throw ImageError(
                .unsupported, source: label,
                reason: "PFM holds floating-point samples, which is not read; save it as 8-bit RGB")
        }
        var fields: (width: Int, height: Int, channels: Int, most: Int, hasOpacity: Bool)
        if magic == 0x37 {
            fields = try header.pam()
        } else {
            let hasRange = magic != 0x31 && magic != 0x34
            fields = (
                try header.number(), try header.number(), magic == 0x33 || magic == 0x36 ? 3 : 1,
                hasRange ? try header.number() : 1, false
            )
            // One white space parts the header from binary samples.
            header.at += 1
        }
        guard (1...65_535).contains(fields.most) else {
            throw header.damaged("its largest sample is \(fields.most)")
        }
        try options.check(width: fields.width, height: fields.height, label: label, format: .pnm)
        (width, height, channels, most, hasOpacity) = fields
        kind =
            switch magic {
            case 0x31: .textBits
            case 0x32, 0x33: .text
            case 0x34: .bits
            default: .binary
            }
        isIndexed = magic == 0x31 || magic == 0x34
        // A few bytes must not ask for a row of millions.
        let samples = fields.width * fields.height * fields.channels
        let least =
            switch kind {
            case .bits: (fields.width + 7) / 8 * fields.height
            case .binary: samples * (fields.most > 255 ? 2 : 1)
            case .text, .textBits: samples
            }
        guard options.isTolerant || header.at <= raw.count && least <= raw.count - header.at else {
            throw ImageError(
                .damaged, source: label, reason: "its PNM data end too early" + options.tolerantHint)
        }
        (self.raw, self.label, self.options, at) = (raw, label, options, header.at)
    }

    private struct Header {
        let raw: UnsafeRawBufferPointer
        let label: String
        var at = 2

        func damaged(_ what: String) -> ImageError {
            ImageError(.damaged, source: label, reason: "damaged PNM: \(what)")
        }

        mutating func word() throws(ImageError) -> String {
            while at < raw.count, PNMRows.isSpace(raw[at]) || raw[at] == 0x23 {
                if raw[at] == 0x23 {
                    while at < raw.count, raw[at] != 0x0A, raw[at] != 0x0D { at += 1 }
                } else {
                    at += 1
                }
            }
            let start = at
            while at < raw.count, !PNMRows.isSpace(raw[at]), at - start < 32 { at += 1 }
            guard at > start else { throw damaged("its header ends too early") }
            return String(decoding: raw[start..<at], as: UTF8.self)
        }

        mutating func number() throws(ImageError) -> Int {
            guard let number = Int(try word()), number >= 0, number < 1 << 31 else {
                throw damaged("its header holds no number where one belongs")
            }
            return number
        }

        mutating func pam() throws(ImageError) -> (Int, Int, Int, Int, Bool) {
            var values: [String: Int] = [:], tuple = ""
            for _ in 0..<64 {
                let name = try word()
                if name == "ENDHDR" { break }
                if name == "TUPLTYPE" { tuple = try word() } else { values[name] = try number() }
            }
            // The rest of the line.
            while at < raw.count, raw[at] != 0x0A { at += 1 }
            at += 1
            let depth = values["DEPTH"] ?? 0, colours = depth >= 3 ? 3 : 1
            guard (1...4).contains(depth) else {
                throw ImageError(
                    .unsupported, source: label, reason: "PAM with \(depth) samples a pixel is not read; save it as PNG"
                )
            }
            let hasOpacity = tuple.isEmpty ? depth == colours + 1 : tuple.hasSuffix("_ALPHA")
            return (
                values["WIDTH"] ?? 0, values["HEIGHT"] ?? 0, depth, values["MAXVAL"] ?? 0, hasOpacity && depth % 2 == 0
            )
        }
    }

    fileprivate static func isSpace(_ byte: UInt8) -> Bool { [0x20, 0x09, 0x0A, 0x0B, 0x0C, 0x0D].contains(byte) }

    func read(
        _ count: Int, into out: UnsafeMutablePointer<UInt8>, opacity: UnsafeMutablePointer<UInt8>?
    ) throws(ImageError) {
        var samples = [UInt8](repeating: 0, count: width * channels)
        for row in 0..<count {
            guard try fill(&samples) || options.isTolerant else {
                throw ImageError(
                    .damaged, source: label, reason: "its PNM data end too early" + options.tolerantHint)
            }
            let target = out + row * width * 3
            let isGrey = channels < 3
            for x in 0..<width {
                for channel in 0..<3 { target[x * 3 + channel] = samples[x * channels + (isGrey ? 0 : channel)] }
                guard hasOpacity else { continue }
                let solid = samples[(x + 1) * channels - 1]
                opacity?[row * width + x] = solid
                guard options.alpha == .onWhite else { continue }
                for channel in 0..<3 { target[x * 3 + channel] = onWhite(target[x * 3 + channel], opacity: solid) }
            }
        }
    }

    /// One row of samples between 0 and 255; false where the data end before its end, which leaves the rest at 0.
    private func fill(_ samples: inout [UInt8]) throws(ImageError) -> Bool {
        let count = samples.count
        for index in 0..<count { samples[index] = 0 }
        switch kind {
        case .bits:
            let bytes = (count + 7) / 8, there = max(0, min(bytes, raw.count - at))
            for index in 0..<min(count, there * 8) {
                samples[index] = raw[at + index / 8] & (0x80 >> UInt8(index % 8)) == 0 ? 255 : 0
            }
            at += there
            return there == bytes
        case .binary:
            let size = most > 255 ? 2 : 1, there = max(0, min(count, (raw.count - at) / size))
            for index in 0..<there {
                let value =
                    size == 1 ? Int(raw[at + index]) : Int(raw[at + 2 * index]) << 8 | Int(raw[at + 2 * index + 1])
                samples[index] = scaled(value)
            }
            at += there * size
            return there == count
        case .textBits:
            for index in 0..<count {
                skipSpace()
                guard at < raw.count else { return false }
                guard raw[at] == 0x30 || raw[at] == 0x31 else { throw malformed() }
                samples[index] = raw[at] == 0x30 ? 255 : 0
                at += 1
            }
            return true
        case .text:
            for index in 0..<count {
                skipSpace()
                guard at < raw.count else { return false }
                var value = 0
                let start = at
                while at < raw.count, (0x30...0x39).contains(raw[at]), at - start < 6 {
                    value = value * 10 + Int(raw[at] - 0x30)
                    at += 1
                }
                guard at > start, value <= most else { throw malformed() }
                samples[index] = scaled(value)
            }
            return true
        }
    }

    private func malformed() -> ImageError {
        ImageError(.damaged, source: label, reason: "damaged PNM: a sample is not a number from 0 to \(most)")
    }

    private func skipSpace() {
        while at < raw.count, Self.isSpace(raw[at]) || raw[at] == 0x23 {
            if raw[at] == 0x23 { while at < raw.count, raw[at] != 0x0A { at += 1 } } else { at += 1 }
        }
    }

    /// Rounded to the nearest, a half to the even one, as Pillow scales; more than the largest counts as that.
    private func scaled(_ value: Int) -> UInt8 {
        guard most != 255 else { return UInt8(value) }
        // Grey of more than 8 bits keeps its high byte, as in every format.
        if most > 255, channels < 3 {
            return UInt8(Int((Double(min(value, most)) / Double(most) * 65_535).rounded()) >> 8)
        }
        return UInt8(min(255, (Double(value) / Double(most) * 255).rounded(.toNearestOrEven)))
    }
}
