internal import Diptych
internal import DiptychBasics
internal import DiptychDatasets
internal import DiptychEngine
internal import DiptychMedia
internal import DiptychTokenizers
internal import Foundation
internal import Synchronization

/// A batch as the towers take it.
struct TrainingBatch: Sendable {
    let pixels: PixelBatch
    let texts: TokenBatch
    /// Why pairs were replaced by the next ones.
    let skipped: [String]
}

/// Loads batches on threads, some ahead of the one that is wanted.
final class PairLoader: Sendable {
    private let pairs: any ImageTextPairs
    private let reader: PairReader
    private let batches: [[Int]]
    private let workers: Int
    private let skipsBroken: Bool
    /// What was loaded and not taken yet.
    private let ahead: Mutex<[Int: PendingBatch]> = Mutex([:])

    /// A batch that threads load.
    private final class PendingBatch: Sendable {
        let results: Mutex<[Result<LoadedPair, any Error>?]>
        let next = Atomic(0)
        let left: Atomic<Int>
        let done = DispatchSemaphore(value: 0)

        init(count: Int, threads: Int) {
            results = Mutex(Array(repeating: nil, count: count))
            left = Atomic(threads)
        }
    }

    private static let batchesAhead = 2

    init(_ pairs: any ImageTextPairs, _ reader: PairReader, batches: [[Int]], workers: Int, skipsBroken: Bool) {
        (self.pairs, self.reader, self.batches) = (pairs, reader, batches)
        (self.workers, self.skipsBroken) = (workers, skipsBroken)
    }

    /// The batch of a number.
    ///
    /// - Throws: ``TrainingError`` where no pair can be read, or one cannot and that is an error.
    func batch(_ number: Int) throws -> TrainingBatch {
        for next in number...min(number + Self.batchesAhead, batches.count - 1) { begin(next) }
        guard let task = ahead.withLock({ $0.removeValue(forKey: number) }) else {
            throw TrainingError("batch \(number) is not there")
        }
        task.done.wait()
        let results = task.results.withLock { $0 }
        var (values, texts, skipped): ([Float], [[Int32]], [String]) = ([], [], [])
        let size = reader.imageSize
        values.reserveCapacity(results.count * 3 * size * size)
        for result in results {
            guard let pair = try result?.get() else { throw TrainingError("a batch was not loaded") }
            values += pair.pixels
            texts.append(pair.tokens)
            skipped += pair.skipped
        }
        return TrainingBatch(
            pixels: PixelBatch(values: values, count: results.count, size: size), texts: TokenBatch(texts),
            skipped: skipped)
    }

    private func begin(_ number: Int) {
        let indices = batches[number]
        let threads = max(1, min(workers, indices.count))
        let task: PendingBatch? = ahead.withLock { ahead in
            guard ahead[number] == nil else { return nil }
            let task = PendingBatch(count: indices.count, threads: threads)
            ahead[number] = task
            return task
        }
        guard let task else { return }
        for _ in 0..<threads {
            TrainingThreads.loading.run { [self] in
                while true {
                    let place = task.next.wrappingAdd(1, ordering: .relaxed).oldValue
                    guard place < indices.count else { break }
                    let result = Result { try load(indices[place]) }
                    task.results.withLock { $0[place] = result }
                }
                if task.left.wrappingSubtract(1, ordering: .acquiringAndReleasing).newValue == 0 { task.done.signal() }
            }
        }
    }

    /// The most pairs in a row that may be broken: more are no accident.
    private static let brokenInARow = 100

    private func load(_ index: Int) throws -> LoadedPair {
        var skipped: [String] = []
        for offset in 0..<min(Self.brokenInARow, pairs.count) {
            do {
                var pair = try reader.load(pairs.pair(at: (index + offset) % pairs.count), index: index)
                pair.skipped = skipped
                return pair
            } catch {
                guard skipsBroken else { throw error }
                skipped.append("\(error)")
            }
        }
        throw TrainingError(
            "\(skipped.count) pairs in a row cannot be read; the last: \(skipped.last ?? "")")
    }
}

/// A pair as the towers take it.
struct LoadedPair: Sendable {
    let pixels: [Float]
    let tokens: [Int32]
    var skipped: [String] = []
}

/// Turns pairs into pixels and token ids as the model reads them.
struct PairReader: Sendable {
    let preprocessing: Preprocessing
    let tokenizer: any Tokenizer
    let contextLength: Int
    /// Whether texts are filled up to one length, as SigLIP reads them.
    let padsTexts: Bool
    let imageSize: Int
    /// What changes images at random.
    var augmentation: Augmentation?

    init(model: CLIPModel, contextLength: Int) throws {
        preprocessing = model.preprocessing
        let isSiglip = model.configuration.text.architecture == .siglip
        let longest = model.configuration.text.contextLength
        guard contextLength <= longest, contextLength >= 3 else {
            throw TrainingError("--context-length \(contextLength) is not between 3 and the model's \(longest)")
        }
        guard !isSiglip || contextLength == longest else {
            throw TrainingError("the model reads texts of \(longest) tokens only; leave --context-length out")
        }
        self.contextLength = contextLength
        padsTexts = isSiglip
        imageSize = model.configuration.vision.imageSize
        if var bert = model.tokenizer as? BERTTokenizer {
            bert.mapsCurlyQuotes = true
            tokenizer = bert
        } else {
            tokenizer = model.tokenizer
        }
    }

    func tokens(_ text: String) -> [Int32] {
        let ids = tokenizer.encode(text, contextLength: contextLength).ids
        return padsTexts ? ids + [Int32](repeating: tokenizer.padID, count: max(0, contextLength - ids.count)) : ids
    }

    func pixels(_ bytes: [UInt8], place: String, index: Int) throws -> [Float] {
        guard let augmentation else {
            return try preprocessing.preprocessed(bytes, label: place).pixels
        }
        let image = try ImageSource.data(bytes, label: place).image()
        return try augmentation.pixels(of: image, index: index, preprocessing)
    }

    func load(_ pair: ImageTextPair, index: Int) throws -> LoadedPair {
        LoadedPair(pixels: try pixels(pair.image, place: pair.place, index: index), tokens: tokens(pair.text))
    }
}

/// The threads of training.
enum TrainingThreads {
    /// They load images.
    static let loading = WorkerThreads(name: "diptych-load", most: 256)
    /// They train.
    private static let training = WorkerThreads(name: "diptych-train", most: 16)

    /// What `body` gives on a thread for it, which libtorch keeps to; it asks whether it should end.
    static func train<Result: Sendable>(
        _ body: @escaping @Sendable (_ isStopped: @escaping () -> Bool) throws -> Result
    ) async throws -> Result {
        let stop = StopFlag()
        return try await withTaskCancellationHandler {
            try await training.value { try body { stop.isSet } }
        } onCancel: {
            stop.set()
        }
    }
}
