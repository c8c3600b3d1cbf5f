internal import DiptychDatasets
internal import DiptychMedia

/// A fault of one image or text.
struct Fault: Sendable, Equatable {
    let kind: FindingKind
    let detail: String
    /// Whether a repair keeps the image, written as it should be.
    var isMended = false
}

/// What looking at an image's file gave.
struct ImageFacts: Sendable {
    var fault: Fault?
    /// Of the file's bytes; nil where there are none.
    var hash: ContentHash?
    var byteCount = 0
    var format: ImageFormat?
    var width = 0
    var height = 0
    /// The image at 8 × 8 pixels; empty where it was not decoded.
    var signature: [UInt8] = []
}

/// Looks at images' files: their base64, their bytes, and whether they can be decoded.
struct ImageInspector: Sendable {
    let options: ImageOptions

    private static let surveySide = 32

    /// The bytes of an image's file.
    func bytes(of image: ScannedImage) -> (bytes: [UInt8]?, fault: Fault?) {
        switch image.content {
        case .missing: return (nil, Fault(kind: .missingImage, detail: "has no image"))
        case .failure(let error): return (nil, Self.fault(of: error))
        case .base64(let text): return Self.decoded(text)
        case .reference(.url(let url)) where !url.lowercased().hasPrefix("data:"):
            return (nil, Fault(kind: .remoteImage, detail: String(url.prefix(120))))
        case .reference(let reference):
            do throws(DatasetError) { return (try reference.load(path: "", place: ""), nil) } catch {
                switch error.kind {
                case .incomplete: return (nil, Fault(kind: .emptyImage, detail: "the file is empty"))
                case .tooLarge: return (nil, Fault(kind: .oversizedImage, detail: error.reason))
                case .unsupported: return (nil, Fault(kind: .brokenBase64, detail: "the data URI is not base64"))
                case .malformed: return (nil, Fault(kind: .truncatedImage, detail: error.reason))
                case .unreadable: return (nil, Fault(kind: .missingFile, detail: "\(error.path): \(error.reason)"))
                }
            }
        }
    }

    /// A row's failure by what it is about.
    static func fault(of error: DatasetError) -> Fault {
        let kind: FindingKind =
            if error.reason.contains("UTF-8") {
                .wrongEncoding
            } else {
                switch error.kind {
                case .incomplete: error.reason.contains("no image") ? .missingImage : .malformedRow
                case .unreadable: .missingFile
                default: error.reason.contains("is not base64") ? .brokenBase64 : .malformedRow
                }
            }
        return Fault(kind: kind, detail: error.reason)
    }

    private static func decoded(_ text: [UInt8]) -> (bytes: [UInt8]?, fault: Fault?) {
        guard !text.isEmpty else { return (nil, Fault(kind: .emptyImage, detail: "the id has no image")) }
        let bytes = Base64.decode(text)
        guard let place = Base64.firstFault(in: text) else { return (bytes, nil) }
        guard place == text.count else {
            let detail = "character \(place + 1) of \(text.count) is not base64"
            return (bytes, Fault(kind: .brokenBase64, detail: detail))
        }
        guard let bytes else {
            return (nil, Fault(kind: .truncatedBase64, detail: "\(text.count) characters are not whole bytes"))
        }
        return (bytes, Fault(kind: .unpaddedBase64, detail: "\(text.count) characters, and no padding"))
    }

    /// What is known of an image without decoding it.
    func hashed(_ image: ScannedImage) -> ImageFacts {
        let (bytes, fault) = bytes(of: image)
        var facts = ImageFacts()
        facts.fault = fault
        if let bytes {
            facts.hash = ContentHash(bytes)
            facts.byteCount = bytes.count
        }
        return facts
    }

    /// Everything about an image.
    func facts(_ image: ScannedImage) -> ImageFacts {
        facts(image) { (bytes, facts) throws(ImageError) in
            let (small, size) = try ImageDecoder(options: options).surveyed(
                bytes, label: "image", fitting: Self.surveySide)
            (facts.width, facts.height) = (size.width, size.height)
            facts.signature = try small.resized(width: Signatures.side, height: Signatures.side).bytes
        }
    }

    /// What an image's header says.
    func header(_ image: ScannedImage) -> ImageFacts {
        facts(image) { (bytes, facts) throws(ImageError) in
            let size = try ImageDecoder(options: options).size(of: bytes, label: "image")
            (facts.width, facts.height) = (size.width, size.height)
        }
    }

    /// Everything about an image that `decode` finds out.
    func facts(
        _ image: ScannedImage, _ decode: ([UInt8], inout ImageFacts) throws(ImageError) -> Void
    ) -> ImageFacts {
        let (bytes, fault) = bytes(of: image)
        var facts = ImageFacts()
        facts.fault = fault
        guard let bytes else { return facts }
        facts.hash = ContentHash(bytes)
        facts.byteCount = bytes.count
        facts.format = ImageFormat(sniffing: bytes)
        do throws(ImageError) {
            try decode(bytes, &facts)
            facts.fault?.isMended = true
        } catch {
            switch fault?.kind {
            case nil: facts.fault = Self.fault(of: error, bytes)
            // What lacks its padding lacks its end.
            case .unpaddedBase64?: facts.fault = Fault(kind: .truncatedBase64, detail: error.reason)
            default: break
            }
        }
        return facts
    }

    private static func fault(of error: ImageError, _ bytes: [UInt8]) -> Fault {
        let kind: FindingKind =
            switch error.kind {
            case .empty: .emptyImage
            case .tooLarge: .oversizedImage
            case .unsupported: .unsupportedImage
            default:
                ImageEnd.isMissing(from: bytes) || error.reason.contains("end too early")
                    ? .truncatedImage : .brokenImage
            }
        return Fault(kind: kind, detail: error.reason)
    }
}

/// Whether files of images have their ends, by the marks and lengths of their formats.
enum ImageEnd {
    /// Whether a file that cannot be decoded ends before its format lets it.
    static func isMissing(from bytes: [UInt8]) -> Bool {
        switch ImageFormat(sniffing: bytes) {
        case .jpeg?: !has([0xFF, 0xD9], near: bytes)
        case .png?: !has(Array("IEND".utf8), near: bytes)
        case .gif?: bytes.last { $0 != 0 } != 0x3B
        case .webp?: little(bytes, at: 4).map { $0 > bytes.count - 8 } ?? true
        case .bmp?: little(bytes, at: 2).map { $0 > bytes.count } ?? true
        case .heic?, .avif?: !areBoxesWhole(bytes)
        default: false
        }
    }

    /// Whether a mark stands among the last bytes, behind which some programs write more.
    private static func has(_ mark: [UInt8], near bytes: [UInt8]) -> Bool {
        let end = bytes.suffix(1024)
        guard end.count >= mark.count else { return false }
        return (end.startIndex...end.endIndex - mark.count).contains { end[$0...].starts(with: mark) }
    }

    private static func little(_ bytes: [UInt8], at offset: Int) -> Int? {
        guard bytes.count >= offset + 4 else { return nil }
        return (0..<4).reduce(0) { $0 | Int(bytes[offset + $1]) << (8 * $1) }
    }

    private static func areBoxesWhole(_ bytes: [UInt8]) -> Bool {
        var place = 0
        while place < bytes.count {
            guard bytes.count - place >= 8 else { return false }
            let size = bytes[place..<place + 4].reduce(0) { $0 << 8 | Int($1) }
            // The last one; or one whose length has eight bytes.
            if size == 0 { return true }
            guard size != 1 else { return true }
            guard size >= 8, size <= bytes.count - place else { return false }
            place += size
        }
        return true
    }
}
