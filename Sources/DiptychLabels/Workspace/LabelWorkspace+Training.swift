internal import Diptych
internal import DiptychBasics
internal import DiptychSearch
internal import Foundation

extension LabelWorkspace {
    /// The most phrases that are suggested, the most used first.
    private static let phraseLimit = 2000

    /// Trains a head in the background where ten decisions came since the last, or the labels changed.
    func trainIfDue() {
        let count = log.records.count
        guard isLoaded, !isTraining, trainedAt < 0 || count - trainedAt >= Self.trainingStep else { return }
        Task { await train() }
    }

    /// Trains a head on what holds now, and predicts all images by it.
    func train() async {
        guard !isTraining else { return }
        isTraining = true
        defer { isTraining = false }
        repeat {
            trainedAt = log.records.count
            let labels = suggestable
            guard !labels.isEmpty, pool.count > 0 else {
                (head, predictions) = (nil, [])
                return
            }
            let texts = await embeddings(of: labels)
            let (samples, isMultiple, dimension) = (samples(labels), task.kind == .multiple, pool.dimension)
            let (scale, values) = (embedder?.logits.scale ?? 100, pool.values)
            let start = ContinuousClock.now
            let (head, predictions) = await WorkerThreads.shared.result {
                let head = LabelHead(
                    labels: labels, isMultiple: isMultiple, texts: texts, scale: scale, samples: samples,
                    dimension: dimension)
                return (head, head.predictions(values))
            }
            (self.head, self.predictions) = (head, predictions)
            training = Training(seconds: (ContinuousClock.now - start) / .seconds(1), samples: samples.count)
            calibration = SuggestionCalibration(
                log.records.suffix(2 * SuggestionCalibration.window).compactMap { record in
                    record.isUndone || record.isSkip ? nil : record.raw.map { ($0, record.isRight) }
                })
        } while log.records.count - trainedAt >= Self.trainingStep
    }

    /// What may be suggested: the task's labels; for texts, the phrases in use.
    private var suggestable: [String] {
        guard task.kind == .text else { return task.labels }
        let used = log.counts.filter { $0.value > 0 }.sorted { ($1.value, $0.key) < ($0.value, $1.key) }
        var seen: Set<String> = []
        return (task.labels + used.map(\.key)).filter { seen.insert($0).inserted }.prefix(Self.phraseLimit).map { $0 }
    }

    private func samples(_ labels: [String]) -> [LabelHead.Sample] {
        let places = Dictionary(labels.enumerated().map { ($1, $0) }, uniquingKeysWith: { first, _ in first })
        var samples: [(revision: Int64, sample: LabelHead.Sample)] = []
        // In the order of the last decisions, which the log's records have.
        var seen: Set<Int64> = []
        for record in log.records.reversed() where !record.isUndone && samples.count < 4 * LabelHead.sampleLimit {
            guard seen.insert(record.part).inserted, let row = pool.rows[record.part],
                let entry = log.standing(record.part), !entry.isSkip
            else { continue }
            let own = log.labels(entry).compactMap { places[$0] }
            guard task.kind == .multiple || !own.isEmpty else { continue }
            samples.append((0, LabelHead.Sample(embedding: Array(pool.embedding(row)), labels: own)))
        }
        return samples.reversed().map(\.sample)
    }

    /// The embeddings of labels as texts; nil where the model has none, or fails.
    private func embeddings(of labels: [String]) async -> Embeddings? {
        guard let embedder else { return nil }
        let missing = labels.filter { texts[$0] == nil }
        for start in stride(from: 0, to: missing.count, by: 64) {
            let some = Array(missing[start..<min(missing.count, start + 64)])
            guard let made = try? await embedder.embed(texts: some), made.count == some.count,
                made.dimension == pool.dimension
            else { return nil }
            for (place, label) in some.enumerated() { texts[label] = made[place].values }
        }
        let values = labels.flatMap { texts[$0] ?? [] }
        guard values.count == labels.count * pool.dimension, !values.isEmpty else { return nil }
        return Embeddings(values: values, dimension: pool.dimension)
    }

    // MARK: Suggesting

    /// What the head suggests for a part.
    func suggestion(forPart part: Int64) -> LabelSuggestion? {
        guard let row = pool.rows[part] else { return nil }
        return shortlist(row).first
    }

    /// The most probable labels of a row, the best first.
    func shortlist(_ row: Int, limit: Int = 4) -> [LabelSuggestion] {
        guard let head else { return [] }
        let probabilities = head.probabilities(pool.embedding(row))
        let best = probabilities.indices.sorted { probabilities[$0] > probabilities[$1] }.prefix(limit)
        return best.enumerated().map { rank, place in
            let raw = Double(probabilities[place])
            // Calibrated on what stood first.
            let probability = rank == 0 ? calibration.probability(raw) : raw
            return LabelSuggestion(label: task.current(head.labels[place]), probability: probability, raw: raw)
        }
    }

    /// Whether an image is one of the one in twenty that are shown without suggestion.
    static func isBlind(_ part: Int64) -> Bool {
        var generator = SplitMix64(seed: UInt64(bitPattern: part) ^ 0xB11D)
        return generator.next() % 20 == 0
    }
}

/// How far a task is.
public struct LabelProgress: Sendable {
    /// The images that have been read from the store.
    public let images: Int
    /// Whether all have been read.
    public let isLoaded: Bool
    /// Images with an answer.
    public let decided: Int
    /// Images that were skipped.
    public let skipped: Int
    /// How often each label is in use.
    public let counts: [String: Int]
    /// How many steps the person can take back.
    public let undoable: Int
    /// Of the suggestions that were shown, the share that was accepted; nil where none was.
    public let accepted: Double?
    /// How many were shown.
    public let shown: Int
    /// How many images the head learnt from.
    public let learntFrom: Int
    /// How long the last training took, with predicting all images, in seconds.
    public let trainingSeconds: Double
}

extension LabelWorkspace {
    /// How far the task is, for a person.
    public func progress(for author: String) async throws -> LabelProgress {
        try await catchUp()
        let shown = log.records.filter { $0.probability != nil && !$0.isBlind && !$0.isUndone && !$0.isSkip }
        return LabelProgress(
            images: pool.count, isLoaded: isLoaded, decided: log.decided, skipped: log.skipped, counts: log.counts,
            undoable: log.undoCount(of: author),
            accepted: shown.isEmpty ? nil : Double(shown.count { $0.isRight }) / Double(shown.count),
            shown: shown.count,
            learntFrom: training?.samples ?? 0, trainingSeconds: training?.seconds ?? 0)
    }

    /// The label that holds for each labelled image, by the item's id, of several the first; and the number of the last annotation
    /// that it comes from.
    public func labels() async throws -> (byItem: [String: String], last: Int64) {
        try await catchUp()
        var labels: [String: String] = [:]
        for part in log.standingParts {
            guard let row = pool.rows[part], let label = log.state(of: part).labels.first else { continue }
            labels[pool.items[row]] = label
        }
        return (labels, log.last)
    }

    /// What was done for the task.
    public func report() async throws -> LabelReport {
        try await catchUp(isForced: true)
        return LabelReport(log)
    }
}
