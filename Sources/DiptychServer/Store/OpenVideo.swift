internal import DiptychBasics
internal import DiptychMedia
internal import DiptychVideo
internal import Foundation
internal import HTTPTypes
internal import Hummingbird
internal import NIOCore

/// What a video file is by its first bytes, never by its name.
enum VideoContent: String, Sendable {
    case mp4, mov, webm, avi, mpeg, mts, ogv, flv, wmv

    init?(sniffing bytes: [UInt8]) {
        func has(_ text: String, at offset: Int) -> Bool {
            let wanted = Array(text.utf8)
            return bytes.count >= offset + wanted.count && bytes[offset..<offset + wanted.count].elementsEqual(wanted)
        }
        if has("ftyp", at: 4) {
            // Pictures are of this format too.
            for brand in ["heic", "heix", "hevc", "hevx", "heim", "heis", "mif1", "msf1", "avif", "avis"]
            where has(brand, at: 8) { return nil }
            self = has("qt  ", at: 8) ? .mov : .mp4
        } else if ["moov", "mdat", "wide"].contains(where: { has($0, at: 4) }) {
            self = .mov
        } else if bytes.starts(with: [0x1A, 0x45, 0xDF, 0xA3]) {
            self = .webm
        } else if has("RIFF", at: 0), has("AVI ", at: 8) {
            self = .avi
        } else if bytes.starts(with: [0, 0, 1, 0xBA]) {
            self = .mpeg
        } else if bytes.count > 376, bytes[0] == 0x47, bytes[188] == 0x47, bytes[376] == 0x47 {
            self = .mts
        } else if has("OggS", at: 0) {
            self = .ogv
        } else if has("FLV", at: 0) {
            self = .flv
        } else if bytes.starts(with: [0x30, 0x26, 0xB2, 0x75, 0x8E, 0x66, 0xCF, 0x11]) {
            self = .wmv
        } else {
            return nil
        }
    }

    var mediaType: String {
        switch self {
        case .mp4: "video/mp4"
        // Browsers play most of such files when they are told that they are MP4's.
        case .mov: "video/mp4"
        case .webm: "video/webm"
        case .avi: "video/x-msvideo"
        case .mpeg: "video/mpeg"
        case .mts: "video/mp2t"
        case .ogv: "video/ogg"
        case .flv: "video/x-flv"
        case .wmv: "video/x-ms-wmv"
        }
    }
}

/// A video file that is open, and stays the same file whatever becomes of its name.
final class OpenVideo: Sendable {
    private let descriptor: Int32
    private let size: Int
    private let tag: String
    private let type: VideoContent

    /// Bytes that are in memory at a time.
    private static let piece = 1 << 18

    /// Opens the file at `path`; nil where there is none, a link leads there, or it is no video. Blocks.
    init?(path: String) {
        guard path.hasPrefix("/") else { return nil }
        let opened = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC)
        guard opened >= 0 else { return nil }
        descriptor = opened
        var status = stat()
        let isFile = fstat(opened, &status) == 0 && status.st_mode & S_IFMT == S_IFREG
        let isWhatItSays =
            (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/fd/\(opened)")) == path
        size = Int(status.st_size)
        tag = "\"\(String(status.st_mtim.tv_sec, radix: 36))-\(String(status.st_mtim.tv_nsec, radix: 36))-\(size)\""
        let kind = VideoContent(sniffing: Self.read(opened, 0, 512) ?? [])
        type = kind ?? .mp4
        guard isFile, isWhatItSays, kind != nil else { return nil }
    }

    deinit { close(descriptor) }

    /// The frame at a second. Blocks.
    ///
    /// - Throws: ``Problem``, 404, where none can be decoded.
    func frame(at time: Double) throws -> Image {
        do throws(VideoError) {
            var options = VideoOptions()
            options.timeLimit = .seconds(20)
            return try VideoFile(.file("/proc/self/fd/\(descriptor)"), options: options).frame(at: time).image
        } catch {
            throw Problem.notFound("the video has no frame at \(time) s that can be decoded: \(error.reason)")
        }
    }

    /// The file, or the part that is asked for, read as it is sent.
    ///
    /// - Throws: ``Problem``, 416, where there is no such part.
    func response(to request: Request, name: String) throws(Problem) -> Response {
        var headers: HTTPFields = [
            .contentType: type.mediaType, .cacheControl: "private, max-age=3600", .acceptRanges: "bytes", .eTag: tag,
            .contentDisposition: FileName.disposition(name),
        ]
        if Representation.isKept(tag, by: request) { return Response(status: .notModified, headers: headers) }
        var places = 0..<size
        var status = HTTPResponse.Status.ok
        if request.method == .get, let wanted = request.headers[.range].flatMap(ByteRange.init),
            request.headers[.ifRange].map({ $0 == tag }) ?? true
        {
            guard let part = wanted.places(of: size) else {
                throw Problem(
                    status: .rangeNotSatisfiable, detail: "the bytes asked for begin behind the last of \(size)",
                    headers: [.contentRange: "bytes */\(size)", .acceptRanges: "bytes"])
            }
            (places, status) = (part, .partialContent)
            headers[.contentRange] = "bytes \(part.lowerBound)-\(part.upperBound - 1)/\(size)"
        }
        let sent = places
        let body = ResponseBody(contentLength: sent.count) { writer in
            var offset = sent.lowerBound
            while offset < sent.upperBound {
                try Task.checkCancellation()
                let (from, count) = (offset, min(Self.piece, sent.upperBound - offset))
                let bytes = try await WorkerThreads.shared.value { Self.read(self.descriptor, from, count) }
                // A file that has become shorter ends the connection: what was promised cannot be sent.
                guard let bytes, !bytes.isEmpty else { throw CancellationError() }
                try await writer.write(ByteBuffer(bytes: bytes))
                offset += bytes.count
            }
            try await writer.finish(nil)
        }
        return Response(status: status, headers: headers, body: body)
    }

    private static func read(_ descriptor: Int32, _ offset: Int, _ count: Int) -> [UInt8]? {
        var failed = false
        let bytes = [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
            let got = pread(descriptor, buffer.baseAddress, count, off_t(offset))
            failed = got < 0
            filled = max(0, got)
        }
        return failed ? nil : bytes
    }
}
