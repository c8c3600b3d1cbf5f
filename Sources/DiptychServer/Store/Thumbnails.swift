internal import DiptychBasics
internal import DiptychMedia
internal import DiptychSearch
internal import Foundation
internal import Synchronization

/// Small versions of images, made once and kept in files.
final class Thumbnails: Sendable {
    private let folder: URL?
    private let work: BlockingWork
    private let stages: Stages

    private struct FrameKey: Hashable {
        let content: ContentHash
        let time: Double
        let side: Int
    }
    private let frames = Mutex(LRUCache<FrameKey, [UInt8]>(limit: 512))

    /// The sides that are made; others are rounded up to one of them, so that nobody fills the disk with all there are.
    private static let sides = [64, 128, 256, 512, 1024]

    /// - Parameter folder: where they are kept; nil makes them anew each time.
    init(folder: URL?, threads: Int, stages: Stages) {
        self.folder = folder?.appendingPathComponent("thumbnails")
        work = BlockingWork(name: "diptych-thumbnails", threads: threads, waiting: 1024)
        self.stages = stages
    }

    /// A JPEG file whose longer side is at most `side`.
    /// Only that of what was indexed is kept, for it is kept under that name.
    ///
    /// - Parameter original: gives the image's bytes; blocks.
    func thumbnail(
        of content: ContentHash, side wanted: Int, original: @escaping @Sendable () throws -> IndexedFile.Contents
    ) async throws -> [UInt8] {
        let side = Self.sides.first { $0 >= wanted } ?? Self.sides[Self.sides.count - 1]
        let name = content.hex
        let directory = folder?.appendingPathComponent(String(name.prefix(2)))
        let file = directory?.appendingPathComponent("\(name)-\(side).jpg")
        return try await stages.measure(.decode) {
            try await work.run {
                if let file, let kept = FileManager.default.contents(atPath: file.path) { return [UInt8](kept) }
                let contents = try original()
                let made = try Self.make(from: contents.bytes, side: side)
                // A thumbnail that cannot be kept is made again.
                if contents.isIndexed, let directory, let file {
                    try? FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
                    try? AtomicFile.write(made, to: file.path, isDurable: false)
                }
                return made
            }
        }
    }

    /// A frame of a video as a JPEG file whose longer side is at most `side`. Frames are kept in memory, the last ones that were
    /// asked for: there are far more of them than disks are for.
    ///
    /// - Parameter frame: decodes it; blocks.
    func frame(
        of content: ContentHash, at time: Double, side wanted: Int, _ frame: @escaping @Sendable () throws -> Image
    ) async throws -> [UInt8] {
        let side = Self.sides.first { $0 >= wanted } ?? Self.sides[Self.sides.count - 1]
        let key = FrameKey(content: content, time: time, side: side)
        if let known = frames.withLock({ $0.value(for: key) }) { return known }
        let made = try await stages.measure(.decode) {
            try await work.run {
                let image = try frame()
                let scale = min(1, Double(side) / Double(max(image.width, image.height)))
                let width = max(1, Int((Double(image.width) * scale).rounded()))
                let height = max(1, Int((Double(image.height) * scale).rounded()))
                return try image.resizedAsOpenCV(width: width, height: height).jpeg(quality: 82)
            }
        }
        frames.withLock { $0.keep(made, for: key) }
        return made
    }

    /// Reads an image on the same threads, which keep reading from filling all others.
    func reading<T: Sendable>(_ body: @escaping @Sendable () throws -> T) async throws -> T {
        try await work.run(body)
    }

    /// The images that have thumbnails in files.
    func contents() -> Set<ContentHash> {
        guard let folder else { return [] }
        let manager = FileManager.default
        var found: Set<ContentHash> = []
        for part in (try? manager.contentsOfDirectory(atPath: folder.path)) ?? [] {
            for name in (try? manager.contentsOfDirectory(atPath: folder.path + "/" + part)) ?? [] {
                if let content = ContentHash(hex: name.prefix(64)) { found.insert(content) }
            }
        }
        return found
    }

    /// Forgets those of an image that is gone.
    func forget(_ content: ContentHash) {
        guard let folder else { return }
        let name = content.hex
        for side in Self.sides {
            let directory = folder.appendingPathComponent(String(name.prefix(2)))
            unlink(directory.appendingPathComponent("\(name)-\(side).jpg").path)
        }
    }

    private static func make(from bytes: [UInt8], side: Int) throws(ImageError) -> [UInt8] {
        var options = ImageOptions()
        options.decode = .fast
        options.resize = .shortestEdge(side / 2)
        return try ImageDecoder(options: options).decode(bytes, label: "image", fitting: side).jpeg(quality: 82)
    }
}
