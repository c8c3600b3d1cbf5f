internal import HeapModule

/// The highest of many numbers.
struct BestFloats {
    private var heap = Heap<Float>()
    private let limit: Int

    init(limit: Int) { self.limit = limit }

    /// The worst of the best; nil while there are fewer than the limit.
    var worst: Float? { heap.count < limit ? nil : heap.min }

    mutating func offer(_ value: Float) {
        if heap.count < limit {
            heap.insert(value)
        } else if let worst = heap.min, value > worst {
            heap.replaceMin(with: value)
        }
    }
}
