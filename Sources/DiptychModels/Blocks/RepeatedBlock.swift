internal import DiptychEngine

/// One of the equal blocks that a tower consists of.
protocol RepeatedBlock<E> {
    associatedtype E: Engine
    /// Runs the block over a packed batch, in place: [rows, width].
    func callAsFunction(_ x: inout E.Tensor, engine: E) throws
}

extension Sequence where Element: RepeatedBlock {
    /// Runs the blocks one after the other, in place: [rows, width].
    func callAsFunction(_ x: inout Element.E.Tensor, engine: Element.E) throws {
        guard engine.recomputes else {
            // Nothing is allocated for a pass that records nothing.
            for block in self { try block(&x, engine: engine) }
            return
        }
        for block in self { try engine.recomputing(&x) { try block(&$0, engine: engine) } }
    }
}
