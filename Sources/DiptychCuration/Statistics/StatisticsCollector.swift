internal import Diptych
internal import DiptychDatasets

/// Collects numbers of images and texts while they are read.
final class StatisticsCollector: CheckObserver {
    private let length: TextLength
    private var formats: [String: Int] = [:]
    private var scripts: [String: Int] = [:]
    private var sizes: [Float] = []
    private var widths: [Float] = []
    private var heights: [Float] = []
    private var characters: [Float] = []
    private var tokens: [Float] = []
    private var longTexts = 0
    private var brokenImages: Set<Int> = []
    private var bytes: [Int: Int] = [:]
    /// Texts of each image, and images of each text.
    private var textsOfImages: [Int: Int32] = [:]
    private var imagesOfTexts: [Int32: Int32] = [:]
    /// Pairs of texts and images, and the embeddings of images by their number, where a model is given.
    private(set) var pairs: [(text: Int32, image: Int32)] = []
    private(set) var texts = TextTable()
    private var textRows: [Int32: Int32] = [:]
    private(set) var rows: [Int32: Int32] = [:]
    private(set) var embeddings: [Float] = []
    private let keepsTexts: Bool

    init(length: TextLength, keepsTexts: Bool) { (self.length, self.keepsTexts) = (length, keepsTexts) }

    func took(image: Int, _ facts: ImageFacts, _ embedding: Embedding?) {
        guard facts.width > 0 else {
            brokenImages.insert(image)
            return
        }
        formats[facts.format?.rawValue ?? "unknown", default: 0] += 1
        sizes.append(Float(facts.byteCount))
        widths.append(Float(facts.width))
        heights.append(Float(facts.height))
        bytes[image] = facts.byteCount
        guard let embedding else { return }
        rows[Int32(image)] = Int32(rows.count)
        embeddings += embedding.values
    }

    func took(text: Int32, _ words: String, split: Int, images: [Int]) {
        characters.append(Float(words.count))
        let (count, limit) = length.tokens(words)
        tokens.append(Float(count))
        if count > limit { longTexts += 1 }
        scripts[TextScript(of: words).rawValue, default: 0] += 1
        imagesOfTexts[text] = 0
        if keepsTexts {
            textRows[text] = Int32(texts.count)
            texts.append(words)
        }
        took(pairsOf: text, images: images)
    }

    func took(pairsOf text: Int32, images: [Int]) {
        imagesOfTexts[text, default: 0] += Int32(images.count)
        for image in images {
            textsOfImages[image, default: 0] += 1
            if keepsTexts, let row = textRows[text] { pairs.append((row, Int32(image))) }
        }
    }

    /// The numbers of a check that has ended.
    func statistics(_ run: CheckRun) -> DatasetStatistics {
        var statistics = DatasetStatistics()
        statistics.splits = run.splits.map { split in
            var counts = DatasetStatistics.Split(name: split.name)
            (counts.images, counts.texts) = (split.images, split.texts)
            return counts
        }
        for (image, known) in run.images.enumerated() {
            let split = Int(known.split)
            if brokenImages.contains(image) { statistics.splits[split].brokenImages += 1 }
            statistics.splits[split].bytes += bytes[image] ?? 0
        }
        statistics.formats = NamedCount.sorted(formats)
        statistics.scripts = NamedCount.sorted(scripts)
        statistics.fileSizes = Distribution(sizes)
        (statistics.widths, statistics.heights) = (Distribution(widths), Distribution(heights))
        (statistics.characters, statistics.tokens) = (Distribution(characters), Distribution(tokens))
        (statistics.areTokensExact, statistics.longTexts) = (length.tokenizer != nil, longTexts)
        if !characters.isEmpty {
            statistics.textsPerImage = Distribution(run.images.indices.map { Float(textsOfImages[$0] ?? 0) })
            statistics.imagesPerText = Distribution(imagesOfTexts.values.map(Float.init))
        }
        statistics.labels = run.labels.counts.map { column, classes in
            (column, classes.map { NamedCount(name: $0.name, count: $0.count) })
        }
        statistics.findings = run.findings.all
        return statistics
    }
}
