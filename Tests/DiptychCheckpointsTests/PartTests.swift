import DiptychCheckpoints
import Foundation
import Testing

/// Rows of a tensor know the tensor that they are of.
@Suite struct PartTests {
    let directory: TemporaryDirectory

    init() throws { directory = try TemporaryDirectory() }

    /// "w" of [3, 2], whose bytes lie in the file by rows, or by columns.
    func tensor(strides: [Int]) throws -> TensorView {
        let storage = Pickle.storage(Pickle.text("0"), count: 6)
        let pickle = Pickle.file(
            Pickle.dictionary([("w", Pickle.tensor(storage, shape: [3, 2], strides: strides))]))
        let builder = ZipBuilder(pickle: pickle, records: [("0", bytes(of: [1, 2, 3, 4, 5, 6]))])
        return try #require(Checkpoint(at: directory.write(builder.data(), "m.pt")).tensors["w"])
    }

    @Test func `a part knows its whole`() throws {
        let whole = try tensor(strides: [2, 1])
        #expect(whole.rowsOfWhole == nil && whole.whole.floats() == [1, 2, 3, 4, 5, 6])
        let part = whole.rows(1..<3)
        #expect(part.floats() == [3, 4, 5, 6] && part.name == "w")
        #expect(part.rowsOfWhole == 1..<3 && part.whole.shape == [3, 2])
        #expect(part.whole.floats() == whole.floats() && part.whole.rowsOfWhole == nil)
        let smaller = part.rows(1..<2)
        #expect(smaller.floats() == [5, 6] && smaller.rowsOfWhole == 2..<3)
        #expect(smaller.whole.floats() == whole.floats())
    }

    /// Tensors that had to be put in order lie in memory of their own, which a part must keep.
    @Test func `a part outlives its whole`() throws {
        let part = try tensor(strides: [1, 3]).rows(1..<3)
        // What the memory would be used for if it were free.
        let others = (0..<64).map { [Float](repeating: Float($0), count: 6) }
        #expect(part.floats() == [2, 5, 3, 6] && part.whole.floats() == [1, 4, 2, 5, 3, 6] && others.count == 64)
    }
}
