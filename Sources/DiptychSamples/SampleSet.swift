internal import DiptychBasics
import Foundation

/// An endless set of sample images that follows from one number.
///
/// Scene `index` of seed `seed` is the same on every machine, and so is the order of everything drawn; the bytes of
/// the files also depend on the versions of librsvg and libjpeg that render them.
public struct SampleSet: Sendable {
    /// The number that the set follows from.
    public let seed: UInt64

    /// A set of images; sets of different seeds have nothing to do with each other.
    public init(seed: UInt64) {
        self.seed = seed
    }

    /// How many images one call writes at most.
    public static let countLimit = 1_000_000

    /// What image `index` shows.
    public func scene(at index: Int) -> Scene {
        Scene(seed: seed, index: index)
    }

    /// The name of the file of image `index`.
    public static func fileName(at index: Int) -> String {
        let digits = String(index)
        return "scene-" + String(repeating: "0", count: max(0, 6 - digits.count)) + digits + ".jpg"
    }

    /// Draws image `index` as JPEG into `directory`, which must exist, and returns the file's name.
    @discardableResult
    public func write(index: Int, to directory: String) throws -> String {
        let name = Self.fileName(at: index)
        var random = SplitMix64(seed: seed, index: index, purpose: 2)
        let drawing = try Drawing.render(scene(at: index).svg(using: &random).document)
        let photograph = Photograph(using: &random)
        let image = try photograph.taken(of: drawing, using: &random)
        try Drawing.save(image, to: directory + "/" + name, quality: photograph.quality)
        return name
    }

    /// What is written beside the images.
    public enum Companion: Sendable {
        /// `captions.jsonl`: one line an image, `{"file","caption_en","caption_zh"}`.
        case captions
        /// Also `training.jsonl`: the scene itself, and this many wordings of the full and of a brief description.
        case training(wordings: Int)
    }

    /// Draws the first `count` images and their captions into a directory, on all processor cores.
    ///
    /// The directory is made where it is missing. Files of the same names are replaced; nothing else is touched. The
    /// captions appear last and at once, so a directory with captions holds all its images.
    /// - Parameter progress: called with the number of images done, now and then, from any thread.
    /// - Throws: `SamplesError`, or `CancellationError` where the task is cancelled.
    public func write(
        count: Int, to directory: String, companion: Companion = .captions,
        progress: @escaping @Sendable (Int) -> Void = { _ in }
    ) async throws {
        guard (1...Self.countLimit).contains(count) else {
            throw SamplesError.outOfRange(what: "number of pictures", value: count, allowed: 1...Self.countLimit)
        }
        try FileSystem.makeDirectory(directory)
        // Captions of an earlier run would be wrong for the images that this one replaces first.
        for name in ["captions.jsonl", "training.jsonl"] {
            try FileSystem.removeFile(directory + "/" + name)
        }
        // Few images a task, so that cancelling is prompt; as many tasks as cores, so that memory is constant.
        let chunk = 16
        var starts = stride(from: 0, to: count, by: chunk).makeIterator()
        try await withThrowingTaskGroup(of: Int.self) { group in
            func add(from start: Int) {
                group.addTask {
                    for index in start..<min(start + chunk, count) {
                        try Task.checkCancellation()
                        try write(index: index, to: directory)
                    }
                    return min(chunk, count - start)
                }
            }
            for _ in 0..<ProcessInfo.processInfo.activeProcessorCount {
                if let start = starts.next() { add(from: start) }
            }
            var done = 0
            while let finished = try await group.next() {
                done += finished
                progress(done)
                if let start = starts.next() { add(from: start) }
            }
        }
        if case .training(let wordings) = companion {
            let lines = (0..<count).map { trainingLine(at: $0, wordings: wordings) + "\n" }
            try FileSystem.write(lines.joined(), to: directory + "/training.jsonl")
        }
        let lines = (0..<count).map { captionLine(at: $0) + "\n" }
        try FileSystem.write(lines.joined(), to: directory + "/captions.jsonl")
    }
}

// Our own words need no escaping (a test decodes every line), and an encoder would not keep the order of the keys.
extension SampleSet {
    private func captionLine(at index: Int) -> String {
        let captions = scene(at: index).captions(phrasing: 0)
        let file = Self.fileName(at: index)
        return
            "{\"file\": \"\(file)\", \"caption_en\": \"\(captions.english)\", \"caption_zh\": \"\(captions.chinese)\"}"
    }

    private func trainingLine(at index: Int, wordings: Int) -> String {
        let scene = scene(at: index)
        func list(_ texts: [String]) -> String {
            "[" + texts.map { "\"\($0)\"" }.joined(separator: ", ") + "]"
        }
        let full = (0..<wordings).map(scene.captions(phrasing:))
        let brief = (0..<wordings).map(scene.briefCaptions(phrasing:))
        let groups = scene.arrangement.groups.map { group in
            "{\"shape\": \"\(group.shape)\", \"count\": \(group.count), \"color\": \"\(group.color)\", "
                + "\"texture\": \"\(group.texture)\", \"size\": \"\(group.size)\"}"
        }
        let relation =
            switch scene.arrangement {
            case .alone(_, let place): "\(place)"
            case .beside: "beside"
            case .stacked: "stacked"
            case .nested: "nested"
            }
        return "{\"file\": \"\(Self.fileName(at: index))\", \"groups\": [\(groups.joined(separator: ", "))], "
            + "\"relation\": \"\(relation)\", \"backdrop\": \"\(scene.backdrop)\", "
            + "\"full_en\": \(list(full.map(\.english))), \"full_zh\": \(list(full.map(\.chinese))), "
            + "\"brief_en\": \(list(brief.map(\.english))), \"brief_zh\": \(list(brief.map(\.chinese)))}"
    }
}
