import DiptychMedia
import Testing

/// GIF and BMP files with every number in turn at and beyond the limits of the integers that hold it are read or refused,
/// and take no memory that they only announce.
struct IntegerLimitTests {
    private static let limits: [UInt64] = [
        0, 1, 2, 3, 7, 12, 40, 255, 256, 32_767, 32_768, 65_535, 65_536, 1 << 31, 1 << 31 - 1, 1 << 31 + 1,
        UInt64(UInt32.max), UInt64(UInt32.max) - 1, 1 << 24, 1 << 28,
    ]

    @Test(arguments: [
        "palette.gif", "interlaced.gif", "animated.gif", "rgb.bmp", "bgrx.bmp", "grey.bmp", "bilevel.bmp",
        "top-down.bmp",
    ])
    func `each number of a header`(name: String) throws {
        let original = try Fixture.bytes("Pictures/\(name)")
        var options = ImageOptions()
        options.maximumPixels = 1 << 22
        var outcomes = (read: 0, refused: 0)
        let before = residentBytes()
        for place in 0..<min(140, original.count - 4) {
            for width in [1, 2, 4] {
                for limit in Self.limits {
                    var bytes = original
                    for index in 0..<width {
                        bytes[place + index] = UInt8(truncatingIfNeeded: limit >> UInt64(8 * index))
                    }
                    do throws(ImageError) {
                        let image = try Image.decode(bytes, label: name, options: options)
                        #expect(image.bytes.count == image.width * image.height * 3)
                        outcomes.read += 1
                    } catch { outcomes.refused += 1 }
                }
            }
        }
        #expect(outcomes.read > 0 && outcomes.refused > 0)
        #expect(residentBytes() - before < 512 << 20)
    }
}
