/// How often classifications of images whose labels are known are right.
///
/// Feed it one image at a time; it keeps counts only. A label that scores just as high as the right one counts as
/// higher: a model that cannot tell labels apart must not look like one that is always right.
public struct ClassificationAccuracy: Sendable, Equatable {
    /// The labels that compete.
    public let labels: [String]
    /// The counts of one label's images.
    public struct Count: Sendable, Equatable {
        /// The images whose right label it is.
        public fileprivate(set) var images = 0
        /// Those for which it scores highest.
        public fileprivate(set) var top1 = 0
        /// Those for which it is among the five highest.
        public fileprivate(set) var top5 = 0

        /// The share of its images that get it, nil where there are none: the recall of the label.
        public var accuracy: Double? { images > 0 ? Double(top1) / Double(images) : nil }
    }

    /// One right label that was taken for another.
    public struct Confusion: Sendable, Hashable {
        /// The index of the right label.
        public let label: Int
        /// The index of the label that scored highest.
        public let predicted: Int
    }

    /// The counts of each label.
    public private(set) var counts: [Count]
    private var confusions: [Confusion: Int] = [:]

    /// Starts with no images.
    public init(labels: [String]) {
        self.labels = labels
        counts = [Count](repeating: Count(), count: labels.count)
    }

    /// Adds a picture.
    ///
    /// - Parameters:
    ///   - scores: one a label, higher for more likely; a cosine or a probability.
    ///   - label: the index of the right label.
    public mutating func add(scores: [Float], label: Int) {
        precondition(scores.count == labels.count && labels.indices.contains(label), "scores of other labels")
        let own = scores[label]
        var (above, best) = (0, label)
        for (index, score) in scores.enumerated() where index != label && !(score < own) {
            above += 1
            if best == label || score > scores[best] { best = index }
        }
        counts[label].images += 1
        if above == 0 { counts[label].top1 += 1 }
        if above < 5 { counts[label].top5 += 1 }
        if best != label { confusions[Confusion(label: label, predicted: best), default: 0] += 1 }
    }

    /// The images that were added.
    public var images: Int { counts.reduce(0) { $0 + $1.images } }

    /// The share of images whose right label scores highest; nil without images.
    public var top1: Double? { share(\.top1) }

    /// The share of images whose right label is among the five highest; nil without images, and for fewer than six
    /// labels, where it would say nothing.
    public var top5: Double? { labels.count > 5 ? share(\.top5) : nil }

    /// The mean of the labels' accuracies, so that labels of few images weigh as much as those of many; labels without
    /// images are left out, and it is nil where all are.
    public var meanPerClass: Double? {
        let shares = counts.compactMap(\.accuracy)
        return shares.isEmpty ? nil : shares.reduce(0, +) / Double(shares.count)
    }

    /// The most frequent mistakes, the worst first; equal ones in the order of labels.
    public func worstConfusions(_ limit: Int) -> [(confusion: Confusion, images: Int)] {
        let sorted = confusions.sorted {
            ($1.value, $0.key.label, $0.key.predicted) < ($0.value, $1.key.label, $1.key.predicted)
        }
        return sorted.prefix(limit).map { ($0.key, $0.value) }
    }

    private func share(_ count: KeyPath<Count, Int>) -> Double? {
        let total = images
        return total > 0 ? Double(counts.reduce(0) { $0 + $1[keyPath: count] }) / Double(total) : nil
    }
}
