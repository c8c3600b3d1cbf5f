internal import DiptychTorch

/// The order in which one process goes through pairs, as torch's `DistributedSampler` has it over data padded as Chinese-CLIP pads.
struct PairOrder {
    /// The pairs of the data.
    let count: Int
    /// The pairs with those that fill up the last batch, from the first on.
    let padded: Int
    /// The batches of each process.
    let batches: Int
    private let batchSize: Int
    private let rank: Int
    private let processes: Int

    /// - Throws: ``TrainingError`` for data without pairs.
    init(count: Int, batchSize: Int, rank: Int, processes: Int) throws(TrainingError) {
        guard count > 0 else { throw TrainingError("there are no pairs of images and texts") }
        let (whole, overflows) = batchSize.multipliedReportingOverflow(by: processes)
        guard !overflows, whole <= Int.max / 4 else { throw TrainingError("--batch-size \(batchSize) is too large") }
        self.count = count
        batches = (count - 1) / whole + 1
        padded = batches * whole
        (self.batchSize, self.rank, self.processes) = (batchSize, rank, processes)
    }

    /// The pairs of each batch in an epoch.
    ///
    /// - Parameter shuffle: the order of as many numbers as it is asked for, from a seed.
    func batches(seed: UInt64, epoch: Int, shuffle: (Int, UInt64) throws -> [Int]) rethrows -> [[Int]] {
        let order = try shuffle(padded, seed &+ UInt64(epoch))
        let own = stride(from: rank, to: padded, by: processes).map { order[$0] % count }
        return (0..<batches).map { Array(own[$0 * batchSize..<($0 + 1) * batchSize]) }
    }
}
