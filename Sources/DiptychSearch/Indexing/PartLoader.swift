internal import Diptych
internal import DiptychDatasets
internal import DiptychMedia
internal import Foundation
internal import Synchronization

/// Reads parts of images as a model sees them. A picture of which several parts are asked for one after the other is decoded
/// once.
final class PartLoader: Sendable {
    private let preprocessing: Preprocessing
    private let options: ImageOptions
    private let fetch: FetchOptions
    private let recent = Mutex<[Entry]>([])

    /// As many images as threads work on at once.
    private static let kept = 8

    /// An image that is decoded by the first thread that asks for it; others wait.
    private final class Entry: Sendable {
        let content: ContentHash
        let image = Mutex<Result<Image, any Error>?>(nil)
        init(_ content: ContentHash) { self.content = content }
    }

    init(preprocessing: Preprocessing, options: ImageOptions, fetch: FetchOptions) {
        (self.preprocessing, self.options, self.fetch) = (preprocessing, options, fetch)
    }

    /// The pixels [3, height, width] that the model sees of a part. Blocks.
    func pixels(of part: UnembeddedPart) throws -> [Float] {
        switch part.part.part {
        case .whole: return try preprocessing.preprocessed(bytes(of: part), label: part.path, options: options).pixels
        case .span, .moment:
            throw IndexInputError(path: part.path, reason: "a time of it is embedded when its video is")
        case .box(let x, let y, let width, let height):
            let image = try image(of: part)
            do {
                return try preprocessing.pixels(of: image.cropped(x: x, y: y, width: width, height: height))
            } catch { throw error.naming(part.path) }
        }
    }

    /// The bytes that the store knows: others would be embedded under a wrong name.
    private func bytes(of part: UnembeddedPart) throws -> [UInt8] {
        // An http URL may come from a stranger's list, and is fetched as such.
        let isInBucket = RemotePaths.holds(part.path) && !part.path.lowercased().hasPrefix("http")
        let bytes =
            try isInBucket
            ? RemotePaths.read(part.path, limit: options.maximumBytes)
            : ImageSource(part.path).bytes(maximumBytes: options.maximumBytes, fetch: fetch)
        guard ContentHash(of: bytes) == part.content else {
            throw IndexInputError(path: part.path, reason: "has changed since it was indexed; index it again first")
        }
        return bytes
    }

    private func image(of part: UnembeddedPart) throws -> Image {
        let entry = recent.withLock { recent in
            if let known = recent.first(where: { $0.content == part.content }) { return known }
            let entry = Entry(part.content)
            recent.insert(entry, at: 0)
            if recent.count > Self.kept { recent.removeLast() }
            return entry
        }
        return try entry.image.withLock { image in
            if image == nil {
                image = Result {
                    // Boxes are measured in the image's own pixels.
                    var exact = preprocessing.readingOptions(options)
                    exact.decode = .exact
                    return try ImageDecoder(options: exact).decode(bytes(of: part), label: part.path)
                }
            }
            return image
        }?.get() ?? { throw IndexInputError(path: part.path, reason: "could not be decoded") }()
    }
}
