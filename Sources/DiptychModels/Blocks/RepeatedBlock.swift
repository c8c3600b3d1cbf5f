internal import DiptychEngine

/// One of the equal blocks that a tower consists of.
protocol RepeatedBlock<E> {
    associatedtype E: Engine
    /// Runs the block over a packed batch, in place: [rows, width].
    func callAsFunction(_ x: inout E.Tensor, engine: E) throws
}

extension ArraySlice where Element: RepeatedBlock {
    /// Runs the blocks one after the other, in place: [rows, width].
    // Inlined: a pass that records nothing allocates nothing for it, which GuardTests counts.
    @inline(__always)
    func callAsFunction(_ x: inout Element.E.Tensor, engine: Element.E) throws {
        if engine.recomputes {
            for block in self { try engine.recomputing(&x) { try block(&$0, engine: engine) } }
        } else {
            for block in self { try block(&x, engine: engine) }
        }
    }
}
