/// What Chinese-CLIP's authors published of their models, to stand beside one's own figures.
public struct PublishedFigures: Sendable, Equatable {
    /// The benchmarks.
    public enum Benchmark: String, Sendable, CaseIterable {
        /// MUGE, a million pictures of goods; texts to images only. The figures are those of `valid`.
        case muge
        /// Flickr30K-CN, `test`.
        case flickr30k = "flickr30k-cn"
        /// COCO-CN, `test`.
        case coco = "coco-cn"
        /// ImageNet with Chinese names, `val`.
        case imageNet = "imagenet-cn"

        /// The split that was published.
        public var split: String { self == .muge || self == .imageNet ? "valid" : "test" }
    }

    /// Shares of queries answered among the first 1, 5 and 10.
    public struct Recalls: Sendable, Equatable {
        /// Among the first one.
        public let r1: Double
        /// Among the first five.
        public let r5: Double
        /// Among the first ten.
        public let r10: Double

        init(_ percent: [Double]) { (r1, r5, r10) = (percent[0] / 100, percent[1] / 100, percent[2] / 100) }
    }

    /// The model, as Chinese-CLIP names it.
    public let model: String
    /// Without training on the benchmark.
    public let textToImage: Recalls?
    /// After training on it.
    public let textToImageTuned: Recalls?
    /// The other direction.
    public let imageToText: Recalls?
    /// The other direction, after training.
    public let imageToTextTuned: Recalls?
    /// The share of images with the right label first.
    public let top1: Double?

    private static let models = ["RN50", "ViT-B-16", "ViT-L-14", "ViT-L-14-336", "ViT-H-14"]

    /// Of each model: texts to images without and with training, images to texts without and with it, in percent.
    private static let tables: [Benchmark: [[[Double]]]] = [
        .muge: [
            [[42.6, 68.6, 77.9], [48.6, 75.1, 84.0]], [[52.1, 76.7, 84.4], [58.4, 83.6, 90.0]],
            [[56.3, 79.8, 86.2], [63.3, 85.6, 91.3]], [[59.0, 81.4, 87.8], [65.3, 86.7, 92.1]],
            [[63.0, 84.1, 89.2], [68.9, 88.7, 93.1]],
        ],
        .flickr30k: [
            [[48.8, 76.0, 84.6], [66.7, 89.4, 94.1], [60.0, 85.9, 92.0], [84.2, 96.7, 98.0]],
            [[62.7, 86.9, 92.8], [79.1, 94.8, 97.4], [74.6, 93.5, 97.1], [93.5, 99.0, 99.5]],
            [[68.0, 89.7, 94.4], [82.7, 96.7, 98.6], [80.2, 96.6, 98.2], [96.1, 99.5, 99.9]],
            [[69.0, 90.7, 95.4], [84.4, 97.1, 98.7], [83.3, 97.2, 98.5], [96.6, 99.8, 100]],
            [[71.2, 91.4, 95.5], [83.8, 96.9, 98.6], [81.6, 97.5, 98.8], [95.3, 99.7, 100]],
        ],
        .coco: [
            [[48.1, 81.3, 90.5], [66.8, 91.1, 97.0], [51.6, 81.2, 90.5], [68.4, 93.3, 97.8]],
            [[62.2, 86.6, 94.9], [77.0, 97.1, 99.0], [57.0, 84.1, 93.6], [77.4, 96.2, 98.9]],
            [[64.0, 89.2, 94.4], [78.9, 96.3, 99.0], [60.4, 84.2, 92.9], [80.2, 96.7, 99.2]],
            [[64.7, 89.6, 94.6], [80.1, 96.7, 99.2], [63.4, 87.2, 94.4], [81.2, 97.2, 99.1]],
            [[69.2, 89.9, 96.1], [81.5, 96.9, 99.1], [63.0, 86.6, 92.9], [83.5, 97.3, 99.2]],
        ],
        .imageNet: [[[33.5]], [[48.3]], [[54.7]], [[56.7]], [[59.6]]],
    ]

    /// What was published of a benchmark.
    public static func of(_ benchmark: Benchmark) -> [PublishedFigures] {
        zip(models, tables[benchmark] ?? []).map { model, rows in
            func recalls(_ place: Int) -> Recalls? {
                rows.indices.contains(place) && rows[place].count == 3 ? Recalls(rows[place]) : nil
            }
            return PublishedFigures(
                model: model, textToImage: recalls(0), textToImageTuned: recalls(1), imageToText: recalls(2),
                imageToTextTuned: recalls(3), top1: rows[0].count == 1 ? rows[0][0] / 100 : nil)
        }
    }

    /// Whether a model's name, as its files have it, is that of these figures.
    public func isOf(_ name: String) -> Bool {
        var name = name.lowercased().replacing("_", with: "-")
        for (long, short) in [
            ("vit-base-patch", "vit-b-"), ("vit-large-patch", "vit-l-"), ("vit-huge-patch", "vit-h-"),
        ] {
            name = name.replacing(long, with: short)
        }
        let own = model.lowercased()
        return name.contains(own) && (own != "vit-l-14" || !name.contains("vit-l-14-336"))
    }
}
