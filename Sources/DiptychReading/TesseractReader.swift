internal import CTesseract
public import DiptychMedia
internal import Synchronization

/// Tesseract 5, which is loaded when the first reader is made.
///
/// ```swift
/// let reader = try TesseractReader(languages: ["chi_sim", "eng"])
/// for line in try reader.lines(of: try Image.decode(file: "page.png"), mode: .anywhere) { print(line.text) }
/// ```
public final class TesseractReader: TextReading {
    private struct Handle: @unchecked Sendable {  // used under the lock only
        let reader: OpaquePointer
    }

    private let handle: Mutex<Handle>

    /// Languages that are read where none are asked for.
    public static let usualLanguages = ["chi_sim", "eng"]

    /// Opens a reader.
    ///
    /// - Parameters:
    ///   - languages: by Tesseract's names, such as `chi_sim` and `eng`.
    ///   - folder: where their files lie; Tesseract's own place where there is none.
    /// - Throws: ``ReadingError`` that says what to install.
    public init(languages: [String] = usualLanguages, folder: String? = nil) throws(ReadingError) {
        let isName = { (text: String) in
            !text.isEmpty && text.utf8.count <= 40
                && text.utf8.allSatisfy { ($0 | 32) >= 97 && ($0 | 32) <= 122 || $0 == 95 || (48...57).contains($0) }
        }
        guard !languages.isEmpty, languages.count <= 8, let names = Optional(languages), names.allSatisfy(isName) else {
            throw ReadingError("languages must be one to eight of Tesseract's names, such as chi_sim,eng")
        }
        var reader: OpaquePointer?
        let status = diptych_tesseract_open(folder, names.joined(separator: "+"), &reader)
        guard status == DIPTYCH_TESSERACT_DONE, let reader else {
            let packages = names.map { "tesseract-ocr-\($0.replacing("_", with: "-").lowercased())" }
            switch Int(status) {
            case Int(DIPTYCH_TESSERACT_NO_LIBRARY):
                throw ReadingError(
                    "reading needs Tesseract 5, which is not installed: apt-get install libtesseract5 "
                        + packages.joined(separator: " "))
            case Int(DIPTYCH_TESSERACT_OTHER_LIBRARY):
                throw ReadingError("the Tesseract that is installed is not version 5; install libtesseract5")
            default:
                throw ReadingError(
                    "Tesseract cannot read \(names.joined(separator: ",")): apt-get install "
                        + packages.joined(separator: " "))
            }
        }
        handle = Mutex(Handle(reader: reader))
    }

    deinit { handle.withLock { diptych_tesseract_close($0.reader) } }

    /// Small letters are enlarged: Tesseract wants capitals of about 30 pixels.
    private static let enlarged = 900
    private static let longestSide = 4000

    /// The lines of an image, from top to bottom.
    ///
    /// - Throws: ``ReadingError`` where Tesseract fails, `ImageError` where the image cannot be enlarged.
    public func lines(of image: Image, mode: ReadingMode) throws -> [ReadLine] {
        var (shown, scale) = (image, 1.0)
        let side = max(image.width, image.height)
        if side > Self.longestSide { scale = Double(Self.longestSide) / Double(side) }
        if side < Self.enlarged { scale = 2 }
        if scale != 1 {
            shown = try image.resized(
                width: max(1, Int(Double(image.width) * scale)), height: max(1, Int(Double(image.height) * scale)))
        }
        // A border, because letters at the very edge are lost.
        let padded = try Self.padded(shown, by: 12)
        let found = Found()
        let kind = mode == .block ? DIPTYCH_TESSERACT_BLOCK : DIPTYCH_TESSERACT_SPARSE
        let status = handle.withLock { handle in
            padded.bytes.withUnsafeBufferPointer { bytes in
                guard let start = bytes.baseAddress else { return Int32(DIPTYCH_TESSERACT_FAILED) }
                return diptych_tesseract_read(
                    handle.reader, start, Int32(padded.width), Int32(padded.height), 3, Int32(kind),
                    Unmanaged.passUnretained(found).toOpaque()
                ) { context, text, left, top, right, bottom, confidence in
                    Unmanaged<Found>.fromOpaque(context).takeUnretainedValue()
                        .add(String(cString: text), Int(left), Int(top), Int(right), Int(bottom), confidence)
                }
            }
        }
        guard status == DIPTYCH_TESSERACT_DONE else { throw ReadingError("Tesseract could not read the image") }
        return found.lines(scale, image.width, image.height)
    }

    /// Lines as they come.
    private final class Found {
        private var lines: [(text: String, left: Int, top: Int, right: Int, bottom: Int, confidence: Float)] = []

        func add(_ text: String, _ left: Int, _ top: Int, _ right: Int, _ bottom: Int, _ confidence: Float) {
            lines.append((text, left, top, right, bottom, confidence))
        }

        /// Those with text, in pixels of the image, from top to bottom.
        func lines(_ scale: Double, _ width: Int, _ height: Int) -> [ReadLine] {
            func place(_ value: Int, _ limit: Int) -> Int {
                min(max(Int((Double(value - 12) / scale).rounded()), 0), limit)
            }
            return lines.compactMap { line in
                let text = ReadText.tidied(line.text)
                guard !text.isEmpty else { return nil }
                let (left, right) = (place(line.left, width), place(line.right, width))
                let (top, bottom) = (place(line.top, height), place(line.bottom, height))
                return ReadLine(
                    text: text, box: (left, top, right - left, bottom - top),
                    confidence: min(max(line.confidence / 100, 0), 1))
            }
        }
    }

    private static func padded(_ image: Image, by border: Int) throws -> Image {
        let (width, height) = (image.width + 2 * border, image.height + 2 * border)
        // The border has the colour of the corner.
        var bytes: [UInt8] = []
        bytes.reserveCapacity(width * height * 3)
        let corner = Array(image.bytes.prefix(3))
        let line = Array(repeating: corner, count: width).flatMap { $0 }, side = Array(line.prefix(border * 3))
        for _ in 0..<border { bytes += line }
        for row in 0..<image.height {
            bytes += side
            bytes += image.bytes[row * image.width * 3..<(row + 1) * image.width * 3]
            bytes += side
        }
        for _ in 0..<border { bytes += line }
        return try Image(width: width, height: height, bytes: bytes)
    }
}
