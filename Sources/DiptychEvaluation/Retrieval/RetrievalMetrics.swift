public import Diptych
internal import DiptychBasics

/// How well texts find their images, and images their texts.
///
///     let metrics = try RetrievalMetrics(images: images, texts: texts, imagesOfTexts: [[0], [0], [1]])
///     print(metrics.textToImage.recall(at: 1) ?? 0, metrics.imageToText.meanRecall ?? 0)
///
/// A text may belong to several images and an image to several texts; a query is answered by the first that belongs to it.
/// Scores are dot products of rows, which are cosines where rows have the length 1. Candidates of the same score rank in the order
/// in which they are given, as in Chinese-CLIP's scripts; ``RetrievalDirection/tied`` counts the queries for which that decides.
public struct RetrievalMetrics: Sendable, Equatable {
    /// Texts that look for images.
    public let textToImage: RetrievalDirection
    /// Images that look for texts.
    public let imageToText: RetrievalDirection
    /// The first images for each text, the best first; as many as were asked for.
    public let imagesForTexts: [[Int]]
    /// The first texts for each image, the best first.
    public let textsForImages: [[Int]]

    /// Ranks images for texts and texts for images.
    ///
    /// - Parameters:
    ///   - images: a row each.
    ///   - texts: a row each, of the same width.
    ///   - imagesOfTexts: the images that belong to each text; texts without any, and images of no text, are candidates only.
    ///   - limit: how many of the first candidates are kept for ``imagesForTexts`` and ``textsForImages``.
    ///   - threads: how many work at a time; without it, one a processor.
    /// - Throws: ``EvaluationError`` where rows differ in width, are not finite, or an image is named that is not there.
    public init(
        images: Embeddings, texts: Embeddings, imagesOfTexts: [[Int]], limit: Int = 0, threads: Int? = nil
    ) throws(EvaluationError) {
        guard images.count > 0, texts.count > 0 else {
            throw EvaluationError("there are no \(images.count == 0 ? "images" : "texts") to rank")
        }
        guard images.dimension == texts.dimension else {
            throw EvaluationError(
                "images have \(images.dimension) numbers each and texts \(texts.dimension); they are of different models"
            )
        }
        guard texts.count == imagesOfTexts.count else {
            throw EvaluationError("\(texts.count) texts have images named for \(imagesOfTexts.count)")
        }
        for (rows, name) in [(images, "image"), (texts, "text")] {
            if let bad = rows.values.firstIndex(where: { !$0.isFinite }) {
                throw EvaluationError("the features of \(name) \(bad / rows.dimension + 1) are not all finite numbers")
            }
        }
        var textsOfImages = [[Int]](repeating: [], count: images.count)
        var sets = DisjointSets(count: images.count + texts.count)
        for (text, own) in imagesOfTexts.enumerated() {
            for image in own {
                guard textsOfImages.indices.contains(image) else {
                    throw EvaluationError(
                        "text \(text + 1) belongs to image \(image + 1), and there are \(images.count)")
                }
                textsOfImages[image].append(text)
                sets.join(image, images.count + text)
            }
        }
        let forTexts = CandidateRanking(
            queries: texts, candidates: images, relevant: imagesOfTexts, limit: limit, threads: threads
        ).queries
        let forImages = CandidateRanking(
            queries: images, candidates: texts, relevant: textsOfImages, limit: limit, threads: threads
        ).queries
        textToImage = RetrievalDirection(
            forTexts, candidates: images.count, clusters: (0..<texts.count).map { sets.root(of: images.count + $0) })
        imageToText = RetrievalDirection(
            forImages, candidates: texts.count, clusters: (0..<images.count).map { sets.root(of: $0) })
        imagesForTexts = forTexts.map(\.best)
        textsForImages = forImages.map(\.best)
    }

    /// The mean of the mean recalls of both directions; nil without queries.
    public var meanRecall: Double? {
        guard let one = textToImage.meanRecall, let other = imageToText.meanRecall else { return nil }
        return (one + other) / 2
    }
}

/// The ranks of one direction of retrieval.
public struct RetrievalDirection: Sendable, Equatable {
    /// The rows of queries that something belongs to.
    public let queries: [Int]
    /// How many candidates come before the first that belongs to the query, for each of ``queries``.
    public let ranks: [Int]
    /// For each of ``queries``, the group of images that are connected by texts, and of those texts.
    public let clusters: [Int]
    /// How many queries have a candidate that does not belong to them and scores as high as the first that does.
    public let tied: Int
    /// How many candidates compete.
    public let candidates: Int

    init(_ found: [CandidateRanking.Query], candidates: Int, clusters: [Int]) {
        queries = found.indices.filter { found[$0].rank != nil }
        ranks = found.compactMap(\.rank)
        self.clusters = queries.map { clusters[$0] }
        tied = found.count(where: \.isTied)
        self.candidates = candidates
    }

    /// A direction whose ranks are known.
    public init(queries: [Int], ranks: [Int], clusters: [Int], tied: Int = 0, candidates: Int) {
        precondition(queries.count == ranks.count && ranks.count == clusters.count, "ranks of other queries")
        (self.queries, self.ranks, self.clusters, self.tied, self.candidates) = (
            queries, ranks, clusters, tied, candidates
        )
    }

    /// The ranks alone, which say the rest.
    public var accuracy: RetrievalAccuracy { RetrievalAccuracy(ranks: ranks) }
    /// The share of queries whose rank is below `k`; nil without queries.
    public func recall(at k: Int) -> Double? { accuracy.recall(at: k) }
    /// The mean of recall at 1, 5 and 10; nil without queries.
    public var meanRecall: Double? { accuracy.meanRecall }
    /// The mean of ranks, from 1; nil without queries.
    public var meanRank: Double? {
        ranks.isEmpty ? nil : ranks.reduce(0) { $0 + Double($1) } / Double(ranks.count) + 1
    }
    /// The median of ranks, from 1; nil without queries.
    public var medianRank: Double? { accuracy.medianRank }

    /// The 95 % intervals of recall at 1, 5 and 10, and of their mean, by drawing ``clusters`` again (see ``ClusterBootstrap``);
    /// nil where there are fewer than two clusters.
    ///
    /// - Parameter seed: what the draws follow from.
    public func intervals(seed: UInt64 = 0) -> (r1: Interval, r5: Interval, r10: Interval, meanRecall: Interval)? {
        func hits(_ k: Int) -> [Double] { ranks.map { $0 < k ? 1 : 0 } }
        let (one, five, ten) = (hits(1), hits(5), hits(10))
        let mean = ranks.indices.map { (one[$0] + five[$0] + ten[$0]) / 3 }
        guard
            let found = ClusterBootstrap.intervals(
                of: [one, five, ten, mean], bounds: 0...1, clusters: clusters, seed: seed)
        else { return nil }
        return (found[0], found[1], found[2], found[3])
    }
}
