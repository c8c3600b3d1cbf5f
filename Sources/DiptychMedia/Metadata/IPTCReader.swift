/// What IPTC-IIM records say about an image (IIM 4.2): the datasets of the application record.
enum IPTCReader {
    /// Reads the records; of damaged ones what comes before the damage.
    static func description(_ bytes: [UInt8]) -> ImageDescription {
        var texts: [Int: [ArraySlice<UInt8>]] = [:]
        var (at, count) = (0, 0)
        while at + 5 <= bytes.count, bytes[at] == 0x1C, count < 10_000 {
            let (record, number) = (bytes[at + 1], Int(bytes[at + 2]))
            var length = Int(bytes[at + 3]) << 8 | Int(bytes[at + 4])
            at += 5
            // A long dataset: the low bits are the number of bytes of its length.
            if length & 0x8000 != 0 {
                let size = length & 0x7FFF
                guard size <= 4, at + size <= bytes.count else { break }
                length = bytes[at..<at + size].reduce(0) { $0 << 8 | Int($1) }
                at += size
            }
            guard length <= bytes.count - at else { break }
            if record == 2, texts[number, default: []].count < 1000 {
                texts[number, default: []].append(bytes[at..<at + length])
            }
            at += length
            count += 1
        }
        func all(_ number: Int) -> [String] { texts[number, default: []].compactMap { PlainText.of($0) } }
        var found = ImageDescription()
        found.caption = all(120).first
        found.title = all(5).first ?? all(105).first
        found.keywords = all(25)
        found.creator = all(80).first
        found.copyright = all(116).first
        found.city = all(90).first
        found.state = all(95).first
        found.country = all(101).first
        // CCYYMMDD and HHMMSS±HHMM; the clock's own time, as EXIF's.
        if let date = all(55).first, date.utf8.count == 8, date.utf8.allSatisfy({ (0x30...0x39).contains($0) }) {
            let time = all(60).first.map { String($0.prefix(6)) } ?? "000000"
            func part(_ text: String, _ from: Int, _ length: Int) -> Substring { text.dropFirst(from).prefix(length) }
            found.taken = ImageMetadata.seconds(
                "\(part(date, 0, 4)):\(part(date, 4, 2)):\(part(date, 6, 2)) "
                    + "\(part(time, 0, 2)):\(part(time, 2, 2)):\(part(time, 4, 2))")
        }
        return found
    }
}
