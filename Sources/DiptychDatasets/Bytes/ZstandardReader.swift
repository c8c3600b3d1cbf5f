internal import CZstd

/// A Zstandard stream (RFC 8878), of any number of frames, that is unpacked a piece at a time.
final class ZstandardReader: Decompressor {
    private let context: OpaquePointer
    private let path: String
    private var input: [UInt8] = []
    private var position = 0
    private var isBetweenFrames = true

    init(path: String) throws(DatasetError) {
        guard let context = ZSTD_createDCtx() else {
            throw DatasetError(.unreadable, path: path, "Zstandard cannot start")
        }
        self.context = context
        self.path = path
    }

    deinit { ZSTD_freeDCtx(context) }

    func read(
        into output: UnsafeMutableBufferPointer<UInt8>, more: () throws(DatasetError) -> [UInt8]
    ) throws(DatasetError) -> Int {
        while true {
            if position == input.count {
                input = try more()
                position = 0
                if input.isEmpty {
                    guard isBetweenFrames else {
                        throw DatasetError(.malformed, path: path, "ends within Zstandard data")
                    }
                    return 0
                }
            }
            var target = ZSTD_outBuffer(dst: output.baseAddress, size: output.count, pos: 0)
            let status = input.withUnsafeBytes { bytes in
                var source = ZSTD_inBuffer(src: bytes.baseAddress, size: bytes.count, pos: position)
                let status = ZSTD_decompressStream(context, &target, &source)
                position = source.pos
                return status
            }
            guard ZSTD_isError(status) == 0 else {
                // Frames whose window takes more than 128 MiB are refused by default.
                throw DatasetError(
                    .malformed, path: path,
                    "is not a whole Zstandard file (\(String(cString: ZSTD_getErrorName(status))))")
            }
            isBetweenFrames = status == 0
            if target.pos > 0 { return target.pos }
        }
    }
}
