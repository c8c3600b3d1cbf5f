/// The highest of many numbers: a heap whose top is the worst of them.
struct BestFloats {
    private var heap: [Float] = []
    private let limit: Int

    init(limit: Int) { self.limit = limit }

    /// The worst of the best; nil while there are fewer than the limit.
    var worst: Float? { heap.count < limit ? nil : heap.first }

    mutating func offer(_ value: Float) {
        if heap.count < limit {
            heap.append(value)
            var child = heap.count - 1
            while child > 0, heap[child] < heap[(child - 1) / 2] {
                heap.swapAt(child, (child - 1) / 2)
                child = (child - 1) / 2
            }
        } else if value > heap[0] {
            heap[0] = value
            var parent = 0
            while true {
                let left = 2 * parent + 1
                guard left < heap.count else { break }
                let least = left + 1 < heap.count && heap[left + 1] < heap[left] ? left + 1 : left
                guard heap[least] < heap[parent] else { break }
                heap.swapAt(least, parent)
                parent = least
            }
        }
    }
}
