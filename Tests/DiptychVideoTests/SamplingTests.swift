import DiptychVideo
import Testing

/// The lists come from the original projects' code.
struct SamplingTests {
    /// VideoChat-Flash's `get_frame_indices` with the rule `dynamic_fps1`, a minimum of 64 and groups of 8.
    static let videoChatFlash:
        [(count: Int, rate: Double, maximum: Int, frames: Int, first: [Int], last: [Int], sum: Int)] = [
            (3, 25, 512, 8, [0, 1, 2, 2, 2, 2], [2, 2, 2, 2], 13),
            (7, 25, 512, 8, [0, 1, 2, 3, 4, 5], [4, 5, 6, 6], 27),
            (10, 25, 512, 8, [0, 1, 2, 3, 5, 6], [5, 6, 7, 8], 32),
            (50, 25, 512, 48, [0, 1, 2, 3, 4, 5], [45, 46, 47, 48], 1152),
            (70, 30, 512, 64, [0, 1, 2, 3, 4, 5], [65, 66, 67, 68], 2174),
            (300, 30, 512, 64, [1, 6, 11, 15, 20, 25], [282, 287, 292, 297], 9528),
            (1800, 30, 512, 64, [13, 41, 69, 97, 125, 153], [1700, 1728, 1756, 1785], 57512),
            (3000, 30, 512, 96, [15, 46, 77, 108, 140, 171], [2890, 2921, 2952, 2983], 143904),
            (2997, 29.97, 512, 96, [15, 46, 77, 108, 139, 171], [2887, 2918, 2949, 2980], 143751),
            (18000, 30, 512, 512, [17, 52, 87, 122, 157, 192], [17876, 17911, 17946, 17981], 4_607_456),
            (9000, 25, 128, 128, [34, 104, 174, 245, 315, 385], [8753, 8823, 8893, 8964], 575_832),
            (18000, 30, 32, 64, [140, 421, 702, 983, 1265, 1546], [17015, 17296, 17577, 17858], 575_936),
            (
                250_000, 24, 1000, 1000, [124, 374, 624, 874, 1124, 1374], [249_124, 249_374, 249_624, 249_874],
                124_999_000
            ),
            (60, 1, 512, 56, [0, 1, 2, 3, 4, 5], [55, 56, 57, 58], 1624),
            (20000, 25, 10000, 800, [12, 37, 62, 87, 112, 137], [19912, 19937, 19962, 19987], 7_999_600),
        ]

    @Test(arguments: videoChatFlash.indices)
    func `VideoChat-Flash's frames`(row: Int) {
        let expected = Self.videoChatFlash[row]
        let indices = VideoSampling.videoChatFlash(
            of: expected.count, rate: expected.rate, maximum: expected.maximum)
        #expect(indices.count == expected.frames)
        #expect(Array(indices.prefix(6)) == expected.first)
        #expect(Array(indices.suffix(4)) == expected.last)
        #expect(indices.reduce(0, +) == expected.sum)
    }

    @Test func `ViCLIP's demo takes steps from the start and needs eight frames`() {
        #expect(VideoSampling.steps(of: 7, frames: 8) == nil)
        #expect(VideoSampling.steps(of: 8, frames: 8) == [0, 1, 2, 3, 4, 5, 6, 7])
        #expect(VideoSampling.steps(of: 15, frames: 8) == [0, 1, 2, 3, 4, 5, 6, 7])
        #expect(VideoSampling.steps(of: 16, frames: 8) == [0, 2, 4, 6, 8, 10, 12, 14])
        #expect(VideoSampling.steps(of: 17, frames: 8) == [0, 2, 4, 6, 8, 10, 12, 14])
    }

    @Test func `Middles of nothing and of one frame`() {
        #expect(VideoSampling.middles(of: 0, frames: 8) == [])
        #expect(VideoSampling.middles(of: 1, frames: 3) == [0, 0, 0])
        // floor(linspace(0, 100, 5)) = 0 25 50 75 100
        #expect(VideoSampling.middles(of: 100, frames: 4) == [12, 37, 62, 87])
    }
}
