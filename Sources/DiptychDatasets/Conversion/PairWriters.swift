internal import DiptychBasics
internal import Foundation

/// Writes a split as Chinese-CLIP's files: lines `id TAB base64`, and a JSON object a text.
final class ChineseClipWriter: PairWriter {
    private let images: AtomicFile
    private let texts: AtomicFile

    init(folder: String, split: String) throws(FileWriteError) {
        images = try AtomicFile(path: "\(folder)/\(split)\(ChineseClipSource.images)")
        texts = try AtomicFile(path: "\(folder)/\(split)_texts.jsonl")
    }

    func add(_ image: PairImage) throws {
        let text = try image.base64()
        try images.write(image.id.utf8)
        try images.write([0x09])
        try images.write(text)
        try images.write([0x0A])
    }

    func add(_ text: PairText) throws { try texts.write(text.line.utf8) }

    func finish() throws -> [String] {
        // The images last: where they are, the texts are too.
        try texts.commit()
        try images.commit()
        return [images.path, texts.path]
    }
}

extension PairText {
    /// The text as a line of `…_texts.jsonl`.
    var line: String {
        JSONValue.object([
            .init("text_id", id), .init("text", .string(text)), .init("image_ids", .array(imageIDs)),
        ]).text + "\n"
    }
}

/// Writes a split as Chinese-CLIP's `build_lmdb_dataset.py` does: `imgs` with the base64 under each id and `num_images`;
/// `pairs` with a pickled tuple for each pair of an image and a text, and `num_samples`.
final class LMDBSplitWriter: PairWriter {
    private let folder: String
    private let images: LMDBWriter
    private let pairs: LMDBWriter
    private let texts: AtomicFile?

    /// - Parameters:
    ///   - folder: the split's folder; what it holds of an earlier run is replaced at the end.
    ///   - texts: a file for the texts, with those that describe no image.
    init(folder: String, texts: String?) throws(FileWriteError) {
        self.folder = folder
        do throws(FileWriteError) {
            self.texts = try texts.map { (path) throws(FileWriteError) in try AtomicFile(path: path) }
            images = try Self.start("imgs", in: folder)
            pairs = try Self.start("pairs", in: folder)
        } catch {
            Self.removeUnfinished(folder)
            throw error
        }
    }

    private static let unfinished = ".part"
    private var isFinished = false

    deinit { if !isFinished { Self.removeUnfinished(folder) } }

    private static func start(_ name: String, in folder: String) throws(FileWriteError) -> LMDBWriter {
        let path = "\(folder)/\(name)\(unfinished)"
        // Of a run that was interrupted.
        try? FileManager.default.removeItem(atPath: path)
        try DatasetConversion.makeFolder(path)
        return try LMDBWriter(folder: path)
    }

    /// Removes what was not finished, and the folder where it holds nothing else.
    private static func removeUnfinished(_ folder: String) {
        for name in ["imgs", "pairs"] {
            try? FileManager.default.removeItem(atPath: "\(folder)/\(name)\(unfinished)")
        }
        rmdir(folder)
    }

    func add(_ image: PairImage) throws {
        guard (1...LMDBWriter.longestKey).contains(image.id.utf8.count) else {
            throw DatasetError(
                .unsupported, path: image.path, place: image.place,
                "its id has \(image.id.utf8.count) bytes, and LMDB takes 1 to \(LMDBWriter.longestKey)")
        }
        guard image.id != String(decoding: LMDBDataset.imageCount, as: UTF8.self) else {
            throw DatasetError(
                .unsupported, path: image.path, place: image.place, "its id is the key of the number of images")
        }
        try images.put(image.id.utf8, image.base64())
    }

    func add(_ text: PairText) throws {
        try texts?.write(text.line.utf8)
        for image in text.imageIDs {
            guard let pickle = PairPickle.write(image: image, text: text.id, text.text) else {
                throw DatasetError(
                    .unsupported, path: text.path, place: text.place, "an id is neither a number nor a text")
            }
            try pairs.put(String(pairs.count).utf8, pickle)
        }
    }

    func finish() throws -> [String] {
        try images.put(LMDBDataset.imageCount, String(images.count).utf8)
        try pairs.put(LMDBDataset.pairCount, String(pairs.count).utf8)
        // All of it is on the disk before any of it is in its place.
        for writer in [pairs, images] { try writer.finish() }
        try texts?.commit()
        for (writer, name) in [(pairs, "pairs"), (images, "imgs")] {
            try Self.replace("\(folder)/\(name)", by: writer.folder)
        }
        isFinished = true
        return ["\(folder)/imgs", "\(folder)/pairs"] + (texts.map { [$0.path] } ?? [])
    }

    private static func replace(_ path: String, by new: String) throws(FileWriteError) {
        let old = path + ".old"
        try? FileManager.default.removeItem(atPath: old)
        if rename(path, old) != 0, errno != ENOENT { throw FileWriteError(path: path, code: errno) }
        guard rename(new, path) == 0 else { throw FileWriteError(path: path, code: errno) }
        try? FileManager.default.removeItem(atPath: old)
    }
}
