internal import Foundation

/// In which order the inputs of a batch are loaded.
enum BatchOrder {
    /// The positions of inputs that read these files, the largest file first: a large one that is begun last keeps all threads
    /// but one waiting. Inputs without a file come last, in their order.
    static func largestFirst(_ paths: [String?]) -> [Int] {
        let sizes = paths.map { path -> off_t in
            var status = stat()
            guard let path, stat(path, &status) == 0 else { return -1 }
            return status.st_size
        }
        return sizes.indices.sorted { (sizes[$1], $0) < (sizes[$0], $1) }
    }
}
