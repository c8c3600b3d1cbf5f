/// Working memory that is handed out, taken back when its last user lets go, and handed out again.
///
/// Not thread-safe: an engine and its tensors live on one thread.
final class Workspace {
    /// A block of 64-byte aligned memory that returns to its workspace when released.
    final class Block {
        fileprivate(set) var pointer: UnsafeMutableRawPointer
        fileprivate let capacity: Int
        private let workspace: Workspace?

        fileprivate init(pointer: UnsafeMutableRawPointer, capacity: Int, workspace: Workspace) {
            self.pointer = pointer
            self.capacity = capacity
            self.workspace = workspace
        }

        /// A block of its own, for weights that stay as long as their model.
        init(byteCount: Int) {
            pointer = Memory.allocate(max(64, byteCount))
            capacity = byteCount
            workspace = nil
        }

        deinit {
            if let workspace { workspace.takeBack(pointer, capacity: capacity) } else { pointer.deallocate() }
        }
    }

    private var free: [(pointer: UnsafeMutableRawPointer, capacity: Int)] = []
    private var inUse = 0
    private var peak = 0

    deinit { for block in free { block.pointer.deallocate() } }

    /// A block of at least `byteCount` bytes, whose content is undefined.
    func take(_ byteCount: Int) -> Block {
        let wanted = max(64, (byteCount + 4095) / 4096 * 4096)
        // The tightest free block that is not wastefully large.
        var best: Int?
        for (index, block) in free.enumerated() where block.capacity >= wanted && block.capacity <= 2 * wanted {
            if best.map({ block.capacity < free[$0].capacity }) ?? true { best = index }
        }
        let block: (pointer: UnsafeMutableRawPointer, capacity: Int)
        if let best {
            block = free.remove(at: best)
        } else {
            block = (Memory.allocate(wanted), wanted)
        }
        inUse += block.capacity
        peak = max(peak, inUse)
        return Block(pointer: block.pointer, capacity: block.capacity, workspace: self)
    }

    private func takeBack(_ pointer: UnsafeMutableRawPointer, capacity: Int) {
        inUse -= capacity
        free.append((pointer, capacity))
        // Batches of changing size must not pile up: what lies idle never exceeds what was once needed together.
        var idle = free.reduce(0) { $0 + $1.capacity }
        while inUse + idle > peak + peak / 4, let oldest = free.first {
            free.removeFirst()
            oldest.pointer.deallocate()
            idle -= oldest.capacity
        }
    }
}
