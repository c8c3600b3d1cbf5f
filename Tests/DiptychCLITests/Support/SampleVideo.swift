import DiptychMedia
import DiptychVideo

/// A video of two shots, each of 25 frames at 25 a second: a bar that moves to the right, then bright squares.
enum SampleVideo {
    static let frames = 50

    static func write(to path: String) throws {
        let writer = try VideoWriter(path: path, width: 96, height: 64)
        for number in 0..<frames { try writer.append(frame(number)) }
        try writer.finish()
    }

    static func frame(_ number: Int) throws -> Image {
        var bytes: [UInt8] = []
        for y in 0..<64 {
            for x in 0..<96 {
                if number < 25 {
                    let isBar = (2 * number..<2 * number + 12).contains(x)
                    bytes += isBar ? [220, 40, 40] : [20, UInt8(20 + y), 60]
                } else {
                    bytes += (x / 16 + y / 16) % 2 == 0 ? [240, 240, 200] : [30, UInt8(100 + number), 220]
                }
            }
        }
        return try Image(width: 96, height: 64, bytes: bytes)
    }
}
