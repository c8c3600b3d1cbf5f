import DiptychMedia
import Foundation
import Testing

/// The resize of ViCLIP's frames against OpenCV (Scripts/fixtures/opencv_resize.py).
struct OpenCVResizeTests {
    struct Fixture: Decodable {
        struct Case: Decodable {
            let seed: UInt32
            let width: Int
            let height: Int
            let toWidth: Int
            let toHeight: Int
            let bytes: [UInt8]
        }
        let cases: [Case]
    }

    @Test func `Within one level of OpenCV`() throws {
        let url = try #require(Bundle.module.url(forResource: "Fixtures/opencv-resize", withExtension: "json"))
        let cases = try JSONDecoder().decode(Fixture.self, from: Data(contentsOf: url)).cases
        try #require(cases.count == 6)
        for expected in cases {
            var state = expected.seed
            let bytes = (0..<3 * expected.width * expected.height).map { _ -> UInt8 in
                state = state &* 1_664_525 &+ 1_013_904_223
                return UInt8(state >> 24)
            }
            let image = try Image(width: expected.width, height: expected.height, bytes: bytes)
            let resized = image.resizedAsOpenCV(width: expected.toWidth, height: expected.toHeight)
            let worst = zip(resized.bytes, expected.bytes).map { abs(Int($0) - Int($1)) }.max() ?? 255
            #expect(worst <= 1, "\(expected.width) × \(expected.height): \(worst)")
        }
    }
}
