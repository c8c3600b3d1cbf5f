import DiptychDatasets

/// Pairs of which every so many cannot be read.
struct Broken: ImageTextPairs {
    let base: any ImageTextPairs
    let every: Int

    var count: Int { base.count }

    func pair(at index: Int) throws(DatasetError) -> ImageTextPair {
        guard index % every != 0 else { throw DatasetError(.malformed, path: "pairs", place: "\(index)", "is broken") }
        return try base.pair(at: index)
    }
}
