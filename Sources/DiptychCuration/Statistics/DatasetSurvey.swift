public import Diptych
internal import DiptychBasics
internal import DiptychDatasets
internal import DiptychMedia

/// Counts what a dataset holds.
///
///     let statistics = try await DatasetSurvey(["data"]).statistics()
///     try statistics.html.write(toFile: "report.html", atomically: true, encoding: .utf8)
///
/// Without a model, images are not decoded: their headers say how large they are. Memory is some hundred bytes an image and a text; with a
/// model also the texts, and four bytes for each number of an image's embedding.
public struct DatasetSurvey: Sendable {
    private let sources: [String]
    private let options: CheckOptions

    /// - Parameter sources: files and folders as `DatasetFiles` reads them; all of them are one dataset.
    public init(_ sources: [String], options: CheckOptions = CheckOptions()) {
        (self.sources, self.options) = (sources, options)
    }

    /// Images of a list.
    private static let pairCount = 8
    private static let sampleCount = 24
    private static let batch = 64

    /// Counts everything.
    ///
    /// - Parameters:
    ///   - model: compares texts with their images, and counts tokens.
    ///   - hasThumbnails: whether images that are shown are read for it.
    ///   - progress: told of the number of images so far.
    /// - Throws: `DatasetError` where a source is not there, `ModelError`, `CancellationError`.
    public func statistics(
        model: (any Embedder)? = nil, hasThumbnails: Bool = true,
        progress: @escaping @Sendable (Int) -> Void = { _ in }
    ) async throws -> DatasetStatistics {
        let encoder = try model?.requireTexts()
        var quick = options
        quick.nearDuplicates = encoder == nil ? 0 : 1
        let check = DatasetCheck(sources, options: quick)
        let collector = StatisticsCollector(
            length: TextLength(tokenizer: encoder?.tokenizer), keepsTexts: encoder != nil || hasThumbnails)
        let run = try await check.read(encoder, observer: collector, readsHeadersOnly: true, progress)
        var statistics = collector.statistics(run)
        statistics.sources = sources.map { $0.split(separator: "/").last.map(String.init) ?? $0 }
        if let encoder {
            try await compare(&statistics, run, collector, encoder)
            statistics.model = encoder.name
        }
        guard hasThumbnails else { return statistics }
        chooseSamples(&statistics, run, collector)
        let shown = statistics
        return await WorkerThreads.shared.result { Thumbnails(run).added(to: shown) }
    }

    /// The cosines of all pairs.
    private func compare(
        _ statistics: inout DatasetStatistics, _ run: CheckRun, _ collector: StatisticsCollector,
        _ model: any DualEncoder
    ) async throws {
        var similarities: [Float] = []
        let pairs = collector.pairs.sorted { ($0.text, $0.image) < ($1.text, $1.image) }
        var found: [(Float, Int)] = []
        let width = model.dimension
        var start = 0
        while start < pairs.count {
            try Task.checkCancellation()
            let end = min(start + Self.batch, pairs.count)
            let batch = pairs[start..<end]
            var numbers: [Int32] = []
            for pair in batch where numbers.last != pair.text { numbers.append(pair.text) }
            let words = numbers.map { collector.texts[Int($0)] }
            let texts = try await model.embed(tokenized: words.map { model.tokenize($0) })
            for (place, pair) in batch.enumerated() {
                guard let row = collector.rows[pair.image], let text = numbers.firstIndex(of: pair.text) else {
                    continue
                }
                let image = Embedding(values: Array(collector.embeddings[Int(row) * width..<(Int(row) + 1) * width]))
                let similarity = texts[text].similarity(to: image)
                similarities.append(similarity)
                found.append((similarity, start + place))
            }
            start = end
        }
        found.sort { ($0.0, $0.1) < ($1.0, $1.1) }
        func pair(_ entry: (Float, Int)) -> DatasetStatistics.Pair {
            let pair = pairs[entry.1]
            return DatasetStatistics.Pair(
                text: collector.texts[Int(pair.text)], image: run.place(Int(pair.image)), similarity: entry.0,
                number: Int(pair.image))
        }
        statistics.similarities = Distribution(similarities, areWhole: false)
        let count = min(Self.pairCount, found.count)
        statistics.worst = found.prefix(count).map(pair)
        statistics.best = found.suffix(count).reversed().map(pair)
    }

    private func chooseSamples(
        _ statistics: inout DatasetStatistics, _ run: CheckRun, _ collector: StatisticsCollector
    ) {
        let count = run.images.count
        let step = max(1, (count + Self.sampleCount - 1) / Self.sampleCount)
        let chosen = Set(stride(from: 0, to: count, by: step))
        var texts: [Int: String] = [:]
        for pair in collector.pairs where chosen.contains(Int(pair.image)) && texts[Int(pair.image)] == nil {
            texts[Int(pair.image)] = collector.texts[Int(pair.text)]
        }
        statistics.samples = chosen.sorted().map {
            DatasetStatistics.Sample(image: run.place($0), text: texts[$0] ?? "", number: $0)
        }
    }
}

/// Reads images a second time, to show them.
private struct Thumbnails {
    private let run: CheckRun
    private static let side = 160

    init(_ run: CheckRun) { self.run = run }

    func added(to statistics: DatasetStatistics) -> DatasetStatistics {
        var statistics = statistics
        let wanted = Set(
            statistics.samples.map(\.number) + statistics.worst.map(\.number) + statistics.best.map(\.number))
        let found = read(wanted)
        for index in statistics.samples.indices {
            statistics.samples[index].thumbnail = found[statistics.samples[index].number] ?? ""
        }
        for index in statistics.worst.indices {
            statistics.worst[index].thumbnail = found[statistics.worst[index].number] ?? ""
        }
        for index in statistics.best.indices {
            statistics.best[index].thumbnail = found[statistics.best[index].number] ?? ""
        }
        return statistics
    }

    private func read(_ wanted: Set<Int>) -> [Int: String] {
        var found: [Int: String] = [:]
        // The wanted images of each part, by their numbers in it.
        var numbers: [Int: [Int: Int]] = [:]
        for image in wanted {
            numbers[Int(run.images[image].part), default: [:]][Int(run.images[image].number)] = image
        }
        for (part, wanted) in numbers {
            guard let scan = try? PartScan(run.sources.parts[part]) else { continue }
            var left = wanted.count
            while left > 0, let scanned = scan.nextImage() {
                guard let image = wanted[scanned.number] else { continue }
                left -= 1
                guard let bytes = run.inspector.bytes(of: scanned).bytes,
                    let small = try? ImageDecoder(options: run.options.images).decode(bytes, fitting: Self.side),
                    let file = try? small.jpeg(quality: 80)
                else { continue }
                found[image] = "data:image/jpeg;base64," + String(decoding: Base64.encode(file), as: UTF8.self)
            }
        }
        return found
    }
}
