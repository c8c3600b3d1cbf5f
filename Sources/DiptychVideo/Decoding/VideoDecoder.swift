internal import CFFmpeg
internal import DiptychMedia

/// FFmpeg's reader of one video. It lives on one thread at a time.
final class VideoDecoder {
    /// What the decoder reads from, for as long as it lives.
    private final class Input {
        let bytes: any VideoBytes
        init(_ bytes: any VideoBytes) { self.bytes = bytes }
    }

    /// One packet of the file.
    struct Packet {
        let stamp: Int64?
        let isKey: Bool
        let isDropped: Bool
    }

    let facts: diptych_video_facts
    private let input: Input
    private let label: String
    private let video: OpaquePointer

    init(_ source: VideoSource, _ options: VideoOptions) throws(VideoError) {
        label = source.description
        let input = Input(try source.open(options))
        self.input = input
        var bytes = diptych_video_bytes()
        bytes.context = Unmanaged.passUnretained(input).toOpaque()
        bytes.size = Int64(input.bytes.size)
        bytes.read = { context, offset, out, count in
            guard let context, let out, offset >= 0, count > 0 else { return -1 }
            let input = Unmanaged<Input>.fromOpaque(context).takeUnretainedValue()
            return Int32(
                clamping: input.bytes.read(
                    at: Int(offset), into: UnsafeMutableRawBufferPointer(start: out, count: Int(count))))
        }
        var limits = diptych_video_limits()
        limits.threads = Int32(clamping: max(1, options.threads))
        limits.pixels = Int64(options.maximumPixels)
        limits.frame_seconds = options.frameTimeLimit / .seconds(1)
        limits.total_seconds = options.timeLimit / .seconds(1)
        var facts = diptych_video_facts()
        var reason = Reason()
        guard let video = reason.filled({ diptych_video_open(&bytes, &limits, &facts, $0) }) else {
            throw input.bytes.failure ?? VideoError(.notDecodable, source: label, reason: reason.text)
        }
        self.video = video
        self.facts = facts
    }

    deinit { diptych_video_close(video) }

    /// How many pieces of the data could not be decoded so far.
    var damages: Int { Int(diptych_video_damages(video)) }

    /// The next packet of the video; nil at the end.
    func nextPacket() throws(VideoError) -> Packet? {
        var packet = diptych_video_packet()
        var reason = Reason()
        switch reason.filled({ diptych_video_next_packet(video, &packet, $0) }) {
        case Int32(DIPTYCH_VIDEO_GOT):
            return Packet(
                stamp: packet.has_time ? packet.time : nil, isKey: packet.is_key, isDropped: packet.is_dropped)
        case Int32(DIPTYCH_VIDEO_END): return nil
        default: throw error(reason)
        }
    }

    /// Continues at the key frame at or before `stamp`, or at the beginning.
    func seek(to stamp: Int64?) throws(VideoError) {
        var reason = Reason()
        guard reason.filled({ diptych_video_seek(video, stamp ?? .min, $0) }) == 0 else { throw error(reason) }
    }

    /// What decoding gave.
    enum Step {
        case frame(stamp: Int64?)
        case end
    }

    /// Decodes the next frame in the order of showing.
    ///
    /// - Parameter wanted: the stamps that are needed, ascending; others may be left out then.
    func nextFrame(wanted: [Int64]?) throws(VideoError) -> Step {
        var stamp: Int64 = 0
        var hasStamp = false
        var reason = Reason()
        let status = reason.filled { text in
            guard let wanted else { return diptych_video_next_frame(video, nil, 0, &stamp, &hasStamp, text) }
            return wanted.withUnsafeBufferPointer {
                diptych_video_next_frame(video, $0.baseAddress, $0.count, &stamp, &hasStamp, text)
            }
        }
        switch status {
        case Int32(DIPTYCH_VIDEO_GOT): return .frame(stamp: hasStamp ? stamp : nil)
        case Int32(DIPTYCH_VIDEO_END): return .end
        default: throw error(reason)
        }
    }

    /// The frame that was decoded last, as shown.
    func image(width: Int, height: Int) throws(VideoError) -> Image {
        var reason = Reason()
        var status: Int32 = 0
        let bytes = [UInt8](unsafeUninitializedCapacity: width * height * 3) { out, count in
            status = reason.filled { diptych_video_rgb(video, out.baseAddress, Int32(width), Int32(height), $0) }
            count = status == 0 ? width * height * 3 : 0
        }
        guard status == 0 else { throw error(reason) }
        do { return try Image(width: width, height: height, bytes: bytes) } catch { throw VideoError(error) }
    }

    /// The means of `columns` × `rows` cells of the frame that was decoded last: brightness and two differences of colour.
    func cells(columns: Int, rows: Int, into out: inout [UInt8]) throws(VideoError) {
        precondition(out.count == 3 * columns * rows, "three planes of cells")
        var reason = Reason()
        let status = out.withUnsafeMutableBufferPointer { cells in
            reason.filled { diptych_video_cells(video, cells.baseAddress, Int32(columns), Int32(rows), $0) }
        }
        guard status == 0 else { throw error(reason) }
    }

    private func error(_ reason: Reason) -> VideoError {
        input.bytes.failure ?? VideoError(.notDecodable, source: label, reason: reason.text)
    }
}

/// Room for the reason that a C function gives.
struct Reason {
    private var bytes = [CChar](repeating: 0, count: Int(DIPTYCH_FFMPEG_REASON))

    mutating func filled<Result>(_ body: (UnsafeMutablePointer<CChar>?) -> Result) -> Result {
        bytes.withUnsafeMutableBufferPointer { body($0.baseAddress) }
    }

    var text: String { String(decoding: bytes.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self) }
}

/// The C library's strings.
func text<Bytes>(_ bytes: Bytes) -> String {
    withUnsafeBytes(of: bytes) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
}
