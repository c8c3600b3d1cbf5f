import Foundation

/// The size that an image file's header declares, read without a decoder.
enum ImageHeader {
    struct NoImage: Error {}

    static func size(ofFile path: String) throws -> (width: Int, height: Int) {
        let bytes = [UInt8](try Data(contentsOf: URL(fileURLWithPath: path)))
        if bytes.starts(with: [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]), bytes.count > 33 {
            func number(_ offset: Int) -> Int { bytes[offset..<offset + 4].reduce(0) { $0 << 8 | Int($1) } }
            return (number(16), number(20))
        }
        guard bytes.starts(with: [0xFF, 0xD8]), bytes.suffix(2) == [0xFF, 0xD9] else { throw NoImage() }
        // Segments up to the frame header, which is marker C0 or C2.
        var offset = 2
        while offset + 9 < bytes.count, bytes[offset] == 0xFF {
            if bytes[offset + 1] == 0xC0 || bytes[offset + 1] == 0xC2 {
                return (
                    Int(bytes[offset + 7]) << 8 | Int(bytes[offset + 8]),
                    Int(bytes[offset + 5]) << 8 | Int(bytes[offset + 6])
                )
            }
            offset += 2 + Int(bytes[offset + 2]) << 8 + Int(bytes[offset + 3])
        }
        throw NoImage()
    }
}
