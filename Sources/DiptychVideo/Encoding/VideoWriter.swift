internal import CFFmpeg
public import DiptychMedia

/// Writes images as a video file. It lives on one thread at a time.
public final class VideoWriter {
    /// How a video is written.
    public struct Options: Sendable, Hashable {
        /// FFmpeg's name of the encoder.
        public var codec = "libx264"
        /// FFmpeg's name of the format.
        public var format = "mp4"
        /// The encoder's options, as `key=value:key=value`.
        public var settings = "crf=23:preset=veryfast"
        /// Frames a second.
        public var rate = 25
        /// A key frame at least every so many frames.
        public var keyInterval = 250
        /// The threads that encode. With one, the same frames give the same bytes.
        public var threads = 1

        /// H.264 in an MP4 file.
        public init() {}
    }

    private let path: String
    private let width: Int
    private let height: Int
    private var encoder: OpaquePointer?

    /// Begins a file, replacing what lies there.
    ///
    /// - Throws: ``VideoError`` where it cannot be written so.
    public init(path: String, width: Int, height: Int, options: Options = Options()) throws(VideoError) {
        (self.path, self.width, self.height) = (path, width, height)
        guard (2...16_384).contains(width), (2...16_384).contains(height), (1...1000).contains(options.rate) else {
            throw VideoError(
                .output, source: path, reason: "videos have 2 to 16384 pixels a side and 1 to 1000 frames a second")
        }
        var reason = Reason()
        // Without the scheme, a name such as "http:x" would be a URL to FFmpeg.
        encoder = options.codec.withCString { codec in
            options.format.withCString { format in
                options.settings.withCString { settings in
                    var chosen = diptych_encoder_options(
                        width: Int32(width), height: Int32(height), rate_numerator: Int32(options.rate),
                        rate_denominator: 1, codec: codec, format: format, options: settings,
                        key_interval: Int32(clamping: options.keyInterval), threads: Int32(clamping: options.threads))
                    return reason.filled { diptych_encoder_open("file:" + path, &chosen, $0) }
                }
            }
        }
        guard encoder != nil else { throw VideoError(.output, source: path, reason: reason.text) }
    }

    deinit {
        var reason = Reason()
        if let encoder { _ = reason.filled { diptych_encoder_close(encoder, false, $0) } }
    }

    /// Adds a frame of the size that was stated.
    ///
    /// - Throws: ``VideoError`` where it cannot be encoded or written.
    public func append(_ image: Image) throws(VideoError) {
        guard image.width == width, image.height == height, let encoder else {
            throw VideoError(
                .output, source: path, reason: "a frame has another size than the video, or comes after its end")
        }
        var reason = Reason()
        let status = image.bytes.withUnsafeBufferPointer { pixels in
            reason.filled { diptych_encoder_write(encoder, pixels.baseAddress, $0) }
        }
        guard status == 0 else { throw VideoError(.output, source: path, reason: reason.text) }
    }

    /// Ends the file. Without this, it is not a video.
    ///
    /// - Throws: ``VideoError`` where the rest cannot be written.
    public func finish() throws(VideoError) {
        guard let encoder else { return }
        self.encoder = nil
        var reason = Reason()
        guard reason.filled({ diptych_encoder_close(encoder, true, $0) }) == 0 else {
            throw VideoError(.output, source: path, reason: reason.text)
        }
    }
}
