import DiptychDatasets
import Foundation
import Synchronization

/// `dataset-bench scan PATH THREADS ROUNDS`: rows of a table by all threads, each with its own part, and rows a second.
@main struct DatasetBench {
    static func main() throws {
        let arguments = CommandLine.arguments
        guard arguments.count == 5, arguments[1] == "scan", let threads = Int(arguments[3]),
            let rounds = Int(arguments[4]),
            (1...64).contains(threads), rounds > 0
        else {
            print("usage: dataset-bench scan PATH THREADS ROUNDS")
            exit(2)
        }
        let path = arguments[2]
        for _ in 0..<rounds {
            let start = ContinuousClock.now
            let values = Mutex(0)
            let rows = try DatasetFiles.open([path]).count
            DispatchQueue.concurrentPerform(iterations: threads) { thread in
                guard let dataset = try? DatasetFiles.open([path]) else { return }
                var count = 0
                for index in rows * thread / threads..<rows * (thread + 1) / threads {
                    // Every value is made, as a reader of rows wants it.
                    if let row = try? dataset.row(at: index) { count += row.values.count { !$0.isNull } }
                }
                values.withLock { $0 += count }
            }
            let seconds = Double((ContinuousClock.now - start) / .microseconds(1)) / 1e6
            print("\(rows) rows, \(values.withLock { $0 }) values: \(Int(Double(rows) / seconds)) rows/s")
        }
    }
}
